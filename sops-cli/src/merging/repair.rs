//! How to repair a damaged side of a merge first, so that a merge loses nothing.

use std::path::Path;

use sops_core::Error;
use sops_core::merge::{MergeProblem, SideName};

use crate::git::{Objects, Operation, UnmergedFile, is_changed_since_base};

/// The configuration in the root of the repository.
const CONFIG: &str = ".sops.yaml";

/// The commands that repair this side in a commit of its own, and then merge again. `file` is the
/// name of the file for a shell, and `path` its path from the root of the repository.
pub(super) fn steps(
    file: &str,
    path: &Path,
    damaged: SideName,
    problems: &[MergeProblem],
) -> Vec<String> {
    let operation = Operation::current();
    let Some(abort) = operation.abort() else {
        // A merge driver cannot see every operation that has begun.
        return vec![
            "to keep both sides, repair the damaged one in a commit of its own, and start again"
                .to_owned(),
        ];
    };
    let commit = match damaged {
        SideName::Ours => operation.rebased_onto(),
        SideName::Theirs => operation.merged_commit().or(operation.picked_commit()),
    };
    let repair = Repair::of(problems, path, commit.unwrap_or("HEAD"));
    let fix = repair.commands(file, damaged, &operation);
    let is_picked = operation.picked_commit().is_some();
    let mut steps = match commit {
        Some(commit) => {
            let commit = &commit[..commit.len().min(10)];
            let (save, again) = if is_picked {
                ("git commit --all --amend --no-edit", "git cherry-pick -")
            } else if operation.is_rebase() {
                ("git commit --all", "git rebase -")
            } else {
                ("git commit --all", "git merge -")
            };
            format!(
                "`{abort}`, `git checkout --detach {commit}`, {fix}, `{save}`, `git checkout -`, `{again}`"
            )
        }
        // A rebase would stop at the damaged commit again.
        None if operation.is_rebase() => {
            format!("`{abort}`, {fix}, `git commit --all`, and merge instead of rebasing")
        }
        None if damaged == SideName::Ours => {
            format!("`{abort}`, {fix}, `git commit --all`, and start again")
        }
        None => format!("`{abort}`, repair the file in the other commit, and start again"),
    };
    if repair == Repair::Restore {
        steps += "; then make the value changes of the damaged commit again with `sops-rs set`";
    }
    vec![format!(
        "to keep both sides, repair the damaged one first: {steps}"
    )]
}

/// How to repair a version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repair {
    /// Both sides of the merge that left it are known.
    Resolve,
    Encrypt,
    /// Its values can be decrypted.
    AcceptValues,
    /// Values can't be decrypted, so the version before it is the last whole one.
    Restore,
}

impl Repair {
    fn of(problems: &[MergeProblem], path: &Path, commit: &str) -> Self {
        let of_problem = problems.iter().find_map(|problem| match problem {
            MergeProblem::Marked(_) => Some(Self::Resolve),
            MergeProblem::Plaintext(_) => Some(Self::Encrypt),
            _ => None,
        });
        let is_lost = |problem: &MergeProblem| {
            matches!(problem, MergeProblem::Unreadable(_, Error::Value { .. }))
        };
        of_problem.unwrap_or_else(|| {
            if is_of_merge(path, commit) {
                Self::Resolve
            } else if problems.iter().any(is_lost) {
                Self::Restore
            } else {
                Self::AcceptValues
            }
        })
    }

    /// The commands, in backquotes.
    fn commands(self, file: &str, damaged: SideName, operation: &Operation) -> String {
        match self {
            Self::Resolve => format!("`sops-rs resolve {file}`"),
            Self::AcceptValues => format!("`sops-rs edit --ignore-mac {file}`"),
            Self::Restore => format!("`git checkout HEAD^ -- {file}`"),
            Self::Encrypt => match rule_of_other_side(damaged, operation) {
                Some(commit) => {
                    format!("`git checkout {commit} -- {CONFIG}`, `sops-rs encrypt -i {file}`")
                }
                None => format!("`sops-rs encrypt -i {file}`"),
            },
        }
    }
}

/// The commit of the other side, if only that side has changed the configuration: the rule that
/// encrypts the file may have come with the encrypted file.
fn rule_of_other_side(damaged: SideName, operation: &Operation) -> Option<String> {
    let theirs = operation.merged_commit()?;
    let (plain, encrypted) = match damaged {
        SideName::Ours => ("HEAD", theirs),
        SideName::Theirs => (theirs, "HEAD"),
    };
    if is_changed_since_base(CONFIG, plain, encrypted)
        || !is_changed_since_base(CONFIG, encrypted, plain)
    {
        return None;
    }
    Some(match damaged {
        SideName::Ours => theirs[..theirs.len().min(10)].to_owned(),
        SideName::Theirs => "@{-1}".to_owned(),
    })
}

/// Whether the version in a commit is what someone made of a conflict, so that `resolve` finds both
/// sides.
fn is_of_merge(path: &Path, commit: &str) -> bool {
    let content = || {
        let objects = Objects::open().ok()?;
        objects.blob(&format!("{commit}:{}", path.to_str()?))
    };
    let merged = |content: Vec<u8>| UnmergedFile::merged_in(commit, path, &content).ok();
    content().and_then(merged).flatten().is_some()
}
