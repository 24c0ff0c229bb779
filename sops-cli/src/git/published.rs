//! What remotes have, according to the branches that were fetched from them.

use super::program::git;
use crate::command_error::CommandError;

/// Whether a fetched branch of a remote contains the commit.
pub(crate) fn is_published(commit: &str) -> Result<bool, CommandError> {
    let first = ["rev-list", "--max-count=1", commit, "--not", "--remotes"];
    Ok(git(&first)?.is_empty())
}

/// The remotes with this name or address. Git passes the address instead of a name if the user pushed to an address.
pub(crate) fn remotes_at(name: &str) -> Vec<String> {
    // This fails if there are no remotes.
    let list = git(&["config", "-z", "--get-regexp", r"^remote\..*\.(push)?url$"]);
    let list = String::from_utf8(list.unwrap_or_default()).unwrap_or_default();
    let remotes = list.split('\0').filter_map(|entry| {
        let (key, address) = entry.split_once('\n')?;
        let (remote, _) = key.strip_prefix("remote.")?.rsplit_once('.')?;
        (remote == name || address == name).then(|| remote.to_owned())
    });
    let mut remotes: Vec<String> = remotes.collect();
    remotes.dedup();
    remotes
}
