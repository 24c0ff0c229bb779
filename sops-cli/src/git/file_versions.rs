//! The versions of files in the history of a commit.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::history::{Changes, RAW};
use super::program::{Running, git};
use super::repository::is_partial_clone;

/// How many commits are searched, which takes Git a few seconds.
pub(super) const MOST_COMMITS: usize = 50_000;

/// How many paths are passed to Git, which compares each changed file with all of them.
const MOST_PATHS: usize = 100;

/// A version of a file.
pub(crate) struct FileVersion {
    pub(crate) blob: String,
    /// The abbreviated ID of the first commit that has the version.
    pub(crate) commit: String,
}

/// The versions of files, by path relative to the root of the repository.
#[derive(Default)]
pub(crate) struct FileVersions(HashMap<PathBuf, Vec<FileVersion>>);

/// Why the history of a commit is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HistoryGap {
    /// The file is in no repository, or in another one.
    NoRepository,
    Unreadable,
    Shallow,
    /// Git would fetch each old version from a server that the repository names.
    Partial,
    TooLong,
}

impl HistoryGap {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NoRepository => "it is not in a Git repository",
            Self::Unreadable => "Git cannot read the history",
            Self::Shallow => {
                "the history of this shallow clone is incomplete; `git fetch --unshallow` completes it"
            }
            Self::Partial => "this partial clone lacks the old versions",
            Self::TooLong => "the history is too long to search",
        }
    }
}

impl FileVersions {
    /// The versions of these files up to a commit, and any gap in the history. `None` as the commit
    /// means that the repository has no commits yet.
    pub(crate) fn of(paths: &[&Path], commit: Option<&str>) -> (Self, Option<HistoryGap>) {
        let Ok(shallow) = git(&["rev-parse", "--is-shallow-repository"]) else {
            return (Self::default(), Some(HistoryGap::NoRepository));
        };
        let gap = (shallow == b"true\n").then_some(HistoryGap::Shallow);
        if is_partial_clone() {
            return (Self::default(), Some(HistoryGap::Partial));
        }
        let Some(commit) = commit else {
            return (Self::default(), gap);
        };
        match list(paths, commit) {
            Some((versions, true)) => (versions, gap),
            Some((versions, false)) => (versions, Some(HistoryGap::TooLong)),
            None => (Self::default(), Some(HistoryGap::Unreadable)),
        }
    }

    pub(crate) fn at(&self, path: &Path) -> &[FileVersion] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }
}

/// The versions, and whether all commits were searched; `None` if Git fails.
fn list(paths: &[&Path], commit: &str) -> Option<(FileVersions, bool)> {
    let most = format!("--max-count={MOST_COMMITS}");
    let count = git(&["rev-list", "--count", &most, commit]).ok()?;
    let is_whole = str::from_utf8(&count).ok()?.trim().parse::<usize>().ok()? < MOST_COMMITS;
    let literal = literal(paths);
    let mut arguments = vec!["diff-tree", "--stdin", "-c", "--root"];
    arguments.extend(RAW);
    arguments.push("--");
    arguments.extend(literal.iter().map(String::as_str));
    let mut commits = Running::start(&["rev-list", &most, commit]).ok()?;
    let changes = Running::start_after(&mut commits, &arguments).ok()?;
    let changes = changes.output().ok()?;
    commits.output().ok()?;
    let wanted: HashSet<&Path> = paths.iter().copied().collect();
    let mut versions: HashMap<PathBuf, Vec<FileVersion>> = HashMap::new();
    for version in Changes::read(&changes).versions {
        if wanted.contains(&*version.file.path) {
            let of_file = versions.entry(version.file.path).or_default();
            of_file.push(FileVersion {
                blob: version.file.blob,
                commit: version.commit,
            });
        }
    }
    Some((FileVersions(versions), is_whole))
}

/// The paths as arguments for Git; empty, which means all paths, if there are too many.
fn literal(paths: &[&Path]) -> Vec<String> {
    let literal = |path: &&Path| Some(format!(":(top,literal){}", path.to_str()?));
    match paths.len() <= MOST_PATHS {
        true => paths
            .iter()
            .map(literal)
            .collect::<Option<_>>()
            .unwrap_or_default(),
        false => Vec::new(),
    }
}
