//! The versions of a file in conflict, which Git keeps in its index until the conflict is resolved.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::objects::Objects;
use super::program::{Running, git};
use crate::command_error::CommandError;

/// A file in conflict.
pub(crate) struct UnmergedFile {
    /// The path from the root of the repository.
    pub(crate) path: PathBuf,
    /// The base, ours and theirs, as far as they exist.
    versions: [Option<Vec<u8>>; 3],
    /// The merge that already committed the file, if it is not the current one.
    merge: Option<String>,
}

impl UnmergedFile {
    /// The versions of the file in the index; `None` if it has no conflict, or there is no
    /// repository.
    pub(crate) fn find(file: &Path) -> Result<Option<Self>, CommandError> {
        Self::matching(":(literal)", file)
    }

    /// Like [`Self::find`], for a path from the root of the repository.
    pub(crate) fn find_from_root(file: &Path) -> Result<Option<Self>, CommandError> {
        Self::matching(":(top,literal)", file)
    }

    fn matching(magic: &str, file: &Path) -> Result<Option<Self>, CommandError> {
        // Git must not read the path as a pattern.
        let mut pathspec = OsString::from(magic);
        pathspec.push(file);
        let mut files = list("--unmerged", &pathspec)?;
        Ok((!files.is_empty()).then(|| files.swap_remove(0)))
    }

    /// The versions of a file that was added without being resolved. Git keeps them after the commit
    /// too, until it changes the working tree.
    pub(crate) fn added(file: &Path) -> Result<Option<Self>, CommandError> {
        let mut pathspec = OsString::from(":(literal)");
        pathspec.push(file);
        let mut files = list("--resolve-undo", &pathspec)?;
        Ok((!files.is_empty()).then(|| files.swap_remove(0)))
    }

    /// The versions that a merge combined, if the last merge that changed the file committed this
    /// `content`, which must be damaged: it has conflict markers, or someone chose its ciphertexts
    /// by hand. If another commit damaged the file, the versions of the merge are of no use.
    pub(crate) fn of_committed_merge(
        file: &Path,
        content: &[u8],
    ) -> Result<CommittedMerge, CommandError> {
        let mut pathspec = OsString::from(":(literal)");
        pathspec.push(file);
        let arguments = ["ls-files", "--full-name", "-z", "--"].map(OsStr::new);
        let arguments = [&arguments[..], &[&*pathspec]].concat();
        let listed = Running::start(&arguments)?
            .try_output()?
            .unwrap_or_default();
        let path = listed.strip_suffix(b"\0").unwrap_or(&listed);
        match path.is_empty() {
            true => Ok(CommittedMerge::Nothing),
            false => Self::merged_in("HEAD", Path::new(OsStr::from_bytes(path)), content),
        }
    }

    /// Like [`Self::of_committed_merge`], for a path from the root of the repository in a commit
    /// and its history.
    pub(crate) fn merged_in(
        commit: &str,
        path: &Path,
        content: &[u8],
    ) -> Result<CommittedMerge, CommandError> {
        let Some(name) = path.to_str() else {
            return Ok(CommittedMerge::Nothing);
        };
        let pathspec = format!(":(top,literal){name}");
        let last_merge = [
            "rev-list",
            "--max-count=1",
            "--merges",
            commit,
            "--",
            &pathspec,
        ];
        let merge = git(&last_merge)
            .ok()
            .and_then(|id| String::from_utf8(id).ok());
        let merge = merge.unwrap_or_default();
        let merge = merge.trim_end();
        let objects = Objects::open()?;
        let version = |commit: &str| objects.blob(&format!("{commit}:{name}"));
        if merge.is_empty() || version(merge).as_deref() != Some(content) {
            return Ok(CommittedMerge::Nothing);
        }
        // A merge of several branches, or with several common ancestors, is not repeated.
        let parents = git(&["rev-list", "--parents", "--max-count=1", merge])?;
        let parents = String::from_utf8(parents).unwrap_or_default();
        let sides: Vec<&str> = parents.split_whitespace().skip(1).collect();
        let [ours, theirs] = sides[..] else {
            return Ok(CommittedMerge::Unrepeatable);
        };
        // Without a base, as in a shallow clone, removed values and recipients would come back.
        let bases = git(&["merge-base", "--all", ours, theirs]).unwrap_or_default();
        let bases = String::from_utf8(bases).unwrap_or_default();
        let [base] = bases.split_whitespace().collect::<Vec<_>>()[..] else {
            return Ok(CommittedMerge::Unrepeatable);
        };
        let versions = [base, ours, theirs].map(&version);
        // A side without the file renamed or deleted it.
        let has_both = versions[1].is_some() && versions[2].is_some();
        Ok(match has_both {
            true => CommittedMerge::Found(Self {
                path: path.to_owned(),
                versions,
                merge: Some(merge.to_owned()),
            }),
            false => CommittedMerge::Unrepeatable,
        })
    }

    /// Whether a file with this content is the result of this conflict: the last commit has our
    /// version or, if it has the content, the commit before the one that changed the file does.
    pub(crate) fn is_of_last_change(&self, content: &[u8]) -> Result<bool, CommandError> {
        let Some(path) = self.path.to_str() else {
            return Ok(false);
        };
        let objects = Objects::open()?;
        let version = |commit: &str| objects.blob(&format!("{commit}:{path}"));
        let head = version("HEAD");
        if head.as_deref() != Some(content) {
            return Ok(head.as_deref() == self.ours());
        }
        let pathspec = format!(":(top,literal){path}");
        let last = git(&["rev-list", "--max-count=1", "HEAD", "--", &pathspec])?;
        let last = String::from_utf8(last).unwrap_or_default();
        Ok(version(&format!("{}^", last.trim_end())).as_deref() == self.ours())
    }

    /// The merge that already committed the file, if it is not the current one.
    pub(crate) fn merge(&self) -> Option<&str> {
        self.merge.as_deref()
    }

    pub(crate) fn base(&self) -> Option<&[u8]> {
        self.versions[0].as_deref()
    }

    pub(crate) fn ours(&self) -> Option<&[u8]> {
        self.versions[1].as_deref()
    }

    /// Whether a version has this text.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let mut versions = self.versions.iter().flatten();
        versions.any(|version| str::from_utf8(version).is_ok_and(|version| version.contains(text)))
    }

    pub(crate) fn theirs(&self) -> Option<&[u8]> {
        self.versions[2].as_deref()
    }
}

/// What is known of the merge that committed a file.
pub(crate) enum CommittedMerge {
    /// No merge committed this content.
    Nothing,
    /// The merge had more than two sides, or not exactly one common ancestor, or a side renamed or
    /// deleted the file.
    Unrepeatable,
    Found(UnmergedFile),
}

/// All files in conflict, by their paths from the root of the repository.
pub(crate) fn unmerged_files() -> Result<Vec<UnmergedFile>, CommandError> {
    list("--unmerged", OsStr::new(":/"))
}

/// The files in conflict that match, now or before they were added; none outside of a repository.
fn list(which: &str, pathspec: &OsStr) -> Result<Vec<UnmergedFile>, CommandError> {
    let flags = ["ls-files", which, "--full-name", "-z", "--"];
    let arguments = [&flags.map(OsStr::new)[..], &[pathspec]].concat();
    let Ok(list) = Running::start(&arguments)?.try_output()? else {
        return Ok(Vec::new());
    };
    let mut files: Vec<UnmergedFile> = Vec::new();
    if list.is_empty() {
        return Ok(files);
    }
    let objects = Objects::open()?;
    for entry in list.split(|byte| *byte == 0) {
        let Some((path, stage, id)) = stage(entry) else {
            continue;
        };
        if files.last().is_none_or(|file| file.path != path) {
            files.push(UnmergedFile {
                path,
                versions: [None, None, None],
                merge: None,
            });
        }
        if let Some(file) = files.last_mut() {
            file.versions[stage - 1] = objects.blob(id);
        }
    }
    Ok(files)
}

/// The path, the stage from 1 to 3 and the ID of the blob in a line of `git ls-files`.
fn stage(entry: &[u8]) -> Option<(PathBuf, usize, &str)> {
    let tab = entry.iter().position(|byte| *byte == b'\t')?;
    let path = PathBuf::from(OsStr::from_bytes(&entry[tab + 1..]));
    let mut fields = str::from_utf8(&entry[..tab]).ok()?.split(' ').skip(1);
    let (id, stage) = (fields.next()?, fields.next()?);
    let stage = stage.parse().ok().filter(|stage| (1..=3).contains(stage))?;
    Some((path, stage, id))
}
