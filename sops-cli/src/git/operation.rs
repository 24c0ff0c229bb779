//! The merge, rebase or other command of Git that left a conflict, and the names of its sides.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::program::git;

/// The beginning of the variables in which `git merge` passes the names of the merged commits.
const MERGED_NAME: &str = "GITHEAD_";

/// An operation that has not ended.
pub(crate) struct Operation {
    kind: OperationKind,
    /// The commit whose changes are theirs, if that is known.
    commit: Option<String>,
    /// The commit or branch that is ours.
    ours: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OperationKind {
    Merge,
    Rebase,
    Mailbox,
    CherryPick,
    Revert,
    /// Another operation, such as `git stash pop`, or one that a merge driver cannot recognize.
    Unknown,
}

impl Operation {
    /// The operation in the repository of the working directory.
    pub(crate) fn current() -> Self {
        let state = State::find();
        let head = || "HEAD".to_owned();
        let operation = |kind, commit: Option<String>| Self {
            kind,
            commit,
            ours: head(),
        };
        if let Some(commit) = state.first_word("MERGE_HEAD") {
            return operation(OperationKind::Merge, Some(commit));
        }
        if state.has("rebase-merge") {
            let done = state.read("rebase-merge/done").unwrap_or_default();
            let last = done.lines().last().and_then(|line| line.split(' ').nth(1));
            let commit = state.first_word("REBASE_HEAD");
            return Self {
                kind: OperationKind::Rebase,
                commit: commit.or_else(|| last.map(str::to_owned)),
                ours: state.first_word("rebase-merge/onto").unwrap_or_else(head),
            };
        }
        if state.has("rebase-apply") {
            let kind = match state.has("rebase-apply/applying") {
                true => OperationKind::Mailbox,
                false => OperationKind::Rebase,
            };
            return operation(kind, state.first_word("REBASE_HEAD"));
        }
        for (file, kind) in [
            ("CHERRY_PICK_HEAD", OperationKind::CherryPick),
            ("REVERT_HEAD", OperationKind::Revert),
        ] {
            if let Some(commit) = state.first_word(file) {
                return operation(kind, Some(commit));
            }
        }
        match merged_commit() {
            Some(commit) => operation(OperationKind::Merge, Some(commit)),
            None => operation(OperationKind::Unknown, None),
        }
    }

    /// The command that undoes the operation.
    pub(crate) fn abort(&self) -> Option<&'static str> {
        Some(match self.kind {
            OperationKind::Merge => "git merge --abort",
            OperationKind::Rebase => "git rebase --abort",
            OperationKind::Mailbox => "git am --abort",
            OperationKind::CherryPick => "git cherry-pick --abort",
            OperationKind::Revert => "git revert --abort",
            OperationKind::Unknown => return None,
        })
    }

    /// The commit that is merged, if this is a merge.
    pub(crate) fn merged_commit(&self) -> Option<&str> {
        let commit = self.commit.as_deref();
        commit.filter(|_| self.kind == OperationKind::Merge)
    }

    /// The commit that is picked, if this is a cherry-pick of a single commit.
    pub(crate) fn picked_commit(&self) -> Option<&str> {
        let commit = self.commit.as_deref();
        let is_single = || !State::find().has("sequencer/todo");
        commit.filter(|_| self.kind == OperationKind::CherryPick && is_single())
    }

    /// Whether commits are being rebased.
    pub(crate) fn is_rebase(&self) -> bool {
        self.kind == OperationKind::Rebase
    }

    /// The commit that commits are rebased onto, if this is a rebase.
    pub(crate) fn rebased_onto(&self) -> Option<&str> {
        Some(&*self.ours).filter(|ours| self.is_rebase() && *ours != "HEAD")
    }

    /// The commit of the other side, whose version is theirs. A revert takes the version before its
    /// commit.
    pub(crate) fn other_side(&self) -> Option<&str> {
        let commit = self.commit.as_deref();
        commit.filter(|_| self.kind != OperationKind::Revert)
    }

    /// A description of ours and theirs for a message; `None` if it is not known what they are.
    pub(crate) fn sides(&self) -> Option<String> {
        let theirs = described(self.commit.as_deref()?)?;
        let ours = described(&self.ours)?;
        Some(match self.kind {
            OperationKind::Rebase => {
                format!("ours is {ours}, which you are rebasing onto; theirs is your {theirs}")
            }
            OperationKind::CherryPick => {
                let theirs = described_commit(self.commit.as_deref()?)?;
                format!("ours is {ours}; theirs is the picked {theirs}")
            }
            OperationKind::Revert => {
                format!("ours is {ours}; theirs is the state before {theirs}")
            }
            _ => format!("ours is {ours}; theirs is {theirs}"),
        })
    }
}

/// The commit that `git merge` merges, in a merge driver: Git writes `MERGE_HEAD` later.
pub(crate) fn merged_commit() -> Option<String> {
    let mut names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.find_map(|name| Some(name.strip_prefix(MERGED_NAME)?.to_owned()))
}

/// The files in which Git stores the state of an operation.
struct State(Option<PathBuf>);

impl State {
    fn find() -> Self {
        let directory = git(&["rev-parse", "--absolute-git-dir"]).ok();
        let directory = directory.and_then(|path| String::from_utf8(path).ok());
        Self(directory.map(|path| PathBuf::from(path.trim_end_matches('\n'))))
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.0
            .as_deref()
            .map(|directory: &Path| directory.join(name))
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).is_some_and(|path| path.exists())
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)?).ok()
    }

    fn first_word(&self, name: &str) -> Option<String> {
        let text = self.read(name)?;
        text.split_whitespace().next().map(str::to_owned)
    }
}

/// A commit by its branch, if there is one, its abbreviated ID and its subject.
fn described(commit: &str) -> Option<String> {
    let description = described_commit(commit)?;
    let text = |output: Vec<u8>| String::from_utf8_lossy(&output).trim_end().to_owned();
    let branch = match commit {
        "HEAD" => git(&["symbolic-ref", "--short", "--quiet", "HEAD"]).ok(),
        commit => git(&[
            "for-each-ref",
            "--format=%(refname:short)%(if)%(symref)%(then) %(end)",
            "--points-at",
            commit,
            "refs/heads",
            "refs/remotes",
        ])
        .ok(),
    };
    // `origin/HEAD` is another name of a branch, and ends with a space here.
    let branches = branch.map(text).unwrap_or_default();
    let branch = branches.lines().find(|branch| !branch.ends_with(' '));
    Some(match branch {
        Some(branch) => format!("branch {branch}, {description}"),
        None => description,
    })
}

/// A commit by its abbreviated ID and its subject.
pub(crate) fn described_commit(commit: &str) -> Option<String> {
    let text = |output: Vec<u8>| String::from_utf8_lossy(&output).trim_end().to_owned();
    let log = [
        "-c",
        "log.showSignature=false",
        "log",
        "--max-count=1",
        "--no-color",
        "--format=%h (%s)",
        "--end-of-options",
        commit,
        "--",
    ];
    Some(format!("commit {}", text(git(&log).ok()?)))
}
