//! A file to check, and the files around it.

use std::path::Path;

use sops_core::config::Config;

/// A file that is to be looked at.
pub struct Input<'i> {
    /// What findings call it.
    pub name: &'i str,
    /// Its absolute path; it need not be there.
    pub path: &'i Path,
    /// Its content.
    pub bytes: &'i [u8],
    /// The configuration that holds for it.
    pub config: Option<&'i Config>,
    /// The files around it.
    pub tree: &'i dyn Tree,
}

impl Input<'_> {
    /// The path from the repository's folder on.
    pub(crate) fn place(&self) -> String {
        let place = self.path.strip_prefix(self.tree.root());
        place.unwrap_or(self.path).to_string_lossy().into_owned()
    }
}

/// The files of a repository, for the rules that follow a path from one to another.
pub trait Tree: Sync {
    /// The content of the file at an absolute path, if it belongs to the repository.
    fn read(&self, path: &Path) -> Option<Vec<u8>>;

    /// The folder of the repository, an absolute path.
    fn root(&self) -> &Path;
}

/// No files around.
pub struct NoTree;

impl Tree for NoTree {
    fn read(&self, _: &Path) -> Option<Vec<u8>> {
        None
    }

    fn root(&self) -> &Path {
        Path::new("/")
    }
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// All rules that fit its form were asked.
    Read,
    /// A template that makes manifests, as those of Helm: private keys were looked for.
    Template,
    /// A form that no rule knows: private keys were looked for.
    Other,
}
