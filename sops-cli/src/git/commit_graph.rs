//! All commits of a repository, and how each changes the files of its first parent.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::file_versions::HistoryGap;
use super::program::git;
use super::repository::is_partial_clone;
use super::snapshot::short;
use super::staged::{new_content, old_contents};
use crate::command_error::CommandError;

/// The commits that branches and tags contain, parents before children.
pub(crate) struct CommitGraph {
    pub(crate) commits: Vec<Commit>,
    /// Why older commits may be missing.
    pub(crate) gap: Option<HistoryGap>,
}

/// The commits to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The commits of all branches, tags and remote-tracking branches, and of `HEAD`.
    Branches,
    /// Also the commits that a branch of this clone contained earlier.
    Reflog,
    /// The commits of all refs, such as notes and stashes.
    AllRefs,
}

/// A commit.
pub(crate) struct Commit {
    pub(crate) id: String,
    /// The positions of its parents in the list.
    pub(crate) parents: Vec<usize>,
    /// When it was written, which a rebase keeps.
    pub(crate) time: SystemTime,
    /// The differences from its first parent.
    pub(crate) changes: Vec<BlobChange>,
}

/// Another content for a path, relative to the root of the repository. `None` means that there is
/// no regular file.
pub(crate) struct BlobChange {
    pub(crate) path: PathBuf,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl Commit {
    /// An abbreviated ID.
    pub(crate) fn short_id(&self) -> &str {
        short(&self.id)
    }
}

impl CommitGraph {
    pub(crate) fn read(reach: Reach) -> Result<Self, CommandError> {
        let shallow = git(&["rev-parse", "--is-shallow-repository"])?;
        let mut arguments = vec![
            "log",
            "--no-show-signature",
            "--topo-order",
            "--reverse",
            "--no-color",
            "--format=%H %at %P",
            "--raw",
            "-r",
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--no-ext-diff",
            "--ignore-submodules",
            "--diff-merges=first-parent",
            "--branches",
            "--tags",
            "--remotes",
        ];
        match reach {
            Reach::Branches => {}
            Reach::Reflog => arguments.push("--reflog"),
            Reach::AllRefs => arguments.push("--all"),
        }
        // Before the first commit, `HEAD` has no meaning.
        if git(&["rev-parse", "--quiet", "--verify", "HEAD"]).is_ok() {
            arguments.push("HEAD");
        }
        arguments.push("--");
        Ok(Self {
            commits: commits(&git(&arguments)?),
            gap: match (&*shallow, is_partial_clone()) {
                (b"true\n", _) => Some(HistoryGap::Shallow),
                (_, true) => Some(HistoryGap::Partial),
                (_, false) => None,
            },
        })
    }

    /// The position of the commit with this full ID.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.commits.iter().rposition(|commit| commit.id == id)
    }

    /// Whether each commit is this one or one of its ancestors.
    pub(crate) fn ancestors(&self, of: usize) -> Vec<bool> {
        let mut is_ancestor = vec![false; self.commits.len()];
        is_ancestor[of] = true;
        for position in (0..=of).rev() {
            if is_ancestor[position] {
                for parent in &self.commits[position].parents {
                    is_ancestor[*parent] = true;
                }
            }
        }
        is_ancestor
    }
}

/// The messages of all commits and tags, each with the abbreviated ID of the commit or the name of
/// the tag.
pub(crate) fn messages() -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let log = [
        "log",
        "--all",
        "--no-show-signature",
        "--no-color",
        "-z",
        "--format=%H%n%B",
    ];
    let tags = [
        "for-each-ref",
        "--format=%(refname:short)%0a%(contents)%00",
        "refs/tags",
    ];
    let mut messages = Vec::new();
    for arguments in [&log[..], &tags[..]] {
        let is_log = arguments[0] == "log";
        for text in git(arguments)?.split(|byte| *byte == 0) {
            let text = text.trim_ascii_start();
            let line = text.iter().position(|byte| *byte == b'\n');
            let (name, message) = text.split_at(line.unwrap_or(text.len()));
            let name = String::from_utf8_lossy(name);
            let name = match is_log {
                true => format!("commit {}", short(&name)),
                false => format!("tag {name}"),
            };
            messages.push((name, message.to_vec()));
        }
    }
    Ok(messages)
}

/// Parses a header for each commit, followed by a change and a path for each file.
fn commits(log: &[u8]) -> Vec<Commit> {
    let mut commits: Vec<Commit> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut fields = log.split(|byte| *byte == 0);
    while let Some(field) = fields.next() {
        let field = field.strip_prefix(b"\n").unwrap_or(field);
        match (field.first(), commits.last_mut()) {
            (None, _) => {}
            (Some(b':'), Some(commit)) => {
                let path = fields.next().unwrap_or_default();
                commit.changes.push(BlobChange {
                    path: PathBuf::from(OsStr::from_bytes(path)),
                    old: old_contents(field).pop(),
                    new: new_content(field),
                });
            }
            (Some(_), _) => {
                let header = String::from_utf8_lossy(field);
                let mut words = header.split(' ');
                let id = words.next().unwrap_or_default().to_owned();
                let seconds = words.next().and_then(|seconds| seconds.parse().ok());
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unwrap_or(0));
                // The parents of the first commits of a shallow clone are missing.
                let parents = words.filter_map(|parent| positions.get(parent).copied());
                let parents = parents.collect();
                positions.insert(id.clone(), commits.len());
                commits.push(Commit {
                    id,
                    parents,
                    time,
                    changes: Vec::new(),
                });
            }
        }
    }
    commits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_have_their_parents_and_changes() {
        let ids = ["1", "2", "3", "4"].map(|digit| digit.repeat(40));
        let [first, second, third, merge] = &ids;
        let none = "0".repeat(40);
        let log = [
            format!("{first} 10 "),
            format!("\n:000000 100644 {none} {first} A"),
            "a b".to_owned(),
            format!(":000000 120000 {none} {second} A"),
            "link".to_owned(),
            format!("{second} 20 {first}"),
            format!("{third} 30 {first}"),
            format!("\n:100644 000000 {first} {none} D"),
            "a b".to_owned(),
            format!("{merge} 40 {second} {third}"),
            String::new(),
        ];
        let commits = commits(log.join("\0").as_bytes());
        let parents = commits.iter().map(|commit| &*commit.parents);
        assert!(parents.eq([&[][..], &[0], &[0], &[1, 2]]));
        let changes = commits.iter().flat_map(|commit| &commit.changes);
        let changes: Vec<_> = changes
            .map(|change| {
                (
                    change.path.to_str(),
                    change.old.as_deref(),
                    change.new.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            changes,
            [
                (Some("a b"), None, Some(&**first)),
                (Some("link"), None, None),
                (Some("a b"), Some(&**first), None),
            ]
        );
        let graph = CommitGraph { commits, gap: None };
        assert_eq!(graph.position(third), Some(2));
        assert_eq!(graph.ancestors(2), [true, false, true, false]);
        assert_eq!(graph.ancestors(3), [true; 4]);
    }
}
