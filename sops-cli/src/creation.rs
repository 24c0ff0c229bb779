//! What a new file is encrypted with: the creation rule of `.sops.yaml`, and the flags that override it.

use std::env;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sops_core::config::{self, Config, CreationRule, Stores};
use sops_core::document::Error as DocumentError;
use sops_core::keys::MasterKey;
use sops_core::reading::{self, FileKind};
use sops_core::rules::EncryptionRule;
use sops_core::{Decrypted, Encryption, Error, Format, convert, parse_document};
use zeroize::Zeroizing;

use crate::arguments::{GlobalArgs, KmsArgs, MasterKeyArgs, RuleArgs, ThresholdArg};
use crate::command_error::{Code, CommandError, format_hint, name_of};
use crate::config_owner;
use crate::key_services::Services;
use crate::source::Source;
use crate::ui::Ui;

/// The configuration: the file that was named, or the nearest one above the working directory.
pub(crate) fn config(ui: &Ui, globals: &GlobalArgs) -> Result<Option<Config>, CommandError> {
    let working_dir = working_dir()?;
    let config = match globals.config() {
        Some(file) => read_named(file, &working_dir)?,
        None => {
            let found = config::find(&working_dir);
            if let Some(warning) = &found.warning {
                ui.warn(warning);
            }
            let Some(file) = found.file else {
                return Ok(None);
            };
            config_owner::warn(ui, &working_dir.join(&file), &working_dir);
            read(&shortened(&file, &working_dir), &working_dir)?
        }
    };
    for warning in config.warnings() {
        ui.warn(warning);
    }
    Ok(Some(config))
}

/// Reads a configuration that was found.
pub(crate) fn read(file: &Path, working_dir: &Path) -> Result<Config, CommandError> {
    Config::read(file, working_dir).map_err(|error| match error {
        Error::Io { file, source } => {
            CommandError::input(name_of(&file), &source).with_code(Code::Generic)
        }
        error => CommandError::general(error),
    })
}

/// Reads the configuration that the user names, which may be a pipe.
fn read_named(file: &Path, working_dir: &Path) -> Result<Config, CommandError> {
    let text = reading::read_config(&working_dir.join(file), FileKind::Any)
        .map_err(|error| CommandError::input(name_of(file), &error).with_code(Code::Generic))?;
    Config::parse(&text, file, working_dir).map_err(CommandError::general)
}

/// How a file is laid out that is written in another format than it had: the configuration's word, and the flag before it.
pub(crate) fn stores(ui: &Ui, globals: &GlobalArgs) -> Result<Stores, CommandError> {
    Ok(stores_of(globals, config(ui, globals)?.as_ref()))
}

fn stores_of(globals: &GlobalArgs, config: Option<&Config>) -> Stores {
    let mut stores = config.map_or_else(Stores::default, Config::stores);
    if let Some(indent) = globals.indent {
        // As `sops` takes them: 0 is the default for YAML, and -1 is the tab for JSON.
        let spaces = u8::try_from(indent).ok();
        stores.yaml_indent = spaces.filter(|spaces| *spaces > 0);
        stores.json_indent = spaces;
        stores.json_binary_indent = spaces;
    }
    stores
}

/// Has all of a binary file encrypted, whatever the rule selects of other files.
pub(crate) fn encrypt_all(ui: &Ui, encryption: &mut Encryption) {
    let rule = std::mem::take(&mut encryption.rule);
    if rule != EncryptionRule::default() {
        ui.warn(format_args!(
            "the rule `{rule}` is not used: a binary file is one value, which is encrypted"
        ));
    }
    encryption.mac_only_encrypted = false;
}

/// A plaintext in the format that is written.
pub(crate) fn in_format(
    ui: &Ui,
    globals: &GlobalArgs,
    source: &Source,
    decrypted: Decrypted,
    to: Format,
) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    if to == source.format {
        return Ok(decrypted.plaintext);
    }
    let stores = stores(ui, globals)?;
    parse_document(&*decrypted.plaintext, source.format)
        .and_then(|document| convert(&document, to, &stores.indentation()))
        .map_err(|error| {
            let is_by_name =
                to == Format::Binary && matches!(error, DocumentError::Unwritable { .. });
            let error = source.plaintext_error(error);
            match is_by_name {
                true => error.hint(format_hint(source.format)),
                false => error,
            }
        })
}

/// The working directory as the shell spells it, which is how Go and so `sops` spell it.
pub(crate) fn working_dir() -> Result<PathBuf, CommandError> {
    let same = |path: &PathBuf| match (path.metadata(), Path::new(".").metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    };
    let spelled = env::var_os("PWD").map(PathBuf::from);
    match spelled.filter(|path| path.is_absolute()).filter(same) {
        Some(path) => Ok(path),
        None => {
            env::current_dir().map_err(|error| CommandError::input("the working directory", &error))
        }
    }
}

/// A path in the working directory without the directory.
pub(crate) fn shortened(path: &Path, working_dir: &Path) -> PathBuf {
    path.strip_prefix(working_dir).unwrap_or(path).to_owned()
}

/// What the flags say of a new file.
pub(crate) struct Wanted<'a> {
    pub(crate) rules: &'a RuleArgs,
    pub(crate) keys: &'a MasterKeyArgs,
    pub(crate) kms: &'a KmsArgs,
    pub(crate) threshold: &'a ThresholdArg,
}

/// What the new file of that name is encrypted with.
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
            .map_err(CommandError::general)?,
        None => None,
    };
    let key_groups = match (&listed[..], creation) {
        ([_, ..], _) => vec![listed],
        ([], Some(creation)) => groups(creation, config)?,
        ([], None) => return Err(no_rules_or_keys(config)?),
    };
    // Before a person writes a text that could not be encrypted.
    services.check(&key_groups)?;
    let configured = creation.and_then(|creation| creation.shamir_threshold);
    Ok(Encryption {
        key_groups,
        shamir_threshold: wanted.threshold.get().or(configured.map(usize::from)),
        rule: rule(wanted.rules, creation)?,
        stores: stores_of(globals, config),
        mac_only_encrypted: globals.mac_only_encrypted
            || creation.is_some_and(|rule| rule.mac_only_encrypted),
        allow_plaintext: wanted.rules.allow_plaintext,
        allow_ciphertext: false,
        now: SystemTime::now(),
        key_service: services.all(),
    })
}

/// Why there is no rule for any file: there is no configuration, or it says nothing of new files.
pub(crate) fn no_rules(config: Option<&Config>) -> Result<CommandError, CommandError> {
    let error = |message| CommandError::new(Code::Generic, message);
    Ok(match config {
        None => {
            let message = format!(
                "no `.sops.yaml` was found in {} or a folder above it, so there is no key to encrypt for; for a file that is named, it is looked for from the working \
                 directory, not from the file's folder",
                name_of(&working_dir()?)
            );
            error(message).hint(
                "`sops-rs init` makes a key and a `.sops.yaml`; or name the file with `--config`",
            )
        }
        Some(config) => error(
            "the configuration has no creation rules, so there is no key to encrypt for".to_owned(),
        )
        .in_file(&name_of(config.file()))
        .hint("write a list of rules under `creation_rules:`, as `- age: age1…`"),
    })
}

/// As [`no_rules`], for a command that could take keys from the command line instead.
pub(crate) fn no_rules_or_keys(config: Option<&Config>) -> Result<CommandError, CommandError> {
    let error = no_rules(config)?;
    Ok(error.hint("or name a recipient on the command line, as with `--age age1…`"))
}

/// The keys of a creation rule, for all of which something can be encrypted.
pub(crate) fn groups(
    creation: &CreationRule,
    config: Option<&Config>,
) -> Result<Vec<Vec<MasterKey>>, CommandError> {
    config
        .map_or(Ok(()), |config| config.check_keys(creation))
        .map_err(CommandError::general)?;
    Ok(creation.key_groups.clone())
}

/// The one rule: flags come before the configuration's, each kind by itself, as in `sops`.
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
                "`{}` and `{}` exclude each other: a file has one rule",
                first.name(),
                second.name()
            ),
        )
        .hint("a rule given as a flag does not replace one of another kind in `.sops.yaml`")),
    }
}
