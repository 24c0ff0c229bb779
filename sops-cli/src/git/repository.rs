//! The repository that contains the working directory.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::program::{Running, git};
use super::snapshot::clean;
use crate::command_error::{Code, CommandError, name_of};

pub(crate) struct GitRepository {
    /// The root of the working tree; without one, the working directory.
    pub(crate) root: PathBuf,
    /// The directory in which the user called Git, relative to the root.
    pub(crate) called_in: PathBuf,
    pub(crate) has_working_tree: bool,
}

impl GitRepository {
    /// Starts the lookup; [`Self::found`] takes the result.
    pub(crate) fn look_up() -> Result<Running, CommandError> {
        Running::start(&["rev-parse", "--is-inside-work-tree", "--show-prefix"])
    }

    pub(crate) fn found(running: Running) -> Result<Self, CommandError> {
        let output = running.try_output()?.map_err(|failure| {
            let message = failure.reason.clone();
            failure.error(message)
        })?;
        let here = env::current_dir()
            .map_err(|error| CommandError::input("the working directory", &error))?;
        refuse_committed_repository(&here)?;
        let Some(prefix) = output.strip_prefix(b"true\n") else {
            let elsewhere = working_tree_elsewhere();
            return Ok(Self {
                has_working_tree: elsewhere.is_some(),
                root: elsewhere.unwrap_or(here),
                called_in: PathBuf::new(),
            });
        };
        let prefix = Path::new(OsStr::from_bytes(
            prefix.strip_suffix(b"\n").unwrap_or(prefix),
        ));
        let root = here.ancestors().nth(prefix.components().count());
        let root = root.unwrap_or(&here).to_owned();
        // Git runs hooks in the root, and passes the user's directory in a variable.
        let called_in = match prefix.as_os_str().is_empty() {
            true => env::var_os("GIT_PREFIX").map_or_else(PathBuf::new, PathBuf::from),
            false => prefix.to_owned(),
        };
        Ok(Self {
            root,
            called_in,
            has_working_tree: true,
        })
    }

    /// A path of the working directory, relative to the root of the repository. Outside of the
    /// working tree, paths start at its root, as in Git.
    pub(crate) fn inside(&self, path: &Path) -> Result<PathBuf, CommandError> {
        let here = env::current_dir()
            .map_err(|error| CommandError::input("the working directory", &error))?;
        let is_outside = self.has_working_tree && !here.starts_with(&self.root);
        let path = if is_outside { &self.root } else { &here }.join(path);
        let clean = clean(path.strip_prefix("/").unwrap_or(&path)).unwrap_or_default();
        let clean = Path::new("/").join(clean);
        let inside = clean.strip_prefix(&self.root);
        Ok(inside.unwrap_or(&clean).to_owned())
    }

    /// Fails if the repository has no working tree, because no commit is possible then.
    pub(crate) fn require_working_tree(&self) -> Result<(), CommandError> {
        if self.has_working_tree {
            return Ok(());
        }
        let message = "there is no working tree here: this is a bare repository, or a directory inside `.git`";
        Err(CommandError::new(Code::CannotReadInput, message)
            .hint("change to a directory of the working tree"))
    }
}

/// The root of the working tree that Git works on, if the variables of Git name a repository.
/// Without them, it is the one above the working directory, and Git need not be asked.
pub(crate) fn root_by_variables() -> Option<PathBuf> {
    let mut names = ["GIT_DIR", "GIT_WORK_TREE"].into_iter();
    if !names.any(|name| env::var_os(name).is_some()) {
        return None;
    }
    let repository = GitRepository::found(GitRepository::look_up().ok()?).ok()?;
    repository.has_working_tree.then_some(repository.root)
}

/// The root of the working tree that `GIT_WORK_TREE` or the configuration names, if the working
/// directory is not in it.
fn working_tree_elsewhere() -> Option<PathBuf> {
    let root = git(&["rev-parse", "--show-toplevel"]).ok()?;
    let root = root.strip_suffix(b"\n").filter(|root| !root.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(root)))
}

/// Whether Git fetches old versions only when they are read, from a server that the repository
/// names.
pub(super) fn is_partial_clone() -> bool {
    let settings = r"^(remote\..*\.promisor|extensions\.partialclone)$";
    // This fails if both settings are missing.
    git(&["config", "--get-regexp", settings]).is_ok()
}

/// Rejects a bare repository inside the working tree of another repository, unless `GIT_DIR` names
/// it. It may have been committed there, and its configuration can make Git run programs.
fn refuse_committed_repository(here: &Path) -> Result<(), CommandError> {
    if env::var_os("GIT_DIR").is_some() {
        return Ok(());
    }
    let is_bare = |directory: &Path| {
        directory.join("HEAD").is_file()
            && ["objects", "refs"].map(|name| directory.join(name).is_dir()) == [true; 2]
    };
    let is_inside_git = |path: &Path| path.iter().any(|name| name == ".git");
    // Git uses the first directory that is a repository.
    let mut ancestors = here.ancestors();
    let first = ancestors.find(|directory| directory.join(".git").exists() || is_bare(directory));
    let Some(bare) = first.filter(|first| !first.join(".git").exists()) else {
        return Ok(());
    };
    let around = bare.ancestors().skip(1);
    let around = around
        .filter(|directory| directory.join(".git/HEAD").is_file())
        .find(|directory| !is_inside_git(bare.strip_prefix(directory).unwrap_or(bare)));
    let Some(around) = around else {
        return Ok(());
    };
    let message = format!(
        "{} is a bare repository in the working tree of {}: its configuration, which may have been committed there, can run programs",
        name_of(bare),
        name_of(around)
    );
    Err(CommandError::new(Code::CannotReadInput, message)
        .hint("change to a directory outside of the bare repository, or, if that repository is yours, set GIT_DIR to it"))
}
