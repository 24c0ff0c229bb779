//! What one file tells about the repository, for the rules that need all files.

use std::path::PathBuf;

use crate::finding::Finding;

/// What is to be known of a file when all have been seen.
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
    /// What a kustomization takes in, from its folder on.
    pub(crate) resources: Vec<String>,
    /// Where Kustomizations of Flux are told to decrypt by a patch: the kustomization's own folder, or paths that Flux applies.
    pub(crate) patched: Vec<Patched>,
}

/// A place whose Kustomizations of Flux a patch tells to decrypt.
#[derive(Debug)]
pub(crate) enum Patched {
    /// The folder of the file, and what it takes in.
    Here,
    /// A path from the repository's folder on.
    Path(String),
}

/// A `.sops.yaml` that was seen.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// For each rule the finding that no file has met it.
    pub(crate) unused: Vec<Finding>,
}
