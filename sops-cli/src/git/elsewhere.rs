//! The files of a history at any path: the files of its last commit, and deleted files.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::file_versions::MOST_COMMITS;
use super::history::RAW;
use super::program::{Running, git};
use super::snapshot::{TrackedFile, short};
use super::staged::old_contents;

/// The maximum number of deleted files, and of files of the last commit. Git reads a few thousand
/// per second.
const MOST_FILES: usize = 2_000;

/// The last contents of deleted files, the latest deletions first, and the files of a commit, each
/// content once; `None` if Git fails.
pub(crate) fn files_elsewhere(
    commit: &str,
    is_wanted: impl Fn(&Path) -> bool,
) -> Option<Vec<TrackedFile>> {
    let most = format!("--max-count={MOST_COMMITS}");
    let mut arguments = vec![
        "diff-tree",
        "--stdin",
        "--no-commit-id",
        "-m",
        "--diff-filter=D",
    ];
    arguments.extend(RAW);
    let mut commits = Running::start(&["rev-list", &most, commit]).ok()?;
    let deletions = Running::start_after(&mut commits, &arguments).ok()?;
    let present = git(&["ls-tree", "-r", "--full-tree", "-z", commit]).ok()?;
    let deletions = deletions.output().ok()?;
    commits.output().ok()?;
    let mut seen = HashSet::new();
    let mut is_new = |file: &TrackedFile| is_wanted(&file.path) && seen.insert(file.blob.clone());
    let mut files: Vec<TrackedFile> = deleted(&deletions)
        .filter(&mut is_new)
        .take(MOST_FILES)
        .collect();
    files.extend(tracked(&present).filter(is_new).take(MOST_FILES));
    Some(files)
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// The files in the output of `git diff-tree`.
fn deleted(list: &[u8]) -> impl Iterator<Item = TrackedFile> {
    let mut fields = list.split(|byte| *byte == 0);
    std::iter::from_fn(move || Some((fields.next()?, fields.next()?))).filter_map(
        |(about, name)| {
            let blob = old_contents(about).pop()?;
            let path = path(name);
            Some(TrackedFile { path, blob })
        },
    )
}

/// The regular files in the output of `git ls-tree`.
fn tracked(list: &[u8]) -> impl Iterator<Item = TrackedFile> {
    let entries = list.split(|byte| *byte == 0);
    entries.filter_map(|entry| {
        let tab = entry.iter().position(|byte| *byte == b'\t')?;
        let about = str::from_utf8(&entry[..tab]).ok()?;
        let mut words = about.split(' ');
        let is_file = words.next()?.starts_with("100");
        let blob = words.nth(1).filter(|_| is_file)?.to_owned();
        let path = path(&entry[tab + 1..]);
        Some(TrackedFile { path, blob })
    })
}

/// The abbreviated ID of the first commit that has a blob.
pub(crate) fn first_commit_of(blob: &str, tip: &str) -> Option<String> {
    let blob = format!("--find-object={blob}");
    let most = format!("--max-count={MOST_COMMITS}");
    let list = git(&[
        "-c",
        "log.showRoot=true",
        "log",
        "--topo-order",
        "--no-show-signature",
        "--no-ext-diff",
        "--format=%H",
        &most,
        &blob,
        tip,
    ]);
    let list = String::from_utf8(list.ok()?).ok()?;
    let commit = list.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(short(commit).to_owned())
}

/// Whether the repository has the commit.
#[cfg(feature = "kube")]
pub(crate) fn has_commit(commit: &str) -> bool {
    git(&["cat-file", "-e", &format!("{commit}^{{commit}}")]).is_ok()
}

/// Whether a commit is equal to another commit or an ancestor of it.
pub(crate) fn is_ancestor(commit: &str, of: &str) -> bool {
    git(&["merge-base", "--is-ancestor", commit, of]).is_ok()
}
