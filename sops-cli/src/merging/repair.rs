//! How to repair a damaged side of a merge first, so that a merge loses nothing.

use std::path::Path;

use sops_core::merge::{MergeProblem, SideName};

use crate::git::{Objects, Operation, UnmergedFile};

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
    let fix = format!(
        "`sops-rs {} {file}`",
        fix(problems, path, commit.unwrap_or("HEAD"))
    );
    let is_picked = operation.picked_commit().is_some();
    let steps = match commit {
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
    vec![format!(
        "to keep both sides, repair the damaged one first: {steps}"
    )]
}

/// The command that repairs the version in a commit.
fn fix(problems: &[MergeProblem], path: &Path, commit: &str) -> &'static str {
    let of_problem = problems.iter().find_map(|problem| match problem {
        MergeProblem::Marked(_) => Some("resolve"),
        MergeProblem::Plaintext(_) => Some("encrypt -i"),
        _ => None,
    });
    of_problem.unwrap_or_else(|| match is_of_merge(path, commit) {
        true => "resolve",
        false => "edit --ignore-mac",
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
