//! The versions of files that commits introduce. Whoever fetches a branch can read all of them, even if a later commit changes the file.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::objects::{Kind, Objects};
use super::program::{Running, git};
use super::published::TrackingBranches;
use super::snapshot::{Snapshot, TrackedFile, short};
use super::staged::{new_content, old_contents};
use crate::command_error::{Code, CommandError};

/// A version of a file, and the first commit that contains it.
pub(crate) struct Version {
    pub(crate) file: TrackedFile,
    /// The abbreviated ID of the commit, or of what a tag names directly.
    pub(crate) commit: String,
    /// Whether a commit introduces it, and not a tag that names a file or a tree directly.
    pub(crate) is_in_history: bool,
    /// Its contents in the parents of the commit.
    pub(crate) before: Vec<TrackedFile>,
    /// Whether an earlier commit deleted the path.
    pub(crate) is_back: bool,
    /// The files that the commit deletes, and those that earlier ones deleted from paths that it adds.
    pub(crate) deleted: Arc<Vec<TrackedFile>>,
}

impl Version {
    fn new(file: TrackedFile, commit: String) -> Self {
        Self {
            file,
            commit,
            is_in_history: true,
            before: Vec::new(),
            is_back: false,
            deleted: Arc::default(),
        }
    }
}

/// A branch or tag to push, and what the other side has.
pub(crate) struct Pushed<'p> {
    /// The ID of the commit or tag, or of another object.
    pub(crate) tip: &'p str,
    /// Its name, such as `refs/heads/main`.
    pub(crate) name: &'p str,
    /// IDs of commits that the other side has, with their ancestors. Unknown IDs are ignored.
    pub(crate) known: &'p [String],
    /// Fetched branches that the other side has.
    pub(crate) tracking: &'p TrackingBranches,
}

impl Pushed<'_> {
    /// The versions that the other side lacks, oldest first and without duplicates, and the files of the last commit. `None`: nothing is new.
    /// The versions of a file or a tree that a tag names directly have its ID in place of a commit.
    pub(crate) fn versions<'o>(
        &self,
        root: &Path,
        objects: &'o Objects,
    ) -> Result<Option<(Vec<Version>, Snapshot<'o>)>, CommandError> {
        let missing = || {
            let message = format!("`{}` is not an object of this repository", self.tip);
            CommandError::new(Code::CannotReadInput, message)
        };
        // `^{}` follows tags.
        let tip = objects
            .find(&format!("{}^{{}}", self.tip))
            .ok_or_else(missing)?;
        if tip.kind == Kind::Tree {
            let snapshot = Snapshot::of_commit(root, objects, &tip.id)?;
            let commit = short(&tip.id).to_owned();
            let files = snapshot.files();
            let versions = files.map(|file| Version {
                is_in_history: false,
                ..Version::new(file, commit.clone())
            });
            return Ok(Some((versions.collect(), snapshot)));
        }
        if tip.kind != Kind::Commit {
            let name = self.name.rsplit('/').next().unwrap_or(self.name);
            let file = TrackedFile {
                path: PathBuf::from(name),
                blob: tip.id.clone(),
            };
            let commit = short(&tip.id).to_owned();
            let version = Version {
                is_in_history: false,
                ..Version::new(file, commit)
            };
            return Ok(Some((vec![version], Snapshot::empty(root, objects))));
        }
        let output = self.changes(&tip.id)?;
        if output.is_empty() {
            return Ok(None);
        }
        let snapshot = Snapshot::of_commit(root, objects, &tip.id)?;
        Ok(Some((versions(&output), snapshot)))
    }

    /// The abbreviated ID of a new commit whose parents a shallow clone lacks: the clone may lack other new commits too.
    pub(crate) fn cut_off(&self) -> Result<Option<String>, CommandError> {
        let file = git(&["rev-parse", "--git-path", "shallow"])?;
        let file = OsStr::from_bytes(file.strip_suffix(b"\n").unwrap_or(&file));
        let cut = match fs::read_to_string(file) {
            Ok(list) => list,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CommandError::input("Git's list of shallow commits", &error)),
        };
        let cut: HashSet<&str> = cut.lines().map(str::trim).collect();
        let new = self.commits(self.tip)?.output()?;
        let new = String::from_utf8_lossy(&new);
        let found = new.lines().find(|commit| cut.contains(commit));
        Ok(found.map(|commit| short(commit).to_owned()))
    }

    /// Starts to list the new commits, parents before children.
    fn commits(&self, tip: &str) -> Result<Running, CommandError> {
        let list = ["rev-list", "--topo-order", "--reverse", "--ignore-missing"];
        let mut arguments: Vec<String> = list.map(str::to_owned).to_vec();
        arguments.extend([tip.to_owned(), "--not".to_owned()]);
        arguments.extend(self.tracking.arguments());
        arguments.extend(self.known.iter().cloned());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Running::start(&arguments)
    }

    /// The changes of each new commit, parents before children. For a merge, these are the files that differ from all parents.
    fn changes(&self, tip: &str) -> Result<Vec<u8>, CommandError> {
        let mut commits = self.commits(tip)?;
        let changes = Running::start_after(
            &mut commits,
            &[
                "diff-tree",
                "--stdin",
                "-r",
                "-c",
                "-z",
                "--root",
                "--raw",
                "--no-abbrev",
                "--no-renames",
                "--no-ext-diff",
                "--ignore-submodules",
            ],
        )?;
        let output = changes.output()?;
        commits.output()?;
        Ok(output)
    }
}

/// Parses the output of `git diff-tree`: the ID of each commit, followed by a change and a path for each file.
fn versions(list: &[u8]) -> Vec<Version> {
    let mut versions = Vec::new();
    let mut seen = HashSet::new();
    let mut commit = String::new();
    let mut fields = list.split(|byte| *byte == 0);
    // What earlier commits have deleted.
    let mut gone: HashMap<PathBuf, Vec<TrackedFile>> = HashMap::new();
    // The first version of the current commit, and what the commit deletes.
    let (mut first, mut deleted) = (0, Vec::new());
    while let Some(field) = fields.next() {
        if !field.starts_with(b":") {
            share(&mut versions[first..], &mut deleted);
            first = versions.len();
            commit = short(&String::from_utf8_lossy(field)).to_owned();
            continue;
        }
        let path = fields.next().unwrap_or_default();
        let path = PathBuf::from(OsStr::from_bytes(path));
        let before = old_contents(field).into_iter().map(|blob| TrackedFile {
            path: path.clone(),
            blob,
        });
        let before: Vec<TrackedFile> = before.collect();
        let Some(blob) = new_content(field) else {
            deleted.extend(before.iter().cloned());
            gone.insert(path, before);
            continue;
        };
        let gone = gone.remove(&path).filter(|_| before.is_empty());
        let is_back = gone.is_some();
        deleted.extend(gone.into_iter().flatten());
        let file = TrackedFile { path, blob };
        if seen.insert(file.clone()) {
            versions.push(Version {
                before,
                is_back,
                ..Version::new(file, commit.clone())
            });
        }
    }
    share(&mut versions[first..], &mut deleted);
    versions
}

/// Gives the versions of a commit the list of what it deletes.
fn share(versions: &mut [Version], deleted: &mut Vec<TrackedFile>) {
    let deleted = Arc::new(std::mem::take(deleted));
    for version in versions {
        version.deleted = Arc::clone(&deleted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_comes_back_has_what_was_deleted() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let none = "0".repeat(40);
        let list = [
            one.clone(),
            format!(":100644 000000 {one} {none} D"),
            "a".to_owned(),
            two.clone(),
            format!(":000000 100644 {none} {two} A"),
            "a".to_owned(),
            String::new(),
        ];
        let versions = versions(list.join("\0").as_bytes());
        assert_eq!(versions.len(), 1);
        assert!(versions[0].is_back && versions[0].before.is_empty());
        let deleted = versions[0].deleted.iter().map(|file| &*file.blob);
        assert!(deleted.eq([&*one]));
    }

    #[test]
    fn each_version_is_named_by_the_first_commit_that_has_it() {
        let (one, two, three) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
        let none = "0".repeat(40);
        let list = [
            one.clone(),
            format!(":000000 100644 {none} {one} A"),
            "a".to_owned(),
            format!(":000000 120000 {none} {two} A"),
            "link".to_owned(),
            two.clone(),
            format!(":100644 000000 {one} {none} D"),
            "a".to_owned(),
            three.clone(),
            format!("::000000 100644 100755 {none} {one} {one} AM"),
            "a".to_owned(),
            format!("::000000 100644 100644 {none} {one} {two} AM"),
            ":b\n".to_owned(),
            String::new(),
        ];
        let versions = versions(list.join("\0").as_bytes());
        assert!(versions[0].before.is_empty() && versions[0].deleted.is_empty());
        let before = |version: &Version| -> Vec<String> {
            let files = version.before.iter();
            files.map(|file| file.blob.clone()).collect()
        };
        assert_eq!(before(&versions[1]), std::slice::from_ref(&one));
        assert!(versions.iter().all(|version| !version.is_back));
        let found: Vec<_> = versions
            .iter()
            .map(|version| {
                let path = version.file.path.to_str().unwrap();
                (&*version.commit, path, &*version.file.blob)
            })
            .collect();
        assert_eq!(
            found,
            [(&one[..10], "a", &*one), (&three[..10], ":b\n", &*two)]
        );
    }
}
