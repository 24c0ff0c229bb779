//! A file to check, and how to reach the files around it.

use std::path::Path;

use sops_core::config::Config;

/// A file to check.
#[non_exhaustive]
pub struct Input<'i> {
    /// The name of the file in findings.
    pub name: &'i str,
    /// Its absolute path. Nothing has to exist there.
    pub path: &'i Path,
    /// Its content.
    pub bytes: &'i [u8],
    /// The configuration that applies to it, if there is one.
    pub config: Option<&'i Config>,
    /// The files of its repository.
    pub tree: &'i dyn Tree,
}

impl<'i> Input<'i> {
    /// The file that findings call `name`, at an absolute path where nothing has to exist. It has
    /// no configuration, and no files around it.
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

    /// With the configuration that applies to the file.
    #[must_use]
    pub fn with_config(mut self, config: impl Into<Option<&'i Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// In a repository with these files.
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

/// What kind of file it turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// It was read in a format, and all rules for that format were applied.
    Read,
    /// A template of manifests, such as one of Helm: only secrets in its text were looked for.
    Template,
    /// No format that the rules know: only secrets in its text were looked for.
    Other,
}
