//! The state of a replacement of Flux's key: what the key file, the Secret, the configuration, the
//! files and Git say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sops_core::config::Config;
use sops_core::keys::age::{KeyPair, Recipient};
use sops_core::keys::{Identities, MasterKey};
use sops_core::{EncryptedDocument, Format, MacCheck, parse_document};

use super::secret::recipients_in;
use crate::batch::{self, Leftovers};
use crate::command_error::{CommandError, Role};
use crate::git::git;
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::recipient_edit::{Occurrence, occurrences};

/// An old key, and the one that takes its place.
#[derive(Clone, Debug)]
pub(crate) struct KeyReplacement {
    pub(crate) old: Recipient,
    /// `None` before the new key exists.
    pub(crate) new: Option<Recipient>,
}

/// What is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplacementStep {
    CreateKey,
    /// The Secret gets the new key too.
    AddToSecret,
    /// The configuration and the files get the new recipient too.
    AddRecipient,
    /// The files with both recipients must be applied by Flux.
    ApplyBoth,
    /// The configuration and the files lose the old recipient.
    RemoveRecipient,
    /// The files with the new recipient must be applied by Flux.
    ApplyNew,
    /// The Secret loses the old key.
    RemoveFromSecret,
    Done,
}

/// The repository, as far as a replacement matters.
pub(crate) struct RepositoryState {
    pub(crate) config: Config,
    /// The recipients of the rules.
    pub(crate) occurrences: Vec<Occurrence>,
    files: Vec<FileState>,
}

/// The recipients of an encrypted file.
struct FileState {
    path: PathBuf,
    recipients: Vec<Recipient>,
}

impl RepositoryState {
    pub(crate) fn read(config: Config) -> Result<Self, CommandError> {
        let document =
            parse_document(config.text(), Format::Yaml).map_err(CommandError::general)?;
        let occurrences = occurrences(&document);
        let directory = config.directory();
        let items = batch::items([directory.as_path()].into_iter(), Leftovers::Remove)?;
        let items = batch::meant(items, true).into_iter();
        let files = items.map(|item| {
            let by_name = InputFormat::of_name(&item.path);
            let input = Input::read(Some(&item.path), by_name, Role::Encrypted)?;
            Ok(FileState {
                recipients: recipients_of(&input),
                path: item.path,
            })
        });
        Ok(Self {
            files: files.collect::<Result<_, CommandError>>()?,
            occurrences,
            config,
        })
    }

    /// The rules and key groups that name a recipient, with its name.
    pub(crate) fn rules_with(&self, recipient: &Recipient) -> Vec<&Occurrence> {
        let text = recipient.to_string();
        let rules = self.occurrences.iter();
        rules.filter(|own| own.recipient == text).collect()
    }

    /// Whether each rule and file that names the first recipient names the second one too.
    fn names_with(&self, old: &Recipient, new: &Recipient) -> bool {
        let place = |own: &&Occurrence| (own.rule, own.group);
        let with_new: BTreeSet<_> = self.rules_with(new).iter().map(place).collect();
        let are_in_rules = self
            .rules_with(old)
            .iter()
            .all(|own| with_new.contains(&(own.rule, own.group)));
        let mut with_old = self
            .files
            .iter()
            .filter(|file| file.recipients.contains(old));
        are_in_rules && with_old.all(|file| file.recipients.contains(new))
    }

    fn has_file_with(&self, recipient: &Recipient) -> bool {
        let mut files = self.files.iter();
        files.any(|file| file.recipients.contains(recipient))
    }

    /// The files that differ from the last commit: the configuration, and encrypted files.
    pub(crate) fn uncommitted(&self) -> Result<Vec<PathBuf>, CommandError> {
        let directory = self.config.directory();
        let list = git(&[
            "-C",
            &directory.to_string_lossy(),
            "diff",
            "--name-only",
            "--relative",
            "-z",
            "HEAD",
        ])?;
        let own: BTreeSet<PathBuf> = self.paths().into_iter().collect();
        let changed = list
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty());
        let changed = changed.map(|name| directory.join(&*String::from_utf8_lossy(name)));
        Ok(changed.filter(|path| own.contains(path)).collect())
    }

    /// The configuration and the encrypted files.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let name = self.config.file().file_name().unwrap_or_default();
        let config = self.config.directory().join(name);
        let files = self.files.iter().map(|file| file.path.clone());
        std::iter::once(config).chain(files).collect()
    }

    /// Whether a changed file still has the data key of the last commit, which the old key can
    /// decrypt.
    fn has_old_data_key(&self, old: &Recipient, keys: &Identities) -> Result<bool, CommandError> {
        let changed = self.uncommitted()?;
        let changed = self
            .files
            .iter()
            .filter(|file| changed.contains(&file.path));
        Ok(changed
            .filter_map(|file| shares_data_key(&file.path, old, keys))
            .any(|is_shared| is_shared))
    }
}

/// Whether a file has the data key that it had in the last commit; `None` if the recipient could
/// not decrypt it there.
fn shares_data_key(path: &Path, old: &Recipient, keys: &Identities) -> Option<bool> {
    let directory = path.parent()?.to_str()?;
    let name = format!("HEAD:./{}", path.file_name()?.to_str()?);
    let committed = git(&["-C", directory, "cat-file", "blob", &name]).ok()?;
    let input = Input::read(Some(path), InputFormat::of_name(path), Role::Encrypted).ok()?;
    let before = EncryptedDocument::parse(&*committed, input.format).ok()?;
    let masters = before.metadata().master_keys().concat();
    let old = old.to_string();
    let is_old = |key: &MasterKey| matches!(key, MasterKey::Age { recipient } if *recipient == old);
    if !masters.iter().any(is_old) {
        return None;
    }
    let key = before.data_key(keys).ok()?;
    let now = EncryptedDocument::parse(&*input.content, input.format).ok()?;
    Some(now.decrypt(&key, MacCheck::Ignore).is_ok())
}

fn recipients_of(input: &Input) -> Vec<Recipient> {
    super::secret::recipients_of(input)
}

/// What a replacement has reached.
pub(crate) struct ReplacementState<'s> {
    pub(crate) repository: &'s RepositoryState,
    /// The recipients of the keys in the Secret.
    pub(crate) in_cluster: Vec<Recipient>,
    pub(crate) replacement: &'s KeyReplacement,
    /// The keys that may decrypt the last commit.
    pub(crate) keys: &'s Identities,
}

impl ReplacementState<'_> {
    pub(crate) fn step(&self) -> Result<ReplacementStep, CommandError> {
        let KeyReplacement { old, new } = self.replacement;
        let Some(new) = new else {
            return Ok(ReplacementStep::CreateKey);
        };
        if !self.in_cluster.contains(new) {
            return Ok(ReplacementStep::AddToSecret);
        }
        let repository = self.repository;
        let is_named = !repository.rules_with(old).is_empty();
        if is_named && !repository.names_with(old, new) {
            return Ok(ReplacementStep::AddRecipient);
        }
        if is_named {
            return Ok(ReplacementStep::ApplyBoth);
        }
        if repository.has_file_with(old) || repository.has_old_data_key(old, self.keys)? {
            return Ok(ReplacementStep::RemoveRecipient);
        }
        Ok(match self.in_cluster.contains(old) {
            true => ReplacementStep::ApplyNew,
            false => ReplacementStep::Done,
        })
    }
}

/// The recipients of the keys in a Secret, each once.
pub(crate) fn recipients_in_secret(secret: &Value) -> Vec<Recipient> {
    let mut all = Vec::new();
    for (_, recipient) in recipients_in(secret) {
        if !all.contains(&recipient) {
            all.push(recipient);
        }
    }
    all
}

/// The replacements that a key file records, in order: a key with the comment `# replaces: OLD`.
pub(crate) fn recorded(text: &str, pairs: &[KeyPair]) -> Vec<KeyReplacement> {
    let mut old = None;
    let mut all = Vec::new();
    for line in text.lines() {
        if let Some(recipient) = line.strip_prefix(REPLACES) {
            old = recipient.trim().parse::<Recipient>().ok();
        } else if let Some(recipient) = line.strip_prefix("# public key: ")
            && let Some(old) = old.take()
            && let Ok(new) = recipient.trim().parse::<Recipient>()
            && pairs.iter().any(|pair| pair.recipient == new)
        {
            all.push(KeyReplacement {
                old,
                new: Some(new),
            });
        }
    }
    all
}

/// The comment before a new key in a key file.
pub(crate) const REPLACES: &str = "# replaces: ";
