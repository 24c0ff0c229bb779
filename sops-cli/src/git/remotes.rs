//! The URLs of a repository's remotes.

use std::path::Path;

use super::program::git;

/// The URLs of the remotes of the repository in a directory. Empty without Git or remotes.
pub(crate) fn remote_urls(root: &Path) -> Vec<String> {
    let remotes = r"^remote\..*\.url$";
    let output = root
        .to_str()
        .and_then(|root| git(&["-C", root, "config", "-z", "--get-regexp", remotes]).ok());
    let output = String::from_utf8(output.unwrap_or_default()).unwrap_or_default();
    let urls = output
        .split('\0')
        .filter_map(|entry| entry.split_once('\n'));
    urls.map(|(_, url)| url.to_owned()).collect()
}
