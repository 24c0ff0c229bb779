//! How to repair a damaged side of a merge first, so that a merge loses nothing.

use sops_core::merge::{MergeProblem, SideName};

use crate::git::Operation;

/// The commands that repair this side in a commit of its own, and then merge again; none if the
/// operation is not known.
pub(super) fn steps(file: &str, damaged: SideName, problems: &[MergeProblem]) -> Vec<String> {
    let operation = Operation::current();
    let Some(abort) = operation.abort() else {
        return Vec::new();
    };
    let fix = problems
        .iter()
        .find_map(|problem| match problem {
            MergeProblem::Marked(_) => Some("resolve"),
            MergeProblem::Plaintext(_) => Some("encrypt -i"),
            _ => None,
        })
        .unwrap_or("edit --ignore-mac");
    let fix = format!("`sops-rs {fix} {file}`");
    let fix = format!("{fix}, `git commit --all`");
    let commit = match damaged {
        SideName::Ours => operation.rebased_onto(),
        SideName::Theirs => operation.merged_commit(),
    };
    let again = match operation.is_rebase() {
        true => "git rebase -",
        false => "git merge -",
    };
    let steps = match commit {
        Some(commit) => {
            let commit = &commit[..commit.len().min(10)];
            format!(
                "`{abort}`, `git checkout --detach {commit}`, {fix}, `git checkout -`, `{again}`"
            )
        }
        // A rebase would stop at the damaged commit again.
        None if operation.is_rebase() => {
            format!("`{abort}`, {fix}, and merge instead of rebasing")
        }
        None if damaged == SideName::Ours => format!("`{abort}`, {fix}, and start again"),
        None => format!("`{abort}`, repair the file in the other commit, and start again"),
    };
    vec![format!(
        "to keep both sides, repair the damaged one first: {steps}"
    )]
}
