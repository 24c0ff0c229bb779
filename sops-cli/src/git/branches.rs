//! The branches whose files name a recipient.

use std::collections::BTreeMap;

use super::program::git;
use crate::command_error::CommandError;

/// How many branches are searched, the latest first.
const SEARCHED: &str = "--count=100";

/// The branches with files that name a recipient, and how many.
#[cfg(feature = "kube")]
pub(crate) fn branches_with(recipient: &str) -> Result<Vec<(String, usize)>, CommandError> {
    let mut found = Vec::new();
    for (tip, branches) in branches_by_tip()? {
        let count = files_with(recipient, &tip, ":/").len();
        if count > 0 {
            found.extend(branches.into_iter().map(|branch| (branch, count)));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The branches whose configurations name a recipient, without the current branch and the branch that
/// it follows.
pub(crate) fn other_branches_naming(recipient: &str) -> Result<Vec<String>, CommandError> {
    let own = ["HEAD", "@{upstream}"].map(|name| {
        let name = git(&["rev-parse", "--abbrev-ref", name]).unwrap_or_default();
        String::from_utf8_lossy(&name).trim().to_owned()
    });
    let mut found = Vec::new();
    for (tip, branches) in branches_by_tip()? {
        let mut branches = branches.into_iter().filter(|branch| !own.contains(branch));
        let first = branches.next();
        let is_named = || !files_with(recipient, &tip, ":(top,glob)**/.sops.yaml").is_empty();
        if first.is_some() && is_named() {
            found.extend(first.into_iter().chain(branches));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The latest branches by the commits that they point to.
fn branches_by_tip() -> Result<BTreeMap<String, Vec<String>>, CommandError> {
    let list = git(&[
        "for-each-ref",
        "--sort=-committerdate",
        SEARCHED,
        "--format=%(objectname) %(refname:short)%(if)%(symref)%(then) %(end)",
        "refs/heads",
        "refs/remotes",
    ])?;
    let list = String::from_utf8_lossy(&list).into_owned();
    let mut tips: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // `origin/HEAD` is another name of a branch, and ends with a space here.
    for line in list.lines().filter(|line| !line.ends_with(' ')) {
        if let Some((tip, branch)) = line.split_once(' ') {
            tips.entry(tip.to_owned())
                .or_default()
                .push(branch.to_owned());
        }
    }
    Ok(tips)
}

/// The files of a commit that name a recipient; none if Git fails.
fn files_with(recipient: &str, tip: &str, pathspec: &str) -> Vec<String> {
    let search = ["grep", "--name-only", "--fixed-strings", "-e", recipient];
    let files = git(&[&search[..], &[tip, "--", pathspec]].concat()).unwrap_or_default();
    let files = String::from_utf8_lossy(&files).into_owned();
    files.lines().map(str::to_owned).collect()
}
