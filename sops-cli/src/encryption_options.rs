//! The keys and the rule that a new file is encrypted with: from the creation rule in `.sops.yaml`,
//! and from flags that override it.

use std::path::Path;

use sops_core::Encryption;
use sops_core::config::{Config, CreationRule};
use sops_core::keys::MasterKey;
use sops_core::rules::EncryptionRule;

use crate::arguments::{GlobalArgs, KmsArgs, MasterKeyArgs, RuleArgs, ThresholdArg};
use crate::command_error::{Code, CommandError, name_of};
use crate::config::stores::stores_of;
use crate::config::working_dir::working_dir;
use crate::keys::services::Services;
use crate::ui::Ui;

/// Encrypts a binary file completely, whatever the rule selects in other files.
pub(crate) fn encrypt_all(ui: &Ui, encryption: &mut Encryption) {
    let rule = std::mem::take(&mut encryption.rule);
    if rule != EncryptionRule::default() {
        ui.warn(format_args!(
            "the rule `{rule}` is not used: a binary file is one value, which is encrypted"
        ));
    }
    encryption.mac_only_encrypted = false;
}

/// The flags for a new file.
pub(crate) struct Wanted<'a> {
    pub(crate) rules: &'a RuleArgs,
    pub(crate) keys: &'a MasterKeyArgs,
    pub(crate) kms: &'a KmsArgs,
    pub(crate) threshold: &'a ThresholdArg,
}

/// The keys and the rule for the new file of that name.
pub(crate) fn encryption(
    globals: &GlobalArgs,
    config: Option<&Config>,
    wanted: &Wanted<'_>,
    services: &Services,
    name: &Path,
) -> Result<Encryption, CommandError> {
    let listed = wanted.keys.keys(wanted.kms)?;
    let creation = match config {
        Some(config) => config
            .creation_rule_for(name)
            .map_err(|error| no_rule_matches(error, config, &listed))?,
        None => None,
    };
    let key_groups = match (&listed[..], creation) {
        ([_, ..], _) => vec![listed.clone()],
        ([], Some(creation)) => groups(creation, config)?,
        ([], None) => return Err(no_rules_or_keys(config)?),
    };
    // Report this before the user writes text that cannot be encrypted.
    services.check(&key_groups)?;
    let configured = creation.and_then(|creation| creation.shamir_threshold);
    if let (Some(config), Some(creation), [], None) =
        (config, creation, &listed[..], wanted.threshold.get())
    {
        config
            .check_threshold(creation)
            .map_err(|error| CommandError::in_config(error, config))?;
    }
    let threshold = wanted.threshold.get().or(configured.map(usize::from));
    let mac_only_encrypted =
        globals.mac_only_encrypted || creation.is_some_and(|rule| rule.mac_only_encrypted);
    Ok(Encryption::to_key_groups(key_groups, threshold)
        .with_rule(rule(wanted.rules, creation)?)
        .with_stores(stores_of(globals, config))
        .with_mac_only_encrypted(mac_only_encrypted)
        .allowing_plaintext(wanted.rules.allow_plaintext)
        .with_key_service(services.all()))
}

/// Why no rule applies to the file, for a command line that may name keys.
fn no_rule_matches(error: sops_core::Error, config: &Config, listed: &[MasterKey]) -> CommandError {
    let error = CommandError::in_config(error, config);
    match listed {
        [] => error,
        _ => error.hint(
            "keys on the command line do not replace a matching rule; to encrypt without the creation rules, add `--config /dev/null`",
        ),
    }
}

/// The message of `sops` for a rule without keys.
const EMPTY_GROUP: &str = "Could not generate data key: [empty key group provided]";

/// Why no file has a rule: there is no configuration, or it has no creation rules.
pub(crate) fn no_rules(config: Option<&Config>) -> Result<CommandError, CommandError> {
    let error = |message| CommandError::new(Code::Generic, message);
    Ok(match config {
        None => {
            let message = format!(
                "no `.sops.yaml` in {} or a directory above it, so there is no key to encrypt for; for a file that you name, \
                 the search starts in the working directory, not in the directory of the file",
                name_of(&working_dir()?)
            );
            error(message).hint(
                "create a key and a `.sops.yaml` with `sops-rs init`, or pass a configuration with `--config`",
            )
        }
        Some(config) => error(
            "the configuration has no creation rules, and therefore no key to encrypt for"
                .to_owned(),
        )
        .in_file(&name_of(config.file()))
        .hint("write a list of rules under `creation_rules:`, such as `- age: age1…`"),
    })
}

/// Like [`no_rules`], for a command that could take keys from the command line instead.
pub(crate) fn no_rules_or_keys(config: Option<&Config>) -> Result<CommandError, CommandError> {
    let error = no_rules(config)?.in_words_of_sops(
        "config file not found, or has no creation rules, and no keys provided through command line options",
    );
    Ok(error.hint("to encrypt without a creation rule, pass a recipient, as in `--age age1…`"))
}

/// The keys of a creation rule, all of which must be usable.
pub(crate) fn groups(
    creation: &CreationRule,
    config: Option<&Config>,
) -> Result<Vec<Vec<MasterKey>>, CommandError> {
    if let Some(config) = config {
        config.check_keys(creation).map_err(|error| {
            let error = CommandError::in_config(error, config);
            let groups = &creation.key_groups;
            match groups.is_empty() || groups.iter().any(Vec::is_empty) {
                true => error.in_words_of_sops(EMPTY_GROUP),
                false => error,
            }
        })?;
    }
    Ok(creation.key_groups.clone())
}

/// The selection rule. As in `sops`, a flag overrides only the configuration's rule of the same
/// kind.
fn rule(rules: &RuleArgs, creation: Option<&CreationRule>) -> Result<EncryptionRule, CommandError> {
    let mut all = rules.given();
    if let Some(configured) = creation.and_then(|creation| creation.rule.as_ref())
        && all.iter().all(|rule| rule.name() != configured.name())
    {
        all.push(configured.clone());
    }
    match &all[..] {
        [] => Ok(EncryptionRule::default()),
        [rule] => Ok(rule.clone()),
        [first, second, ..] => Err(CommandError::new(
            Code::ConflictingParameters,
            format!(
                "`{}` and `{}` cannot be used together: a file has one selection rule",
                first.name(),
                second.name()
            ),
        )
        .hint("a flag does not replace a rule of another kind in `.sops.yaml`")),
    }
}
