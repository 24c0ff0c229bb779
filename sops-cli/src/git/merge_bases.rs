//! The common ancestors of a criss-cross merge, which has several.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::merge_base_cache::MergeBaseCache;
use super::objects::Objects;
use super::program::git;

/// The contents of a file in all best common ancestors of `HEAD` and another commit, if there are
/// several. `path` is relative to the root of the repository; an ancestor without the file is left
/// out.
pub(crate) fn versions_in_merge_bases(other: &str, path: &Path) -> Vec<Vec<u8>> {
    versions_in(&merge_bases(other).unwrap_or_default(), other, path)
}

/// Like [`versions_in_merge_bases`], in a merge driver. All drivers of a merge have the same
/// ancestors, so only the first one asks Git for them.
pub(crate) fn versions_in_bases_of_this_merge(other: &str, path: &Path) -> Vec<Vec<u8>> {
    let cache = MergeBaseCache::of_this_merge(other);
    if let Some(commits) = cache.as_ref().and_then(MergeBaseCache::read) {
        return versions_in(&commits, other, path);
    }
    let commits = merge_bases(other);
    if let (Some(cache), Some(commits)) = (cache, &commits) {
        cache.write(commits);
    }
    versions_in(&commits.unwrap_or_default(), other, path)
}

/// The best common ancestors; `None` if Git fails.
fn merge_bases(other: &str) -> Option<Vec<String>> {
    let list = git(&["merge-base", "--all", "HEAD", other]).ok()?;
    let list = String::from_utf8(list).ok()?;
    Some(list.lines().map(str::to_owned).collect())
}

fn versions_in(commits: &[String], other: &str, path: &Path) -> Vec<Vec<u8>> {
    let [_, _, ..] = commits else {
        return Vec::new();
    };
    let Ok(objects) = Objects::open() else {
        return Vec::new();
    };
    let at = |commit: &str, path: &Path| objects.blob(&format!("{commit}:{}", path.to_str()?));
    let versions = commits.iter().map(|commit| {
        at(commit, path).or_else(|| {
            let mut tips = ["HEAD", other].into_iter();
            let before = tips.find_map(|tip| path_before_rename(commit, tip, path))?;
            at(commit, &before)
        })
    });
    versions.flatten().collect()
}

/// The path in `commit` of the file that is at `path` in the `later` commit, if it was renamed in
/// between.
fn path_before_rename(commit: &str, later: &str, path: &Path) -> Option<PathBuf> {
    let list = git(&[
        "diff-tree",
        "-r",
        "-z",
        "--name-status",
        "--find-renames",
        "--diff-filter=R",
        commit,
        later,
    ]);
    let list = list.ok()?;
    let mut fields = list.split(|byte| *byte == 0);
    // A status such as `R093`, the old path and the new one.
    while let (Some(_), Some(old), Some(new)) = (fields.next(), fields.next(), fields.next()) {
        if new == path.as_os_str().as_bytes() {
            return Some(PathBuf::from(OsStr::from_bytes(old)));
        }
    }
    None
}
