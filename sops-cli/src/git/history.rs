//! The file versions that commits introduce. Anyone who fetches a branch can read all of them, even
//! if a later commit changes the file.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::objects::{ObjectKind, Objects};
use super::program::{Running, git};
use super::published::TrackingBranches;
use super::repository::is_partial_clone;
use super::snapshot::{Snapshot, TrackedFile, short};
use super::staged::{new_content, old_contents};
use crate::command_error::{Code, CommandError};

/// The arguments with which `git diff-tree` lists changes with blob IDs.
pub(super) const RAW: [&str; 7] = [
    "-r",
    "-z",
    "--raw",
    "--no-abbrev",
    "--no-renames",
    "--no-ext-diff",
    "--ignore-submodules",
];

/// How many commits before the new ones are searched for deleted files, which takes Git less than a
/// second.
const MOST_COMMITS: &str = "--max-count=1000";

/// The maximum number of directories that are passed to Git.
const MOST_DIRECTORIES: usize = 500;

/// A version of a file, and the first commit that contains it.
pub(crate) struct Version {
    pub(crate) file: TrackedFile,
    /// The abbreviated ID of the commit, or of the object that a tag names directly.
    pub(crate) commit: String,
    /// Whether a commit introduces the version; `false` if a tag names the file or its tree
    /// directly.
    pub(crate) is_in_history: bool,
    /// The contents of the file in the parents of the commit.
    pub(crate) before: Vec<TrackedFile>,
    /// The range in [`Changes::deleted`] of the files that the commit deletes. The files before it
    /// were deleted earlier.
    pub(crate) deletions: Range<usize>,
}

impl Version {
    fn new(file: TrackedFile, commit: String) -> Self {
        Self {
            file,
            commit,
            is_in_history: true,
            before: Vec::new(),
            deletions: 0..0,
        }
    }
}

/// The changes in a push.
#[derive(Default)]
pub(crate) struct Changes {
    /// The versions that the remote lacks, oldest first and without duplicates. If a tag names a
    /// file or a tree directly, its ID takes the place of the commit's.
    pub(crate) versions: Vec<Version>,
    /// The last contents of deleted files, oldest first. Files that older commits deleted from
    /// directories to which the new commits add files, and files that a forced push replaces, come
    /// before those that the new commits delete.
    pub(crate) deleted: Vec<TrackedFile>,
    /// The paths of all files that are added, changed or deleted.
    pub(crate) paths: HashSet<PathBuf>,
}

impl From<Vec<Version>> for Changes {
    fn from(versions: Vec<Version>) -> Self {
        Self {
            versions,
            ..Self::default()
        }
    }
}

impl Changes {
    /// Parses the output of `git diff-tree`: the ID of each commit, followed by a change and a path
    /// for each file.
    pub(super) fn read(list: &[u8]) -> Self {
        let mut changes = Self::default();
        let mut seen = HashSet::new();
        let mut commit = String::new();
        let mut fields = list.split(|byte| *byte == 0);
        // The indexes of the first version and the first deletion of the current commit.
        let (mut first, mut begin) = (0, 0);
        while let Some(field) = fields.next() {
            // The last field is empty, and ends the last commit.
            if !field.starts_with(b":") {
                for version in &mut changes.versions[first..] {
                    version.deletions = begin..changes.deleted.len();
                }
                (first, begin) = (changes.versions.len(), changes.deleted.len());
                commit = short(&String::from_utf8_lossy(field)).to_owned();
                continue;
            }
            let path = fields.next().unwrap_or_default();
            let path = PathBuf::from(OsStr::from_bytes(path));
            changes.paths.insert(path.clone());
            let before = old_contents(field).into_iter().map(|blob| TrackedFile {
                path: path.clone(),
                blob,
            });
            let before: Vec<TrackedFile> = before.collect();
            let Some(blob) = new_content(field) else {
                changes.deleted.extend(before);
                continue;
            };
            let file = TrackedFile { path, blob };
            if seen.insert(file.clone()) {
                changes.versions.push(Version {
                    before,
                    ..Version::new(file, commit.clone())
                });
            }
        }
        changes
    }
}

/// A branch or tag to push, and the commits that the remote already has.
pub(crate) struct Pushed<'p> {
    /// The ID of the commit, tag or other object.
    pub(crate) tip: &'p str,
    /// Its name, such as `refs/heads/main`.
    pub(crate) name: &'p str,
    /// IDs of commits that the remote has, along with their ancestors. Unknown IDs are ignored.
    pub(crate) known: &'p [String],
    /// The fetched branches of the remote.
    pub(crate) tracking: &'p TrackingBranches,
    /// The ID of the commit to which the branch points on the remote.
    pub(crate) replaces: Option<&'p str>,
}

impl Pushed<'_> {
    /// The changes that the remote lacks, and the files of the last commit; `None` if the remote
    /// lacks nothing.
    pub(crate) fn changes<'o>(
        &self,
        root: &Path,
        objects: &'o Objects,
    ) -> Result<Option<(Changes, Snapshot<'o>)>, CommandError> {
        let missing = || {
            let message = format!("`{}` is not an object of this repository", self.tip);
            CommandError::new(Code::CannotReadInput, message)
        };
        // `^{}` dereferences tags.
        let tip = objects
            .find(&format!("{}^{{}}", self.tip))
            .ok_or_else(missing)?;
        if tip.kind == ObjectKind::Tree {
            let snapshot = Snapshot::of_commit(root, objects, &tip.id)?;
            let commit = short(&tip.id).to_owned();
            let files = snapshot.files();
            let versions = files.map(|file| Version {
                is_in_history: false,
                ..Version::new(file, commit.clone())
            });
            return Ok(Some((Vec::from_iter(versions).into(), snapshot)));
        }
        if tip.kind != ObjectKind::Commit {
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
            let empty = Snapshot::empty(root, objects);
            return Ok(Some((vec![version].into(), empty)));
        }
        let output = self.list(&tip.id)?;
        if output.is_empty() {
            return Ok(None);
        }
        let snapshot = Snapshot::of_commit(root, objects, &tip.id)?;
        let mut changes = Changes::read(&output);
        let added = changes.versions.iter();
        let added = added.filter(|version| version.before.is_empty());
        let directories: HashSet<&Path> = added
            .filter_map(|version| version.file.path.parent())
            .collect();
        let first = String::from_utf8_lossy(output.split(|byte| *byte == 0).next().unwrap_or(b""));
        let mut earlier = match objects.commit(&format!("{first}^")) {
            Some(base) if !directories.is_empty() => deleted_before(&base, &directories)?,
            _ => Vec::new(),
        };
        if let Some(old) = self.replaces.and_then(|old| objects.commit(old)) {
            earlier.extend(replaced(&old, &tip.id)?);
        }
        for version in &mut changes.versions {
            version.deletions.start += earlier.len();
            version.deletions.end += earlier.len();
        }
        changes.deleted.splice(..0, earlier);
        Ok(Some((changes, snapshot)))
    }

    /// The abbreviated ID of a new commit whose parents are missing from a shallow clone. Other new
    /// commits may be missing too.
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
        let grafted = new.lines().find(|commit| cut.contains(commit));
        Ok(grafted.map(|commit| short(commit).to_owned()))
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

    /// The changes of each new commit, parents before children. For a merge, these are the files
    /// that differ from all parents.
    fn list(&self, tip: &str) -> Result<Vec<u8>, CommandError> {
        let mut commits = self.commits(tip)?;
        let list = [&["diff-tree", "--stdin", "-c", "--root"], &RAW[..]];
        let changes = Running::start_after(&mut commits, &list.concat())?;
        let output = changes.output()?;
        commits.output()?;
        Ok(output)
    }
}

/// The files that the latest commits up to this one deleted from these directories, oldest first.
/// Empty in a partial clone, where Git would fetch old directories one by one.
fn deleted_before(
    commit: &str,
    directories: &HashSet<&Path>,
) -> Result<Vec<TrackedFile>, CommandError> {
    let mut arguments = vec!["diff-tree", "--stdin", "--no-commit-id", "--diff-filter=D"];
    arguments.extend(RAW);
    let directory = |path: &&Path| match path.to_str()? {
        "" => Some(":(top,glob)*".to_owned()),
        path => Some(format!(":(top,literal){path}")),
    };
    let named: Vec<String> = directories.iter().filter_map(directory).collect();
    if named.len() <= MOST_DIRECTORIES {
        arguments.push("--");
        arguments.extend(named.iter().map(String::as_str));
    }
    if is_partial_clone() {
        return Ok(Vec::new());
    }
    let mut commits = Running::start(&["rev-list", MOST_COMMITS, commit])?;
    let list = Running::start_after(&mut commits, &arguments)?.output()?;
    commits.output()?;
    let mut deleted = contents_before(&list);
    deleted.retain(|file| {
        let directory = file.path.parent();
        directory.is_some_and(|directory| directories.contains(directory))
    });
    deleted.reverse();
    Ok(deleted)
}

/// The files of the commit `old` that `new` changes or deletes. Empty if `new` contains `old`.
fn replaced(old: &str, new: &str) -> Result<Vec<TrackedFile>, CommandError> {
    // This fails if the history of the old commit is incomplete.
    let missing = git(&["rev-list", "--max-count=1", old, "--not", new]);
    if missing.unwrap_or_default().is_empty() {
        return Ok(Vec::new());
    }
    let compare = [&["diff-tree", "--diff-filter=DM"], &RAW[..], &[old, new]];
    Ok(contents_before(&git(&compare.concat())?))
}

/// The contents before the changes that `git diff-tree` lists.
fn contents_before(list: &[u8]) -> Vec<TrackedFile> {
    let mut files = Vec::new();
    let mut fields = list.split(|byte| *byte == 0);
    while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
        let path = PathBuf::from(OsStr::from_bytes(path));
        files.extend(old_contents(about).into_iter().map(|blob| TrackedFile {
            path: path.clone(),
            blob,
        }));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_the_deletions_up_to_its_commit() {
        let (first, second) = ("1".repeat(40), "2".repeat(40));
        let none = "0".repeat(40);
        let list = [
            first.clone(),
            format!(":100644 000000 {first} {none} D"),
            "a".to_owned(),
            format!(":000000 100644 {none} {second} A"),
            "b".to_owned(),
            second.clone(),
            format!(":000000 100644 {none} {second} A"),
            "a".to_owned(),
            String::new(),
        ];
        let Changes {
            versions,
            deleted,
            paths,
        } = Changes::read(list.join("\0").as_bytes());
        assert!(versions.iter().all(|version| version.before.is_empty()));
        let deletions = versions.iter().map(|version| version.deletions.clone());
        assert!(deletions.eq([0..1, 1..1]));
        let deleted = deleted.iter().map(|file| (&file.path, &*file.blob));
        assert!(deleted.eq([(&PathBuf::from("a"), &*first)]));
        assert_eq!(paths, HashSet::from(["a", "b"].map(PathBuf::from)));
    }

    #[test]
    fn each_version_has_the_first_commit_that_contains_it() {
        let (first, second, third) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
        let none = "0".repeat(40);
        let list = [
            first.clone(),
            format!(":000000 100644 {none} {first} A"),
            "a".to_owned(),
            format!(":000000 120000 {none} {second} A"),
            "link".to_owned(),
            second.clone(),
            format!(":100644 000000 {first} {none} D"),
            "a".to_owned(),
            third.clone(),
            format!("::000000 100644 100755 {none} {first} {first} AM"),
            "a".to_owned(),
            format!("::000000 100644 100644 {none} {first} {second} AM"),
            ":b\n".to_owned(),
            String::new(),
        ];
        let versions = Changes::read(list.join("\0").as_bytes()).versions;
        assert!(versions[0].before.is_empty());
        let before = |version: &Version| -> Vec<String> {
            let files = version.before.iter();
            files.map(|file| file.blob.clone()).collect()
        };
        assert_eq!(before(&versions[1]), std::slice::from_ref(&first));
        let actual: Vec<_> = versions
            .iter()
            .map(|version| {
                let path = version.file.path.to_str().unwrap();
                (&*version.commit, path, &*version.file.blob)
            })
            .collect();
        assert_eq!(
            actual,
            [
                (&first[..10], "a", &*first),
                (&third[..10], ":b\n", &*second)
            ]
        );
    }
}
