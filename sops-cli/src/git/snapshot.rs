//! The files of Git's index or of a commit, by path. Paths are looked up in Git's own list, because
//! a name such as `0:x`, or one with a line break, has another meaning in a request to Git.
//! Symbolic links are followed within the repository.

use std::collections::{HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use sops_lint::Tree;

use super::objects::Objects;
use super::program::git;
use crate::command_error::{Code, CommandError, name_of};

/// The maximum number of links that are followed for one path, as on Linux.
const MOST_LINKS: usize = 40;

/// The IDs of an empty file in SHA-1 and SHA-256 repositories.
const EMPTY: [&str; 2] = [
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
];

/// A regular file in the index or in a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TrackedFile {
    /// The path relative to the root of the repository.
    pub(crate) path: PathBuf,
    /// The ID of the content.
    pub(crate) blob: String,
}

/// The files of the index or of a commit.
pub(crate) struct Snapshot<'o> {
    root: PathBuf,
    objects: &'o Objects,
    /// The name for messages.
    name: String,
    list: Vec<u8>,
    /// The entries, sorted by path.
    entries: Vec<TreeEntry>,
}

/// An entry of the list, as byte ranges.
struct TreeEntry {
    kind: EntryKind,
    blob: Range<usize>,
    path: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    File,
    Link,
}

/// The result of following links.
struct Resolved {
    /// `None` if the path leaves the repository or is a cycle.
    end: Option<PathBuf>,
    /// The links that were followed.
    links: Vec<PathBuf>,
}

impl<'o> Snapshot<'o> {
    /// The arguments with which Git lists the index.
    pub(crate) const LIST_INDEX: [&'static str; 5] =
        ["ls-files", "--stage", "--full-name", "-z", ":/"];

    /// The snapshot of the index, from the output of [`Self::LIST_INDEX`].
    pub(crate) fn of_index(root: &Path, objects: &'o Objects, list: Vec<u8>) -> Self {
        Self::new(root, objects, "Git's index".to_owned(), list)
    }

    /// Removes files with these names that were added with `git add --intent-to-add`: the index
    /// lists them as empty, and the next commit does not include them. Git is called only if a file
    /// is empty, because the call reads the working tree.
    pub(crate) fn leave_out_intended(&mut self, names: &[&str]) -> Result<(), CommandError> {
        let is_named = |path: &[u8]| {
            let name = path.rsplit(|byte| *byte == b'/').next();
            names.iter().any(|wanted| name == Some(wanted.as_bytes()))
        };
        let mut empty = self.entries.iter().filter(|entry| {
            let blob = &self.list[entry.blob.clone()];
            is_named(&self.list[entry.path.clone()])
                && EMPTY.iter().any(|empty| blob == empty.as_bytes())
        });
        if empty.next().is_none() {
            return Ok(());
        }
        let intended = git(&["diff-files", "--name-only", "--diff-filter=A", "-z"])?;
        let intended: HashSet<&[u8]> = intended.split(|byte| *byte == 0).collect();
        self.entries
            .retain(|entry| !intended.contains(&self.list[entry.path.clone()]));
        Ok(())
    }

    /// The snapshot of a commit or a tree, by ID.
    pub(crate) fn of_commit(
        root: &Path,
        objects: &'o Objects,
        id: &str,
    ) -> Result<Self, CommandError> {
        let list = git(&["ls-tree", "-r", "--full-tree", "-z", id])?;
        let name = format!("commit {}", short(id));
        Ok(Self::new(root, objects, name, list))
    }

    /// The empty state before the first commit.
    pub(crate) fn empty(root: &Path, objects: &'o Objects) -> Self {
        Self::new(root, objects, String::new(), Vec::new())
    }

    fn new(root: &Path, objects: &'o Objects, name: String, list: Vec<u8>) -> Self {
        let mut entries = entries(&list);
        entries
            .sort_unstable_by(|left, right| list[left.path.clone()].cmp(&list[right.path.clone()]));
        Self {
            root: root.to_owned(),
            objects,
            name,
            list,
            entries,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// All regular files.
    pub(crate) fn files(&self) -> impl Iterator<Item = TrackedFile> {
        let files = self.entries.iter();
        files
            .filter(|entry| entry.kind == EntryKind::File)
            .map(|entry| self.file(entry))
    }

    /// The regular file at this path relative to the root, or the regular files below it.
    pub(crate) fn files_at(&self, path: &Path) -> Vec<TrackedFile> {
        let path = path.as_os_str().as_bytes();
        let is_below = |entry: &TreeEntry| match self.list[entry.path.clone()].strip_prefix(path) {
            Some(rest) => path.is_empty() || rest.is_empty() || rest.starts_with(b"/"),
            None => false,
        };
        // `a-b` sorts between `a` and `a/b`.
        let begin = self
            .entries
            .partition_point(|entry| self.list[entry.path.clone()] < *path);
        let candidates = self.entries[begin..].iter();
        candidates
            .take_while(|entry| self.list[entry.path.clone()].starts_with(path))
            .filter(|entry| entry.kind == EntryKind::File && is_below(entry))
            .map(|entry| self.file(entry))
            .collect()
    }

    /// The regular files directly in a directory relative to the root.
    pub(crate) fn files_in(&self, directory: &Path) -> impl Iterator<Item = TrackedFile> {
        let mut begin = directory.as_os_str().as_bytes().to_vec();
        if !begin.is_empty() {
            begin.push(b'/');
        }
        let first = self
            .entries
            .partition_point(|entry| self.list[entry.path.clone()] < *begin);
        let name = move |entry: &TreeEntry| self.list[entry.path.clone()].strip_prefix(&*begin);
        let below = self.entries[first..]
            .iter()
            .map_while(move |entry| Some((entry, name(entry)?)));
        let files =
            below.filter(|(entry, name)| entry.kind == EntryKind::File && !name.contains(&b'/'));
        files.map(|(entry, _)| self.file(entry))
    }

    /// The regular files with a matching name, in any directory.
    pub(crate) fn files_named(
        &self,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> impl Iterator<Item = TrackedFile> {
        let is_named = move |entry: &&TreeEntry| {
            let path = &self.list[entry.path.clone()];
            let name = path.iter().rposition(|byte| *byte == b'/');
            is_wanted(&path[name.map_or(0, |slash| slash + 1)..])
        };
        let files = self.entries.iter().filter(is_named);
        files
            .filter(|entry| entry.kind == EntryKind::File)
            .map(|entry| self.file(entry))
    }

    /// Whether there is a file or link at this path relative to the root.
    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.entry(path).is_some()
    }

    /// Whether the snapshot contains this file with this content.
    pub(crate) fn has(&self, file: &TrackedFile) -> bool {
        self.entry(&file.path)
            .is_some_and(|entry| self.list[entry.blob.clone()] == *file.blob.as_bytes())
    }

    /// The content of a file, which may be from another snapshot.
    pub(crate) fn content(&self, file: &TrackedFile) -> Result<Vec<u8>, CommandError> {
        self.objects
            .blob(&file.blob)
            .ok_or_else(|| missing_content(&file.path))
    }

    /// The contents of files, which may be from another snapshot; `None` for missing ones.
    pub(crate) fn contents(&self, files: &[&TrackedFile]) -> Vec<Option<Vec<u8>>> {
        let ids: Vec<&str> = files.iter().map(|file| &*file.blob).collect();
        self.objects.blobs(&ids)
    }

    /// The content of the file at an absolute path, following links; `None` if there is no such
    /// file.
    ///
    /// # Errors
    /// The path is a link that does not lead to a file of the snapshot.
    pub(crate) fn read_file(&self, path: &Path) -> Result<Option<Vec<u8>>, CommandError> {
        let Some(start) = path.strip_prefix(&self.root).ok().and_then(clean) else {
            return Ok(None);
        };
        let is_link = self
            .entry(&start)
            .is_some_and(|entry| entry.kind == EntryKind::Link);
        let end = self.resolve(&start).end;
        let end = end.and_then(|end| self.blob(&end, EntryKind::File));
        match end.map(|blob| self.objects.blob(&blob)) {
            Some(Some(content)) => Ok(Some(content)),
            None if !is_link => Ok(None),
            None => {
                let message = format!(
                    "the symbolic link points to a file that is not in {}",
                    self.name
                );
                Err(CommandError::new(Code::CannotReadInput, message)
                    .in_file(&name_of(path))
                    .hint("`git add` the file that it points to, or replace the link with a file"))
            }
            Some(None) => Err(missing_content(path)),
        }
    }

    /// The directories in which the file with this name is a link to or through one of these paths.
    pub(crate) fn linked_by(&self, name: &str, paths: &HashSet<PathBuf>) -> Vec<PathBuf> {
        let links = self.entries.iter();
        let links = links
            .filter(|entry| entry.kind == EntryKind::Link)
            .map(|entry| self.path(entry))
            .filter(|link| link.ends_with(name));
        links
            .filter(|link| {
                let resolved = self.resolve(link);
                let mut on_the_way = resolved.links.iter().chain(&resolved.end);
                on_the_way.any(|path| paths.contains(path))
            })
            .filter_map(|link| link.parent().map(Path::to_owned))
            .collect()
    }

    fn resolve(&self, path: &Path) -> Resolved {
        let mut links = Vec::new();
        let mut at = PathBuf::new();
        let names = |path: &Path| -> VecDeque<OsString> {
            let names = path.components().map(|name| name.as_os_str().to_owned());
            names.collect()
        };
        let mut ahead = names(path);
        while let Some(name) = ahead.pop_front() {
            match Path::new(&name).components().next() {
                Some(Component::CurDir) | None => continue,
                Some(Component::ParentDir) if at.pop() => continue,
                Some(Component::Normal(name)) => at.push(name),
                Some(_) => return Resolved { end: None, links },
            }
            if let Some(blob) = self.blob(&at, EntryKind::Link) {
                let target = self.objects.blob(&blob);
                let Some(target) = target.filter(|_| links.len() < MOST_LINKS) else {
                    return Resolved { end: None, links };
                };
                links.push(at.clone());
                at.pop();
                let mut target = names(Path::new(OsStr::from_bytes(&target)));
                target.append(&mut ahead);
                ahead = target;
            }
        }
        Resolved {
            end: Some(at),
            links,
        }
    }

    fn entry(&self, path: &Path) -> Option<&TreeEntry> {
        let path = path.as_os_str().as_bytes();
        let index = self
            .entries
            .binary_search_by(|entry| self.list[entry.path.clone()].cmp(path));
        index.ok().map(|index| &self.entries[index])
    }

    /// The ID of the blob at a path, if the entry is of this kind.
    fn blob(&self, path: &Path, kind: EntryKind) -> Option<String> {
        let entry = self.entry(path).filter(|entry| entry.kind == kind)?;
        Some(self.file(entry).blob)
    }

    fn file(&self, entry: &TreeEntry) -> TrackedFile {
        TrackedFile {
            path: self.path(entry),
            blob: String::from_utf8_lossy(&self.list[entry.blob.clone()]).into_owned(),
        }
    }

    fn path(&self, entry: &TreeEntry) -> PathBuf {
        OsString::from_vec(self.list[entry.path.clone()].to_vec()).into()
    }
}

impl Tree for Snapshot<'_> {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.read_file(path).ok().flatten()
    }

    fn root(&self) -> &Path {
        &self.root
    }
}

/// The error about a file whose content is missing, for example from a partial clone.
pub(crate) fn missing_content(path: &Path) -> CommandError {
    let message = "the file's content is missing from the repository's objects";
    CommandError::new(Code::CannotReadInput, message)
        .in_file(&name_of(path))
        .hint("run `git fetch`, and `git fsck` if the content is still missing")
}

/// Parses lines of the form `mode blob stage` or `mode kind blob`, each followed by a tab and a
/// path.
fn entries(list: &[u8]) -> Vec<TreeEntry> {
    let mut entries = Vec::new();
    let mut start = 0;
    for line in list.split(|byte| *byte == 0) {
        let begin = start;
        start += line.len() + 1;
        let Some(tab) = line.iter().position(|byte| *byte == b'\t') else {
            continue;
        };
        let kind = match &line[..tab.min(3)] {
            b"100" => EntryKind::File,
            b"120" => EntryKind::Link,
            _ => continue,
        };
        // The mode has 6 digits.
        let rest = &line[tab.min(7)..tab];
        let blob = match rest.strip_prefix(b"blob ") {
            Some(blob) => tab - blob.len()..tab,
            // Stages other than 0 are the sides of a conflict.
            None if rest.ends_with(b" 0") => tab.min(7)..tab - 2,
            None => continue,
        };
        entries.push(TreeEntry {
            kind,
            blob: begin + blob.start..begin + blob.end,
            path: begin + tab + 1..begin + line.len(),
        });
    }
    entries
}

/// An abbreviated ID.
pub(super) fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// The path relative to the root without `.` and `..`; `None` if it leaves the repository.
pub(super) fn clean(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => clean.pop().then_some(())?,
            Component::Normal(part) => clean.push(part),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_links_are_found_in_both_list_formats() {
        let id = "0123456789012345678901234567890123456789";
        let long = id.repeat(2)[..64].to_owned();
        let index = format!(
            "100644 {id} 0\ta\tb\x00100755 {long} 0\tc\nd\x00120000 {id} 0\tlink\x00160000 {id} 0\tinner\x00100644 {id} 2\tours\x00"
        );
        let tree = format!(
            "100644 blob {id}\ta\tb\x00100755 blob {long}\tc\nd\x00120000 blob {id}\tlink\x00160000 commit {id}\tinner\x00"
        );
        for list in [index, tree] {
            let entries = entries(list.as_bytes());
            let actual: Vec<_> = entries
                .iter()
                .map(|entry| (&list[entry.path.clone()], &list[entry.blob.clone()]))
                .collect();
            assert_eq!(actual, [("a\tb", id), ("c\nd", &*long), ("link", id)]);
            assert!(entries[2].kind == EntryKind::Link);
        }
        assert!(entries(b"").is_empty());
        assert!(entries(b"\t\x00100644\t\x00x\ty\x00").is_empty());
    }
}
