//! Facts about one file for the rules that need all files of the repository.

use std::path::PathBuf;

use crate::finding::Finding;
use crate::flux::FluxFacts;

/// The facts about one file that the rules for a whole repository need.
#[derive(Debug, Default)]
pub struct Facts {
    /// The configuration and the number of the creation rule that the file is for.
    pub(crate) creation_rule: Option<(PathBuf, usize)>,
    /// The creation rules that the file has, if it is a configuration.
    pub(crate) configuration: Option<Configuration>,
    /// The facts about Flux in the file.
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

/// The facts about Flux in a file, with a finding to report for each of its sites.
#[derive(Debug, Default)]
pub(crate) struct FluxFileFacts {
    pub(crate) facts: FluxFacts,
    /// The findings, by the index of the site; `None` where the finding is allowed.
    pub(crate) findings: Vec<Option<Finding>>,
}

/// A `.sops.yaml`.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The numbers of creation rules, with the finding to report if no file matches the rule.
    pub(crate) unused: Vec<(usize, Finding)>,
}
