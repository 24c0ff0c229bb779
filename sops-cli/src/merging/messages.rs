//! The messages about merges.

use sops_core::keys::MasterKey;
use sops_core::merge::{Conflict, ConflictKind, MergeNote, MergeProblem, SideName, Version};
use sops_lint::shell_path;

use crate::command_error::{Code, CommandError};
use crate::keys::names::shown;

/// The message about a note of a merge, even of a clean one.
pub(crate) fn note(name: &str, note: &MergeNote) -> String {
    match note {
        MergeNote::RemovedWithoutRotation(keys) => format!(
            "{name}: these recipients were removed, but can still decrypt the file because its data key is the same: {}; `sops-rs rotate` creates a new data key",
            list(keys)
        ),
        MergeNote::Unnamed(keys) => format!(
            "{name}: the merged file has new recipients that the creation rule at HEAD does not name: {}",
            list(keys)
        ),
        MergeNote::NewDataKey => {
            format!("{name}: the merged file has a new data key, so every encrypted value changed")
        }
        _ => format!("{name}: {note:?}"),
    }
}

/// The errors of a merge that is not clean, with the next command.
pub(crate) fn errors(name: &str, problems: &[MergeProblem]) -> Vec<CommandError> {
    let mut errors = errors_without_hint(name, problems);
    let last = errors.pop();
    let hint = format!(
        "`sops-rs resolve {}` opens the conflict decrypted",
        shell_path(name)
    );
    errors.extend(last.map(|error| error.hint(hint)));
    errors
}

/// The errors of a merge that is not clean. A single error lists all conflicting values.
pub(crate) fn errors_without_hint(name: &str, problems: &[MergeProblem]) -> Vec<CommandError> {
    let conflicts = problems.iter().filter_map(|problem| match problem {
        MergeProblem::Conflict(conflict) => Some(place(conflict)),
        _ => None,
    });
    let conflicts: Vec<String> = conflicts.collect();
    let exposed = problems.iter().filter_map(|problem| match problem {
        MergeProblem::Exposed(path) => Some(&**path),
        _ => None,
    });
    let exposed: Vec<&str> = exposed.collect();
    let mut errors: Vec<CommandError> = problems.iter().filter_map(error).collect();
    if !exposed.is_empty() {
        let message = format!(
            "the merged selection rule would leave values in plaintext that one side encrypts: {}",
            shortened(&exposed)
        );
        errors.push(CommandError::new(Code::Generic, message));
    }
    if !conflicts.is_empty() {
        let conflicts: Vec<&str> = conflicts.iter().map(String::as_str).collect();
        let message = format!("both sides changed {}", shortened(&conflicts));
        errors.push(CommandError::new(Code::Generic, message));
    }
    errors
        .into_iter()
        .map(|error| error.in_file(name))
        .collect()
}

/// The error about one problem, except those that are listed together.
fn error(problem: &MergeProblem) -> Option<CommandError> {
    let general = |message: String| Some(CommandError::new(Code::Generic, message));
    match problem {
        MergeProblem::Conflict(_) | MergeProblem::Exposed(_) => None,
        MergeProblem::Plaintext(version) => general(format!(
            "{} is in plaintext, but the file is encrypted elsewhere",
            version_name(*version)
        )),
        MergeProblem::Unreadable(version, error) => general(format!(
            "{} cannot be used: {}",
            version_name(*version),
            first_line(&error.to_string())
        )),
        MergeProblem::NoKey(error) => Some(
            CommandError::new(Code::Generic, first_line(&error.to_string())).hint(
                "values are merged by their ciphertext; only someone with a key can finish the merge",
            ),
        ),
        MergeProblem::Settings => general(
            "the sides differ in which values are encrypted, or in what the MAC covers".to_owned(),
        ),
        MergeProblem::KeyGroups => {
            general("the two sides' changes to recipients or key groups conflict, or the creation rule at HEAD has different key groups".to_owned())
        }
        MergeProblem::Unapproved(keys) => general(format!(
            "the data key would be encrypted for recipients that the creation rule at HEAD does not name: {}",
            list(keys)
        )),
        MergeProblem::LockedOut => general(
            "none of your private keys could decrypt the merged file, because one side removed your recipients".to_owned(),
        ),
        MergeProblem::Unencryptable(error) => Some(CommandError::general(error.clone())),
        _ => general(format!("{problem:?}")),
    }
}

/// How many names a message lists.
const NAMED: usize = 10;

fn shortened(names: &[&str]) -> String {
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

fn list(keys: &[MasterKey]) -> String {
    let keys: Vec<String> = keys.iter().map(shown).collect();
    keys.join(", ")
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches(':')
        .to_owned()
}

/// A conflict by its key path.
pub(crate) fn place(conflict: &Conflict) -> String {
    let path = match &conflict.path {
        Some(path) => path.to_string(),
        None if conflict.kind == ConflictKind::Comment => return "comments".to_owned(),
        None => return "the whole file".to_owned(),
    };
    let path = match conflict.document {
        0 => path,
        number => format!("{path} in document {}", number + 1),
    };
    match conflict.kind {
        ConflictKind::Comment => format!("the comment at {path}"),
        ConflictKind::Removed => format!("{path} (one side removed it)"),
        _ => path,
    }
}

fn version_name(version: Version) -> &'static str {
    match version {
        Version::Base => "the common ancestor",
        Version::Side(SideName::Ours) => "our version",
        Version::Side(SideName::Theirs) => "their version",
    }
}
