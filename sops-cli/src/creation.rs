//! What a new file is encrypted with: the creation rule of `.sops.yaml`, and the flags that override it.

use std::env;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sops_core::config::{self, Config, ConfiguredKey, CreationRule, Stores};
use sops_core::keys::Recipient;
use sops_core::rules::EncryptionRule;
use sops_core::{Encryption, Error};

use crate::arguments::{GlobalArgs, RecipientArgs, RuleArgs};
use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

/// The configuration: the file that was named, or the nearest one above the working directory.
pub(crate) fn config(ui: &Ui, globals: &GlobalArgs) -> Result<Option<Config>, CommandError> {
    let working_dir = working_dir()?;
    let file = match globals.config() {
        Some(file) => file.to_owned(),
        None => {
            let found = config::find(&working_dir);
            if let Some(warning) = &found.warning {
                ui.warn(warning);
            }
            let Some(file) = found.file else {
                return Ok(None);
            };
            shortened(&file, &working_dir)
        }
    };
    let config = Config::read(&file, &working_dir).map_err(|error| match error {
        Error::Io { file, source } => {
            CommandError::input(name_of(&file), &source).with_code(Code::Generic)
        }
        error => CommandError::general(error),
    })?;
    for warning in config.warnings() {
        ui.warn(warning);
    }
    Ok(Some(config))
}

/// How a file is laid out that is written in another format than it had: the configuration's word, and the flag before it.
pub(crate) fn stores(ui: &Ui, globals: &GlobalArgs) -> Result<Stores, CommandError> {
    let mut stores = config(ui, globals)?.map_or_else(Stores::default, |config| config.stores());
    if let Some(indent) = globals.indent {
        // As `sops` takes them: 0 is the default for YAML, and -1 is the tab for JSON.
        let spaces = u8::try_from(indent).ok();
        stores.yaml_indent = spaces.filter(|spaces| *spaces > 0);
        stores.json_indent = spaces;
    }
    Ok(stores)
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
fn shortened(path: &Path, working_dir: &Path) -> PathBuf {
    path.strip_prefix(working_dir).unwrap_or(path).to_owned()
}

/// What the new file of that name is encrypted with.
pub(crate) fn encryption(
    ui: &Ui,
    globals: &GlobalArgs,
    rules: &RuleArgs,
    recipients: &RecipientArgs,
    name: &Path,
) -> Result<Encryption, CommandError> {
    let listed = recipients.age()?;
    let config = config(ui, globals)?;
    let creation = match &config {
        Some(config) => config
            .creation_rule_for(name)
            .map_err(CommandError::general)?,
        None => None,
    };
    let groups = match (listed, creation) {
        (Some(list), _) => vec![recipients_of(list)?],
        (None, Some(creation)) => groups(creation, config.as_ref())?,
        (None, None) => return Err(CommandError::general(Error::NoRecipient)),
    };
    Ok(Encryption {
        recipients: groups,
        shamir_threshold: recipients
            .threshold()
            .or_else(|| creation?.shamir_threshold.map(usize::from)),
        rule: rule(rules, creation)?,
        mac_only_encrypted: globals.mac_only_encrypted
            || creation.is_some_and(|rule| rule.mac_only_encrypted),
        allow_plaintext: rules.allow_plaintext,
        now: SystemTime::now(),
        prompt: ui.prompt(),
    })
}

/// The recipients of a list that commas divide.
fn recipients_of(list: &str) -> Result<Vec<Recipient>, CommandError> {
    list.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| item.parse().map_err(CommandError::general))
        .collect()
}

/// The recipients of a creation rule, all of which have to be usable.
pub(crate) fn groups(
    creation: &CreationRule,
    config: Option<&Config>,
) -> Result<Vec<Vec<Recipient>>, CommandError> {
    let file = config.map_or_else(|| ".sops.yaml".to_owned(), |config| name_of(config.file()));
    let recipient = |key: &ConfiguredKey| match key {
        ConfiguredKey::Age { recipient } => recipient
            .parse()
            .map_err(|error| CommandError::general(error).in_file(&file)),
        foreign => {
            let message = format!(
                "the creation rule encrypts for the {} key `{foreign}`; keys of that family are not supported yet",
                foreign.family().name()
            );
            Err(CommandError::new(Code::Generic, message)
                .in_file(&file)
                .hint("take the key out of the rule, or name age recipients with `--age`"))
        }
    };
    if creation.key_groups.iter().any(Vec::is_empty) {
        return Err(CommandError::general(Error::NoRecipient).in_file(&file));
    }
    creation
        .key_groups
        .iter()
        .map(|group| group.iter().map(recipient).collect())
        .collect()
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
