//! Checks one file: opens it with the given keys, and verifies its MAC.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use sops_core::document::merge_conflict;
use sops_core::{
    CIPHERTEXT_PREFIX, EncryptedDocument, Error, ErrorKind, Format, MacCheck, format_of_encrypted,
};
use sops_lint::{ALTERED_FILE, Finding, Input, Linter, UNVERIFIED_FILE, shell_path};

use super::summary::Summary;
use crate::command_error::{CommandError, Role};
use crate::git::Operation;
use crate::keys::unprompted::Unprompted;
use crate::lint::walk::Inspector;

/// The rules whose findings explain why a file cannot be decrypted or its MAC does not match.
const CAUSES: [&str; 2] = ["SL010", "SL011"];

/// An encrypted file that none of the keys decrypts.
pub(super) struct ClosedFile {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) content: Vec<u8>,
    pub(super) format: Format,
}

/// Checks files with keys.
pub(super) struct Verifier<'v> {
    linter: &'v Linter,
    keys: Unprompted,
    counted: Mutex<(Summary, Vec<ClosedFile>)>,
}

impl<'v> Verifier<'v> {
    pub(super) fn new(linter: &'v Linter, keys: Unprompted) -> Self {
        Self {
            linter,
            keys,
            counted: Mutex::default(),
        }
    }

    /// The summary, and the files that no key decrypts, in the order of their paths.
    pub(super) fn finish(self) -> (Summary, Vec<ClosedFile>) {
        let counted = self.counted.into_inner();
        let (summary, mut closed) = counted.unwrap_or_else(PoisonError::into_inner);
        closed.sort_by(|left, right| left.path.cmp(&right.path));
        (summary, closed)
    }

    fn count(&self, add: impl FnOnce(&mut Summary, &mut Vec<ClosedFile>)) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let (summary, closed) = &mut *counted;
        add(summary, closed);
    }

    /// Opens the file and verifies its MAC.
    fn open(&self, document: &EncryptedDocument<'_>) -> Result<(), Error> {
        let key = document.data_key(&self.keys)?;
        document.decrypt(&key, MacCheck::Require).map(drop)
    }
}

impl Inspector for Verifier<'_> {
    fn inspect(&self, input: &Input<'_>, findings: &mut Vec<Finding>) {
        let text = str::from_utf8(input.bytes).ok();
        let is_cut = |text: &&str| is_cut_in_ciphertext(text);
        let has_ciphertext = |text: &&str| text.contains(CIPHERTEXT_PREFIX) || is_cut(text);
        let Some(text) = text.filter(has_ciphertext) else {
            return;
        };
        let format = format_of_encrypted(input.path, input.bytes);
        let has_cause = || {
            let mut codes = findings.iter().map(|finding| finding.rule.code);
            codes.any(|code| CAUSES.contains(&code))
        };
        let opened = match EncryptedDocument::parse(text, format) {
            Err(Error::NotEncrypted) if is_cut(&text) => {
                self.count(|summary, _| {
                    summary.encrypted += 1;
                    summary.checked.push(input.name.to_owned());
                });
                // The rest of the file is not plaintext that must be encrypted.
                findings.retain(|finding| !CAUSES.contains(&finding.rule.code));
                let message = "the file ends inside an encrypted value";
                findings.push(altered(self.linter, input, Some(text.len()), message));
                return;
            }
            Err(Error::NotEncrypted) => return,
            Err(error) => Err(error),
            Ok(document) => self.open(&document),
        };
        let is_uncovered = lacks_creation_rule(input);
        self.count(|summary, closed| {
            summary.encrypted += 1;
            summary.checked.push(input.name.to_owned());
            summary.uncovered += usize::from(is_uncovered);
            match &opened {
                Ok(()) => summary.decrypted += 1,
                Err(error) if error.kind() == ErrorKind::NoKey && !has_cause() => {
                    closed.push(ClosedFile {
                        name: input.name.to_owned(),
                        path: input.path.to_owned(),
                        content: input.bytes.to_vec(),
                        format,
                    });
                }
                Err(_) => {}
            }
        });
        if let Err(error) = opened
            && error.kind() != ErrorKind::NoKey
            && !has_cause()
        {
            let offset = offset_of(&error);
            let is_lost = matches!(error, Error::Value { .. });
            let error =
                CommandError::in_text(error, input.name, input.bytes, format, Role::Encrypted);
            let message = error.message();
            let mut finding = altered(self.linter, input, offset, message);
            if is_lost {
                finding.help = Some(lost_value(&shell_path(input.name)));
            }
            findings.push(finding);
        }
    }

    fn unreadable(&self, input: &Input<'_>, reason: &str) -> Vec<Finding> {
        let rule = &UNVERIFIED_FILE;
        let finding = self
            .linter
            .verification_finding(rule, input, None, reason, None);
        vec![finding]
    }
}

/// The finding that a file was changed without SOPS.
pub(super) fn altered(
    linter: &Linter,
    input: &Input<'_>,
    offset: Option<usize>,
    message: &str,
) -> Finding {
    let file = shell_path(input.name);
    let is_conflict = merge_conflict(input.bytes).is_some();
    let otherwise = match Operation::current().abort() {
        Some(_) => format!("start the merge of this file again with `sops-rs resolve {file}`"),
        None => "restore the file from version control".to_owned(),
    };
    let help = match is_conflict {
        true => format!("`sops-rs resolve {file}` shows both sides decrypted in your editor"),
        false => format!(
            "if you want to keep the change, check the values with `sops-rs edit --ignore-mac {file}` and save them; otherwise {otherwise}"
        ),
    };
    linter.verification_finding(&ALTERED_FILE, input, offset, message, Some(help))
}

/// What to do about a value that can't be decrypted. `file` is the name of the file for a shell.
pub(crate) fn lost_value(file: &str) -> String {
    format!(
        "if the last change to the file was a merge, `sops-rs resolve {file}` merges it again; otherwise take the version before the change with `git checkout COMMIT^ -- {file}`, and make the changes again with `sops-rs set`"
    )
}

/// Whether `text` ends inside the beginning of its first ciphertext.
fn is_cut_in_ciphertext(text: &str) -> bool {
    const SHORTEST: usize = "ENC[".len();
    let text = text.trim_end();
    !text.contains(CIPHERTEXT_PREFIX)
        && (SHORTEST..CIPHERTEXT_PREFIX.len())
            .any(|length| text.ends_with(&CIPHERTEXT_PREFIX[..length]))
}

/// Whether no creation rule determines who should be able to decrypt the file.
fn lacks_creation_rule(input: &Input<'_>) -> bool {
    input.config.is_none_or(|config| {
        let rule = config.creation_rule_for(input.path);
        rule.ok().flatten().is_none()
    })
}

/// The position of the error in the text, if it has one.
fn offset_of(error: &Error) -> Option<usize> {
    let location = match error {
        Error::Value { location, .. }
        | Error::Metadata { location, .. }
        | Error::MacMissing { location }
        | Error::MacUnreadable { location }
        | Error::NoDataKey { location, .. } => *location,
        _ => None,
    };
    location.map(|location| location.offset)
}
