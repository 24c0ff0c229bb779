//! What one file tells about the repository, for the rules that need all files.

use std::path::PathBuf;

use crate::finding::Finding;
use crate::flux::FluxFacts;

/// What the rules for a whole repository need to know of one file.
#[derive(Debug, Default)]
pub struct Facts {
    /// The configuration and the number of the creation rule that the file is for.
    pub(crate) creation_rule: Option<(PathBuf, usize)>,
    /// The configuration, with the creation rules that it has and the place of each.
    pub(crate) configuration: Option<Configuration>,
    /// What the file says about Flux.
    pub(crate) flux: FluxFileFacts,
}

impl Facts {
    /// The findings that may be reported when all files are known.
    pub(crate) fn findings(&mut self) -> impl Iterator<Item = &mut Finding> {
        let unused = self.configuration.iter_mut();
        let unused = unused.flat_map(|configuration| &mut configuration.unused);
        let flux = self.flux.findings.iter_mut().flatten();
        flux.chain(unused.map(|(_, finding)| finding))
    }
}

/// What a file says about Flux, with a finding to report for each of its sites.
#[derive(Debug, Default)]
pub(crate) struct FluxFileFacts {
    pub(crate) facts: FluxFacts,
    /// By the index of the site; `None` where the finding is allowed.
    pub(crate) findings: Vec<Option<Finding>>,
}

/// A `.sops.yaml`.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The numbers of creation rules, with the finding to report if no file matches the rule.
    pub(crate) unused: Vec<(usize, Finding)>,
}
