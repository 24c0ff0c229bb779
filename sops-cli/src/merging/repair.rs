//! How to repair a damaged side of a merge first, so that a merge loses nothing.

use std::path::Path;

use sops_core::merge::{MergeProblem, SideName};
use sops_core::{EncryptedDocument, Error, format_of_encrypted};

use crate::git::{CommittedMerge, Objects, Operation, UnmergedFile, git};
use crate::keys::unprompted::{is_intact, ready_keys};

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
    if damaged == SideName::Ours
        && let Some(onto) = operation.rebased_onto()
        && differs(path, onto)
    {
        return vec![format!(
            "this rebase has already made the damaged version: run `{abort}`, start the rebase again, and resolve each conflict in the file with `sops-rs resolve {file}`"
        )];
    }
    let repair = Repair::of(problems, path, commit.unwrap_or("HEAD"));
    let fix = repair.command(file);
    let is_picked = operation.picked_commit().is_some();
    let save = format!("`git commit -m Repair -- {file}`");
    let mut steps = match commit {
        Some(commit) => {
            let commit = &commit[..commit.len().min(10)];
            let (save, again) = if is_picked {
                let amend = format!("`git commit --amend --no-edit -- {file}`");
                (amend, "git cherry-pick -")
            } else if operation.is_rebase() {
                (save, "git rebase -")
            } else {
                (save, "git merge -")
            };
            format!(
                "`{abort}`, `git checkout --detach {commit}`, {fix}, {save}, `git checkout -`, `{again}`"
            )
        }
        // A rebase would stop at the damaged commit again.
        None if operation.is_rebase() => {
            format!("`{abort}`, {fix}, {save}, and merge instead of rebasing")
        }
        None if damaged == SideName::Ours => {
            format!("`{abort}`, {fix}, {save}, and start again")
        }
        None => format!("`{abort}`, repair the file in the other commit, and start again"),
    };
    steps += match repair {
        Repair::Resolve => "",
        Repair::AcceptValues => {
            "; check the values in the editor, because someone changed them without a key"
        }
        Repair::Restore(_) => {
            "; then set the values that were changed since that commit again, with `sops-rs set`"
        }
        Repair::Encrypt => {
            "; if the rule for the file came with the other side, first take it from there, and check its recipients"
        }
    };
    vec![format!(
        "to keep both sides, repair the damaged one first: {steps}"
    )]
}

/// Whether the file at HEAD is not the one of this commit.
fn differs(path: &Path, commit: &str) -> bool {
    let (Ok(objects), Some(path)) = (Objects::open(), path.to_str()) else {
        return false;
    };
    let blob = |commit: &str| objects.blob(&format!("{commit}:{path}"));
    blob("HEAD") != blob(commit)
}

/// How to repair a version.
enum Repair {
    /// Both sides of the merge that left it are known.
    Resolve,
    Encrypt,
    /// Its values can be decrypted.
    AcceptValues,
    /// Values can't be decrypted; this commit has the last version that can be.
    Restore(String),
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
                return Self::Resolve;
            }
            let whole = problems
                .iter()
                .any(is_lost)
                .then(|| last_whole(path, commit));
            whole.flatten().map_or(Self::AcceptValues, Self::Restore)
        })
    }

    /// The command, in backquotes.
    fn command(&self, file: &str) -> String {
        match self {
            Self::Resolve => format!("`sops-rs resolve {file}`"),
            Self::AcceptValues => format!("`sops-rs edit --ignore-mac {file}`"),
            Self::Restore(commit) => format!("`git checkout {commit} -- {file}`"),
            Self::Encrypt => format!("`sops-rs encrypt -i {file}`"),
        }
    }
}

/// The last commit before `commit` in whose version every value can be decrypted.
fn last_whole(path: &Path, commit: &str) -> Option<String> {
    const SEARCHED: &str = "--max-count=20";
    let name = path.to_str()?;
    let pathspec = format!(":(top,literal){name}");
    let list = git(&["rev-list", SEARCHED, commit, "--", &pathspec]).ok()?;
    let list = String::from_utf8(list).ok()?;
    let objects = Objects::open().ok()?;
    let keys = ready_keys();
    let mut commits = list.split_whitespace();
    let whole = commits.find(|commit| {
        let content = objects.blob(&format!("{commit}:{name}"));
        content.is_some_and(|content| {
            let format = format_of_encrypted(path, &content);
            EncryptedDocument::parse(&*content, format)
                .is_ok_and(|document| is_intact(&document, &keys) == Some(true))
        })
    })?;
    Some(whole[..whole.len().min(10)].to_owned())
}

/// Whether the version in a commit is what someone made of a conflict, so that `resolve` finds both
/// sides.
fn is_of_merge(path: &Path, commit: &str) -> bool {
    let content = || {
        let objects = Objects::open().ok()?;
        objects.blob(&format!("{commit}:{}", path.to_str()?))
    };
    let merged = |content: Vec<u8>| UnmergedFile::merged_in(commit, path, &content).ok();
    matches!(content().and_then(merged), Some(CommittedMerge::Found(_)))
}
