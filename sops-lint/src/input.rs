//! A file to check, and how to reach the files around it.

use std::path::Path;

use sops_core::config::Config;

/// A file to check.
#[non_exhaustive]
pub struct Input<'i> {
    /// The name of the file in findings.
    pub name: &'i str,
    /// The absolute path of the file, which need not exist.
    pub path: &'i Path,
    /// The content of the file.
    pub bytes: &'i [u8],
    /// The configuration that applies to it, if there is one.
    pub config: Option<&'i Config>,
    /// The other files of the repository.
    pub tree: &'i dyn Tree,
}

impl<'i> Input<'i> {
    /// An input with this name in findings and this absolute path, which need not exist. It has no
    /// configuration and no other files.
    #[must_use]
    pub fn new(name: &'i str, path: &'i Path, bytes: &'i [u8]) -> Self {
        Self {
            name,
            path,
            bytes,
            config: None,
            tree: &NoTree,
        }
    }

    /// Sets the configuration that applies to the file.
    #[must_use]
    pub fn with_config(mut self, config: impl Into<Option<&'i Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// Sets the files of the repository.
    #[must_use]
    pub fn in_tree(mut self, tree: &'i dyn Tree) -> Self {
        self.tree = tree;
        self
    }
}

impl Input<'_> {
    /// The path from the root of the repository.
    pub(crate) fn place(&self) -> String {
        let relative = self.path.strip_prefix(self.tree.root());
        relative.unwrap_or(self.path).to_string_lossy().into_owned()
    }
}

/// The files of a repository, for the rules that follow a path from one to another.
pub trait Tree: Sync {
    /// The content of the file at an absolute path, if it belongs to the repository.
    fn read(&self, path: &Path) -> Option<Vec<u8>>;

    /// The root directory of the repository, an absolute path.
    fn root(&self) -> &Path;
}

/// A repository without other files.
pub struct NoTree;

impl Tree for NoTree {
    fn read(&self, _: &Path) -> Option<Vec<u8>> {
        None
    }

    fn root(&self) -> &Path {
        Path::new("/")
    }
}

/// How a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// The file was read in a format, and all rules for that format were applied.
    Read,
    /// A template of manifests, such as a Helm template: only secrets in its text were looked for.
    Template,
    /// Any other file: only secrets in its text were looked for.
    Other,
}
