//! The messages about merges.

use std::path::Path;

use sops_core::keys::MasterKey;
use sops_core::merge::{Conflict, ConflictKind, MergeNote, MergeProblem, SideName, Version};
use sops_core::{Error, ErrorKind};
use sops_lint::shell_path;

use super::{StoredConfiguration, repair};
use crate::command_error::{Code, CommandError};
use crate::git::Operation;
use crate::keys::names::shown;
use crate::ui::Ui;

/// Prints the notes of a merge, even of a clean one. `path` is the path of the file from the root
/// of the repository, and `name` the one for messages.
pub(crate) fn print_notes(
    ui: &Ui,
    name: &str,
    path: &Path,
    notes: &[MergeNote],
    other_side: Option<&str>,
) {
    let file = shell_path(name);
    for note in notes {
        match note {
            MergeNote::RemovedWithoutRotation(keys) => ui.warn(format_args!(
                "{name}: these recipients were removed, but can still decrypt the file because its data key is the same: {}; run `sops-rs rotate -i {file}`",
                list(keys)
            )),
            MergeNote::ReadsOurs(keys) => warn_of_own_commits(ui, name, keys),
            MergeNote::Unnamed(keys) => print_unnamed(ui, name, path, keys, other_side),
            MergeNote::NewDataKey => ui.warn(format_args!(
                "{name}: the merged file has a new data key, so every encrypted value changed"
            )),
            _ => ui.warn(format_args!("{name}: {note:?}")),
        }
    }
}

/// Warns that a push of a merge also publishes the merged commits. A rebase replaces them.
fn warn_of_own_commits(ui: &Ui, name: &str, removed: &[MasterKey]) {
    if Operation::current().merged_commit().is_none() {
        return;
    }
    ui.warn(format_args!(
        "{name}: the other side removed these recipients, but they can decrypt the values in your own commits: {}; if you have not pushed these commits, undo the merge with `git reset --merge ORIG_HEAD`, and run `git pull --rebase` instead",
        list(removed)
    ));
}

/// Prints which new recipients the creation rule before the merge does not name. Usually, the branch
/// that adds a recipient also adds it to `.sops.yaml`. `other_side` is the commit of that branch, if
/// it is known.
fn print_unnamed(ui: &Ui, name: &str, path: &Path, keys: &[MasterKey], other_side: Option<&str>) {
    let (added, unknown) = named_in(other_side, path, keys);
    if !added.is_empty() {
        ui.note(format_args!(
            "{name}: the other side added {} to the file and to its .sops.yaml",
            added.join(", ")
        ));
    }
    if !unknown.is_empty() {
        let unknown: Vec<String> = unknown.into_iter().map(shown).collect();
        ui.warn(format_args!(
            "{name}: the merged file has new recipients that .sops.yaml does not name: {}; remove them with `sops-rs updatekeys {}`, or add them to the creation rule of the file",
            unknown.join(", "),
            shell_path(name)
        ));
    }
}

/// Those of the keys that the creation rule of a commit names, as messages show them, and the others.
fn named_in<'k>(
    commit: Option<&str>,
    path: &Path,
    keys: &'k [MasterKey],
) -> (Vec<String>, Vec<&'k MasterKey>) {
    let Some(commit) = commit else {
        return (Vec::new(), keys.iter().collect());
    };
    let configuration = StoredConfiguration::in_commit(commit, path);
    let named = configuration.keys().groups.concat();
    let is_named = |key: &&MasterKey| named.iter().any(|named| named.means(key));
    let (added, unknown): (Vec<&MasterKey>, Vec<&MasterKey>) = keys.iter().partition(is_named);
    if added.is_empty() {
        return (Vec::new(), unknown);
    }
    let names = configuration.names();
    let added = added.into_iter().map(|key| match names.name(key) {
        Some(_) => names.shown(key),
        None => shown(key),
    });
    (added.collect(), unknown)
}

/// The errors of a merge that is not clean, with the next commands. `path` is the path of the file
/// from the root of the repository.
pub(crate) fn errors(name: &str, path: &Path, problems: &[MergeProblem]) -> Vec<CommandError> {
    let mut errors = errors_without_hint(name, path, problems);
    let last = errors.pop();
    let steps = steps(name, path, problems);
    errors.extend(last.map(|error| steps.into_iter().fold(error, CommandError::hint)));
    errors
}

/// What to do about a merge that is not clean.
pub(crate) fn steps(name: &str, path: &Path, problems: &[MergeProblem]) -> Vec<String> {
    let file = shell_path(name);
    if problems.iter().any(is_missing_key) {
        return vec![format!(
            "only someone whose key can decrypt the file can finish the merge: use such a key and run `sops-rs resolve {file}`, or ask them to do the merge"
        )];
    }
    let is_unusable = |side| {
        let mut versions = problems.iter().filter_map(MergeProblem::version);
        versions.any(|version| version == Version::Side(side))
    };
    match [SideName::Ours, SideName::Theirs].map(is_unusable) {
        [true, true] => {
            return vec![format!(
                "after you fix this, merge the file with `sops-rs resolve {file}`"
            )];
        }
        [false, true] => return with_one_side(&file, path, SideName::Ours, problems),
        [true, false] => return with_one_side(&file, path, SideName::Theirs, problems),
        [false, false] => {}
    }
    let flags: Vec<String> = problems
        .iter()
        .filter_map(|problem| flags(problem, &file))
        .collect();
    if !flags.is_empty() {
        return flags;
    }
    let mut step = format!("`sops-rs resolve {file}` shows both sides decrypted in your editor");
    if problems.iter().any(is_about_whole_file) {
        step += "; for a file that is not text, add `--ours` or `--theirs`";
    }
    vec![step]
}

/// What to do if only one side can be used.
fn with_one_side(
    file: &str,
    path: &Path,
    side: SideName,
    problems: &[MergeProblem],
) -> Vec<String> {
    let (intact, lost) = (side_name(side), other(side));
    let flag = flag(side);
    let take = format!("`sops-rs resolve {file} {flag}` takes {intact} completely");
    let is_closed = problems.iter().any(|problem| {
        matches!(problem, MergeProblem::Unreadable(_, error) if error.kind() == ErrorKind::NoKey)
    });
    if is_closed {
        let mut steps = vec![take, unchecked(file, lost)];
        steps.extend(abort());
        return steps;
    }
    let mut steps = repair::steps(file, path, lost, problems);
    steps.push(format!("{take}, and drops {} changes", owner(lost)));
    steps
}

/// The hint about taking a version that cannot be decrypted.
pub(crate) fn unchecked(file: &str, side: SideName) -> String {
    format!(
        "`git checkout {} -- {file}` takes {} without checking it, and drops {} changes",
        flag(side),
        side_name(side),
        owner(other(side))
    )
}

/// The hint about giving up.
fn abort() -> Option<String> {
    let command = Operation::current().abort()?;
    Some(format!(
        "`{command}` cancels the operation, so that someone who can decrypt both versions can do the merge"
    ))
}

/// The error about removals that taking one side would undo.
pub(crate) fn removals(name: &str, side: SideName, removed: &[String]) -> CommandError {
    let file = shell_path(name);
    let message = format!(
        "{} still has recipients that {} removed, and the data key that they know: {}",
        side_name(side),
        side_name(other(side)),
        removed.join(", ")
    );
    let word = match side {
        SideName::Ours => "ours",
        SideName::Theirs => "theirs",
    };
    let error = CommandError::new(Code::Generic, message)
        .in_file(name)
        .hint(unchecked(&file, other(side)));
    abort()
        .into_iter()
        .fold(error, CommandError::hint)
        .hint(format!(
            "`sops-rs resolve {file} --{word} --recipients {word}` adds them again"
        ))
}

/// The flag that decides on a problem.
fn flags(problem: &MergeProblem, file: &str) -> Option<String> {
    let resolve = format!("sops-rs resolve {file}");
    Some(match problem {
        MergeProblem::Settings => {
            format!("choose a side: `{resolve} --settings ours` or `{resolve} --settings theirs`")
        }
        MergeProblem::KeyGroups => format!(
            "choose a side: `{resolve} --recipients ours` or `{resolve} --recipients theirs`"
        ),
        MergeProblem::Unapproved(_) => format!(
            "`{resolve} --yes` accepts these recipients, and `{resolve} --recipients ours` leaves out those that only the other side has"
        ),
        MergeProblem::LockedOut => format!(
            "`{resolve} --recipients ours` keeps our recipients, and `{resolve} --yes` gives up your access"
        ),
        MergeProblem::Exposed(_) => format!(
            "`{resolve} --settings ours` or `--settings theirs` takes another selection rule, and `{resolve} --allow-plaintext` leaves these values in plaintext"
        ),
        _ => return None,
    })
}

fn is_about_whole_file(problem: &MergeProblem) -> bool {
    matches!(problem, MergeProblem::Conflict(Conflict { path: None, kind, .. }) if *kind != ConflictKind::Comment)
}

fn is_missing_key(problem: &MergeProblem) -> bool {
    matches!(problem, MergeProblem::NoKey(_))
}

fn other(side: SideName) -> SideName {
    match side {
        SideName::Ours => SideName::Theirs,
        SideName::Theirs => SideName::Ours,
    }
}

fn owner(side: SideName) -> &'static str {
    match side {
        SideName::Ours => "our",
        SideName::Theirs => "their",
    }
}

fn flag(side: SideName) -> &'static str {
    match side {
        SideName::Ours => "--ours",
        SideName::Theirs => "--theirs",
    }
}

fn side_name(side: SideName) -> &'static str {
    version_name(Version::Side(side))
}

/// The errors of a merge that is not clean. A single error lists all conflicting values.
pub(crate) fn errors_without_hint(
    name: &str,
    path: &Path,
    problems: &[MergeProblem],
) -> Vec<CommandError> {
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
    let mut errors: Vec<CommandError> = problems
        .iter()
        .filter_map(|problem| error(problem, path))
        .collect();
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
fn error(problem: &MergeProblem, path: &Path) -> Option<CommandError> {
    let general = |message: String| Some(CommandError::new(Code::Generic, message));
    match problem {
        MergeProblem::Conflict(_) | MergeProblem::Exposed(_) => None,
        MergeProblem::Plaintext(version) => general(format!(
            "{} is in plaintext, but another version of the file is encrypted",
            version_name(*version)
        )),
        MergeProblem::Marked(version) => general(format!(
            "{} has unresolved conflict markers",
            version_name(*version)
        )),
        MergeProblem::Unreadable(version, error) => general(format!(
            "{} cannot be used: {}",
            version_name(*version),
            reason(error)
        )),
        MergeProblem::NoKey(error) => Some(
            CommandError::new(Code::Generic, reason(error).replacen("decrypt it;", "decrypt the file;", 1))
                .hint("without a key, only ciphertexts can be compared, and no MAC can be computed"),
        ),
        MergeProblem::Settings => general(
            "the sides differ in which values are encrypted, or in what the MAC covers".to_owned(),
        ),
        MergeProblem::KeyGroups => {
            general("the two sides' changes to recipients or key groups conflict, or the creation rule before the merge has different key groups".to_owned())
        }
        MergeProblem::Unapproved(keys) => general(format!(
            "the data key would be encrypted for recipients that the creation rule before the merge does not name: {}",
            described(keys, path)
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

/// The keys, and which of them the other side added to its configuration.
fn described(keys: &[MasterKey], path: &Path) -> String {
    let operation = Operation::current();
    let (added, unknown) = named_in(operation.other_side(), path, keys);
    let added = added
        .into_iter()
        .map(|key| format!("{key}, which the other side added to its .sops.yaml"));
    let keys: Vec<String> = added.chain(unknown.into_iter().map(shown)).collect();
    keys.join("; ")
}

fn list(keys: &[MasterKey]) -> String {
    let keys: Vec<String> = keys.iter().map(shown).collect();
    keys.join(", ")
}

/// The first line of an error. The others are about where keys were looked for.
fn reason(error: &Error) -> String {
    if let Error::NoDataKey { missing, .. } = error
        && error.kind() == ErrorKind::NoKey
    {
        let keys: Vec<String> = missing.iter().map(shown).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        return format!(
            "no private key can decrypt it; it is encrypted for {}",
            shortened(&keys)
        );
    }
    let text = error.to_string();
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches(':')
        .to_owned()
}

/// A conflict by its key path.
pub(crate) fn place(conflict: &Conflict) -> String {
    let path = match &conflict.path {
        Some(path) => path.dotted().to_string(),
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
