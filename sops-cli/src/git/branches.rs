//! The branches whose files name a recipient.

use super::program::git;
use crate::command_error::CommandError;

/// The branches with files that name a recipient, and the number of these files.
pub(crate) fn branches_with(recipient: &str) -> Result<Vec<(String, usize)>, CommandError> {
    let list = git(&[
        "for-each-ref",
        "--format=%(refname:short)",
        "refs/heads",
        "refs/remotes",
    ])?;
    let list = String::from_utf8_lossy(&list).into_owned();
    let mut found = Vec::new();
    for branch in list.lines().filter(|name| !name.starts_with('-')) {
        // This fails if nothing is found.
        let files = git(&[
            "grep",
            "--name-only",
            "--fixed-strings",
            "-e",
            recipient,
            branch,
            "--",
        ]);
        let count = files.map_or(0, |files| files.split(|byte| *byte == b'\n').count() - 1);
        if count > 0 {
            found.push((branch.to_owned(), count));
        }
    }
    Ok(found)
}

/// Like [`branches_with`], without the current branch and its upstream branch.
pub(crate) fn other_branches_with(recipient: &str) -> Result<Vec<(String, usize)>, CommandError> {
    let own = ["HEAD", "@{upstream}"].map(|name| {
        let name = git(&["rev-parse", "--abbrev-ref", name]).unwrap_or_default();
        String::from_utf8_lossy(&name).trim().to_owned()
    });
    let mut branches = branches_with(recipient)?;
    branches.retain(|(branch, _)| !own.contains(branch));
    Ok(branches)
}
