//! The common ancestors of a criss-cross merge, of which there are several.

use std::path::Path;

use super::objects::Objects;
use super::program::git;

/// The contents of a file in all best common ancestors of `HEAD` and another commit, if there are
/// several. `path` starts at the root of the repository. An ancestor without the file is left out.
pub(crate) fn versions_in_merge_bases(other: &str, path: &Path) -> Vec<Vec<u8>> {
    let list = git(&["merge-base", "--all", "HEAD", other]).unwrap_or_default();
    let list = String::from_utf8(list).unwrap_or_default();
    let commits: Vec<&str> = list.lines().collect();
    let (Some(path), [_, _, ..]) = (path.to_str(), &commits[..]) else {
        return Vec::new();
    };
    let Ok(objects) = Objects::open() else {
        return Vec::new();
    };
    let versions = commits
        .iter()
        .map(|commit| objects.blob(&format!("{commit}:{path}")));
    versions.flatten().collect()
}
