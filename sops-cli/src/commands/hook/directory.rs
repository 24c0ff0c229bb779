//! The directory in which Git looks for hooks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::{env, fs};

use crate::command_error::{Code, CommandError, name_of};
use crate::git::{GitRepository, git};

/// The directory that hooks are written to.
pub(super) struct HooksDirectory {
    pub(super) path: PathBuf,
    /// The root of the working tree.
    pub(super) root: PathBuf,
    /// Whether the directory is in the working tree, so that its files can be committed.
    pub(super) is_in_working_tree: bool,
    /// Whether other repositories use the directory too.
    pub(super) is_shared: bool,
    /// Why hooks are not written to the directory: it does not exist and is outside the repository
    /// and the home directory, or a link in the working tree, which may have been committed, leads
    /// to it.
    refusal: Option<&'static str>,
    /// Whether husky runs the hooks, with `sh -e`.
    pub(super) is_of_husky: bool,
    /// Whether Git will look for hooks elsewhere once husky is installed.
    pub(super) is_until_husky: bool,
}

impl HooksDirectory {
    /// The directory for the current repository, which may be a worktree or a submodule, or have
    /// `core.hooksPath` set.
    pub(super) fn find() -> Result<Self, CommandError> {
        let repository = GitRepository::found(GitRepository::look_up()?)?;
        repository.require_working_tree()?;
        let root = repository.root;
        let own = path_of(&git(&["rev-parse", "--git-common-dir"])?)
            .canonicalize()
            .map_err(|error| CommandError::input("the directory of the repository", &error))?;
        // This command fails if the setting does not exist.
        let Ok(configured) = git(&["config", "--path", "--get", "core.hooksPath"]) else {
            return Ok(Self {
                path: own.join("hooks"),
                is_until_husky: root.join(".husky").is_dir(),
                root,
                is_in_working_tree: false,
                is_shared: false,
                is_of_husky: false,
                refusal: None,
            });
        };
        let configured = path_of(&configured);
        if [Path::new(""), Path::new("/dev/null")].contains(&&*configured) {
            let message = format!(
                "`core.hooksPath` is `{}`, so Git runs no hooks",
                name_of(&configured)
            );
            return Err(CommandError::new(Code::Generic, message)
                .hint("`git config --show-origin core.hooksPath` shows where that is set"));
        }
        // Git runs hooks in the root, so a relative path starts there.
        let path = root.join(configured);
        let home = env::home_dir().filter(|home| home.parent().is_some());
        let home = home.unwrap_or_else(|| root.clone());
        let is_missing = !path.exists() && !is_inside(&path, &[&root, &own, &home]);
        let above = path.parent().unwrap_or(&root);
        // Each `npm install` generates the files of `_`; they run the files with the same names in
        // the parent directory.
        let is_of_husky =
            path.ends_with("_") && (above.ends_with(".husky") || path.join("h").exists());
        let path = if is_of_husky { above } else { &path };
        let is_in_repository = path.starts_with(&own);
        let is_below_root =
            path.starts_with(&root) && !path.components().any(|part| part == Component::ParentDir);
        let leads_out = is_below_root && !is_inside(path, &[&root, &own, &home]);
        let refusal = match () {
            () if is_missing => Some("which does not exist and is outside the repository"),
            () if leads_out => Some("which leads out of the repository through a symbolic link"),
            () => None,
        };
        Ok(Self {
            is_in_working_tree: path.starts_with(&root) && !is_in_repository,
            is_shared: !path.starts_with(&root) && !is_in_repository,
            is_until_husky: false,
            refusal,
            is_of_husky: is_of_husky || path.ends_with(".husky"),
            path: path.to_owned(),
            root,
        })
    }

    /// Creates the directory if it does not exist.
    pub(super) fn create(&self) -> Result<(), CommandError> {
        let Some(refusal) = self.refusal else {
            return fs::create_dir_all(&self.path)
                .map_err(|error| CommandError::output(name_of(&self.path), &error));
        };
        let message = format!(
            "`core.hooksPath` is {}, {refusal}; no hook was written",
            name_of(&self.path)
        );
        Err(CommandError::new(Code::Generic, message).hint(
            "create the directory, or set `core.hooksPath` to its path without the symbolic link; to use the repository's own directory, run `git config --unset core.hooksPath`; `git config --show-origin core.hooksPath` shows where it is set",
        ))
    }
}

/// Whether a directory, which may be missing, is inside one of the existing ones.
fn is_inside(path: &Path, existing: &[&Path]) -> bool {
    let mut above = path.ancestors();
    let above = above.find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, real)) = above else {
        return false;
    };
    // `..` after a missing directory may lead anywhere.
    let missing = path.strip_prefix(above).unwrap_or(path);
    let mut missing = missing.components();
    let mut existing = existing.iter().filter_map(|path| path.canonicalize().ok());
    missing.all(|part| matches!(part, Component::Normal(_)))
        && existing.any(|existing| real.starts_with(existing))
}

/// A path that Git printed.
fn path_of(line: &[u8]) -> PathBuf {
    OsStr::from_bytes(line.strip_suffix(b"\n").unwrap_or(line)).into()
}
