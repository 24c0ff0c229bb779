//! The files that differ between commits, the index and the working tree, as `git diff` finds them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::program::{Running, git};
use crate::command_error::{Code, CommandError, name_of};

/// A file that differs.
pub(crate) struct ChangedFile {
    pub(crate) old: Option<FileVersion>,
    pub(crate) new: Option<FileVersion>,
    /// Whether a merge left it with conflicts.
    pub(crate) is_unmerged: bool,
}

/// A version of a regular file.
pub(crate) struct FileVersion {
    /// The path relative to the root.
    pub(crate) path: PathBuf,
    /// The ID of the content in Git; `None` if that is not known.
    pub(crate) blob: Option<String>,
    /// Whether the file in the working tree is compared, if it exists. Git prints an ID of it too
    /// in some cases, although it has not stored the content.
    pub(crate) is_in_working_tree: bool,
}

/// The sides of a comparison, named as in the arguments of `git diff`.
#[derive(Default)]
pub(crate) struct Compared {
    /// The IDs of at most two trees.
    pub(crate) trees: Vec<String>,
    /// Whether the index is compared instead of the working tree.
    pub(crate) is_index: bool,
    pub(crate) paths: Vec<PathBuf>,
}

/// The error about a word that names neither a revision nor a file.
fn unknown(word: &Path) -> CommandError {
    if word == Path::new("HEAD") {
        let message = "this repository has no commits yet";
        return CommandError::new(Code::CannotReadInput, message);
    }
    let message = format!("`{}` is neither a revision nor a file", name_of(word));
    CommandError::new(Code::CannotReadInput, message)
        .hint("to name a file that does not exist now, put `--` before its path")
}

impl Compared {
    /// Reads the arguments: up to two revisions or a range, and then paths. After a `--`, all are
    /// paths.
    pub(crate) fn read(
        words: &[PathBuf],
        paths: &[PathBuf],
        is_index: bool,
    ) -> Result<Self, CommandError> {
        let mut compared = Self {
            is_index,
            ..Self::default()
        };
        for word in words {
            let trees = match word.to_str().filter(|_| compared.paths.is_empty()) {
                Some(revision) => trees(revision),
                None => None,
            };
            match trees {
                Some(trees) => compared.trees.extend(trees),
                None if word.symlink_metadata().is_ok() => compared.paths.push(word.clone()),
                None => {
                    return Err(unknown(word));
                }
            }
        }
        compared.paths.extend_from_slice(paths);
        let most = if is_index { 1 } else { 2 };
        if compared.trees.len() > most {
            let message = format!("too many revisions: expected at most {most}");
            return Err(CommandError::new(Code::CannotReadInput, message));
        }
        Ok(compared)
    }

    /// The files that differ, in the order of their paths.
    pub(crate) fn files(&self) -> Result<Vec<ChangedFile>, CommandError> {
        let mut arguments = vec![
            "-c",
            "diff.relative=false",
            "diff",
            "--raw",
            "-z",
            "--no-abbrev",
            "--find-renames",
            "--no-ext-diff",
            "--no-color",
            "--ignore-submodules",
        ];
        if self.is_index {
            arguments.push("--cached");
        }
        arguments.extend(self.trees.iter().map(String::as_str));
        arguments.push("--");
        for path in &self.paths {
            arguments.push(path.to_str().ok_or_else(|| {
                let message = format!("{} is not UTF-8; pass its directory instead", name_of(path));
                CommandError::new(Code::CannotReadInput, message)
            })?);
        }
        let has_working_tree = !self.is_index && self.trees.len() < 2;
        let output = Running::start(&arguments)?.output()?;
        Ok(files(&output, has_working_tree))
    }
}

/// The trees of a revision, or of both ends of a range; `None` if the word is neither.
fn trees(word: &str) -> Option<Vec<String>> {
    let or_head = |name: &str| match name {
        "" => "HEAD".to_owned(),
        name => name.to_owned(),
    };
    if let Some((old, new)) = word.split_once("...") {
        let (old, new) = (or_head(old), or_head(new));
        let base = git(&["merge-base", "--end-of-options", &old, &new]).ok()?;
        let base = String::from_utf8(base).ok()?;
        return [base.trim(), &new].into_iter().map(tree).collect();
    }
    if let Some((old, new)) = word.split_once("..") {
        return [or_head(old), or_head(new)]
            .iter()
            .map(|name| tree(name))
            .collect();
    }
    if let Some(commit) = word.strip_suffix("^!") {
        return [format!("{commit}^"), commit.to_owned()]
            .iter()
            .map(|name| tree(name))
            .collect();
    }
    Some(vec![tree(word)?])
}

/// The tree of a revision, such as `HEAD` or `:/subject`. A directory such as `HEAD:apps` does not
/// count, because its paths start elsewhere.
fn tree(revision: &str) -> Option<String> {
    let id = verified(revision)?;
    let kind = git(&["cat-file", "-t", &id]).ok()?;
    match kind.trim_ascii() {
        b"commit" | b"tag" => verified(&format!("{id}^{{tree}}")),
        b"tree" if !revision.contains(':') => Some(id),
        _ => None,
    }
}

/// The ID of an object.
fn verified(name: &str) -> Option<String> {
    let id = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", name]).ok()?;
    // Some versions of Git print the option.
    let id = String::from_utf8(id).ok()?;
    id.lines().last().map(str::to_owned)
}

/// Parses the output of `git diff --raw -z`: `:mode mode blob blob status`, and one or two paths.
/// `has_working_tree` says whether the new version is in the working tree.
fn files(output: &[u8], has_working_tree: bool) -> Vec<ChangedFile> {
    let mut files: Vec<ChangedFile> = Vec::new();
    let mut fields = output.split(|byte| *byte == 0);
    while let Some(about) = fields.next().filter(|about| !about.is_empty()) {
        let about = String::from_utf8_lossy(about);
        let words: Vec<&str> = about.split(' ').collect();
        let Some(first) = fields.next() else { break };
        let is_unmerged = about.starts_with("::") || words.last() == Some(&"U");
        if is_unmerged {
            files.push(ChangedFile::unmerged(path_of(first)));
            continue;
        }
        let &[old_mode, new_mode, old_blob, new_blob, status] = &words[..] else {
            continue;
        };
        let second = match status.starts_with(['R', 'C']) {
            true => fields.next().unwrap_or(first),
            false => first,
        };
        let version = |mode: &str, blob: &str, path: &[u8], is_in_working_tree| {
            let is_unknown = blob.bytes().all(|digit| digit == b'0');
            mode.starts_with("100").then(|| FileVersion {
                path: path_of(path),
                blob: (!is_unknown).then(|| blob.to_owned()),
                is_in_working_tree,
            })
        };
        let old = version(old_mode.trim_start_matches(':'), old_blob, first, false);
        let new = version(new_mode, new_blob, second, has_working_tree);
        // Git lists a file with conflicts a second time, with one side.
        let path = new.as_ref().or(old.as_ref()).map(|version| &version.path);
        let is_listed = |file: &ChangedFile| {
            file.is_unmerged && file.new.as_ref().map(|version| &version.path) == path
        };
        if path.is_some() && !files.iter().rev().take(1).any(is_listed) {
            files.push(ChangedFile {
                old,
                new,
                is_unmerged: false,
            });
        }
    }
    files
}

impl ChangedFile {
    fn unmerged(path: PathBuf) -> Self {
        Self {
            old: None,
            new: Some(FileVersion {
                path,
                blob: None,
                is_in_working_tree: true,
            }),
            is_unmerged: true,
        }
    }
}

fn path_of(bytes: &[u8]) -> PathBuf {
    Path::new(OsStr::from_bytes(bytes)).to_owned()
}
