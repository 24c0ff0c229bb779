//! What one file tells about the repository, for the rules that need all files.

use std::path::PathBuf;

use crate::finding::Finding;

/// What the rules for a whole repository need to know of one file.
#[derive(Debug, Default)]
pub struct Facts {
    /// The configuration and the number of the creation rule that the file is for.
    pub(crate) creation_rule: Option<(PathBuf, usize)>,
    /// Whether it is an encrypted manifest.
    pub(crate) encrypted_manifest: bool,
    /// The configuration, with the creation rules that it has and the place of each.
    pub(crate) configuration: Option<Configuration>,
    /// Kustomizations of Flux that decrypt nothing, with the paths that they apply.
    pub(crate) flux: Vec<(Finding, String)>,
    /// What a kustomization includes, relative to its directory.
    pub(crate) resources: Vec<String>,
    /// Where a patch configures Kustomizations of Flux to decrypt: the kustomization's own directory, or paths that Flux applies.
    pub(crate) patched: Vec<Patched>,
}

impl Facts {
    /// The findings that may be reported when all files are known.
    pub(crate) fn findings(&mut self) -> impl Iterator<Item = &mut Finding> {
        let unused = self.configuration.iter_mut();
        let unused = unused.flat_map(|configuration| &mut configuration.unused);
        let flux = self.flux.iter_mut().map(|(finding, _)| finding);
        flux.chain(unused.map(|(_, finding)| finding))
    }
}

/// A place whose Kustomizations of Flux a patch configures to decrypt.
#[derive(Debug)]
pub(crate) enum Patched {
    /// The directory of the file, and what it includes.
    Here,
    /// A path from the root of the repository.
    Path(String),
}

/// A `.sops.yaml`.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The numbers of creation rules, with the finding to report if no file matches the rule.
    pub(crate) unused: Vec<(usize, Finding)>,
}
