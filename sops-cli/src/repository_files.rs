//! The encrypted files of a repository, and the `path_regex` of its creation rules.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sops_core::config::Config;
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, Error, format_of_encrypted};

use crate::batch::{Leftovers, items};
use crate::command_error::CommandError;
use crate::config::nearest::{CONFIG_FILE, on_disk};
use crate::git::{Objects, Snapshot, TrackedFile, git};
use crate::input::read_repository_file;
use crate::parallel::{self, ItemsPerThread};
use crate::proposal;

/// The files in the working tree that Git does not ignore, together with the files that a sparse
/// checkout leaves out. Paths are relative to the root.
#[derive(Default)]
pub(crate) struct RepositoryFiles {
    pub(crate) encrypted: Vec<PathBuf>,
    pub(crate) plaintext: Vec<PathBuf>,
    /// The `path_regex` of each creation rule, with the directory of its configuration relative to
    /// the root.
    pub(crate) path_regexes: Vec<(String, String)>,
}

impl RepositoryFiles {
    pub(crate) fn find(root: &Path) -> Result<Self, CommandError> {
        let items = items(std::iter::once(root), Leftovers::Keep)?;
        let paths = items
            .iter()
            .filter_map(|item| item.path.strip_prefix(root).ok());
        let paths: Vec<PathBuf> = paths
            .filter(|path| !is_in_other_repository(root, path))
            .map(Path::to_owned)
            .collect();
        let mut files = Self::default();
        let are_encrypted = parallel::map(&paths, ItemsPerThread::Many, |path| {
            let content = read_repository_file(&root.join(path));
            content.is_ok_and(|content| is_encrypted(path, &content))
        });
        for (path, is_encrypted) in paths.into_iter().zip(are_encrypted) {
            if path.file_name().is_some_and(|name| name == CONFIG_FILE) {
                files.path_regexes.extend(path_regexes(root, &path));
            }
            match is_encrypted {
                // A proposal is accepted or deleted, and never merged.
                true if proposal::target(&path).is_some() => {}
                true => files.encrypted.push(path),
                false => files.plaintext.push(path),
            }
        }
        files.add_sparse(root)?;
        files.encrypted.sort_unstable();
        files.path_regexes.sort_unstable();
        Ok(files)
    }

    /// Adds the files that are only in the index.
    fn add_sparse(&mut self, root: &Path) -> Result<(), CommandError> {
        let objects = Objects::open()?;
        let index = Snapshot::of_index(root, &objects, git(&Snapshot::LIST_INDEX)?);
        let is_missing = |file: &TrackedFile| fs::symlink_metadata(root.join(&file.path)).is_err();
        let missing: Vec<TrackedFile> = index.files().filter(is_missing).collect();
        let contents = index.contents(&missing.iter().collect::<Vec<_>>());
        for (file, content) in missing.into_iter().zip(contents) {
            match content.is_some_and(|content| is_encrypted(&file.path, &content)) {
                true if proposal::target(&file.path).is_some() => {}
                true => self.encrypted.push(file.path),
                false => self.plaintext.push(file.path),
            }
        }
        Ok(())
    }
}

/// Whether the content is that of an encrypted file, which may have conflicts.
pub(crate) fn is_encrypted(path: &Path, content: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(content) else {
        return false;
    };
    text.contains(CIPHERTEXT_PREFIX) && {
        let parsed = EncryptedDocument::parse(text, format_of_encrypted(path, content));
        !matches!(parsed, Err(Error::NotEncrypted))
    }
}

/// Whether a file is in a submodule, to which the attributes of the repository around it do not
/// apply.
fn is_in_other_repository(root: &Path, path: &Path) -> bool {
    let mut directories = path.ancestors().skip(1);
    directories.any(|directory| {
        !directory.as_os_str().is_empty()
            && fs::symlink_metadata(root.join(directory).join(".git")).is_ok()
    })
}

/// The expressions of a configuration. Other commands report an invalid one.
fn path_regexes(root: &Path, file: &Path) -> Vec<(String, String)> {
    let directory = file.parent().unwrap_or(Path::new(""));
    let Some(name) = str::from_utf8(directory.as_os_str().as_bytes()).ok() else {
        return Vec::new();
    };
    let absolute = root.join(file);
    let config = match on_disk(&absolute) {
        Ok(Some(text)) => Config::parse(&text, &absolute, &root.join(directory)).ok(),
        _ => None,
    };
    let rules = config.iter().filter_map(Config::creation_rules).flatten();
    let expressions = rules.filter_map(|rule| rule.path_regex.clone());
    expressions
        .map(|expression| (name.to_owned(), expression))
        .collect()
}
