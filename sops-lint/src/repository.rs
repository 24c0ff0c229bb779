//! Findings that need all files: creation rules that match no file, and encrypted files that Flux
//! cannot decrypt.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::flux::{FluxTree, Problem};
use crate::linter::Linter;
use crate::rule::Severity;

/// Collects the [`Facts`] of files. Its size grows with configurations, kustomizations and
/// encrypted files, not with other files.
#[derive(Debug, Default)]
pub struct Repository {
    used: BTreeSet<(PathBuf, usize)>,
    configurations: BTreeMap<PathBuf, Vec<(usize, Finding)>>,
    flux: Option<FluxTree>,
    /// The findings about Flux, by file and site.
    flux_findings: BTreeMap<PathBuf, Vec<Option<Finding>>>,
    remotes: Vec<String>,
}

impl Repository {
    /// Adds the facts of the file at an absolute path.
    pub fn add(&mut self, path: &Path, root: &Path, facts: Facts) {
        self.used.extend(facts.creation_rule);
        if let Some(configuration) = facts.configuration {
            self.configurations
                .insert(path.to_owned(), configuration.unused);
        }
        let flux = self.flux.get_or_insert_with(|| FluxTree::new(root));
        if !facts.flux.findings.is_empty() {
            self.flux_findings
                .insert(path.to_owned(), facts.flux.findings);
        }
        flux.add(path, facts.flux.facts);
    }

    /// Sets the URLs of the repository's remotes, which identify its source in Flux.
    pub fn set_remotes(&mut self, urls: Vec<String>) {
        self.remotes = urls;
    }

    /// The findings that need all files.
    pub fn finish(mut self, linter: &Linter) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (file, unused) in &self.configurations {
            let unused = unused
                .iter()
                .filter(|(rule, _)| !self.used.contains(&(file.clone(), *rule)));
            findings.extend(unused.map(|(_, finding)| finding.clone()));
        }
        findings.extend(self.flux_findings());
        linter.finish(&mut findings);
        findings
    }

    fn flux_findings(&mut self) -> Vec<Finding> {
        let Some(mut tree) = self.flux.take() else {
            return Vec::new();
        };
        tree.set_remotes(self.remotes.iter().map(String::as_str));
        let applied = tree.applied();
        // Several Kustomizations may build the same file.
        let mut problems: BTreeSet<Problem> = tree.kustomize_problems().into_iter().collect();
        let mut builds = HashSet::new();
        for kustomization in &applied.kustomizations {
            problems.extend(kustomization.patch_problems());
            problems.extend(kustomization.missing_decryption());
            let shared = kustomization.shared_problems();
            let new = shared.filter(|shared| builds.insert(Rc::as_ptr(shared)));
            problems.extend(new.iter().flat_map(|problems| problems.iter().cloned()));
        }
        let mut places = BTreeSet::new();
        let mut findings = Vec::new();
        for problem in problems {
            let Some(file) = problem.file() else { continue };
            let site = self
                .flux_findings
                .get(file)
                .and_then(|findings| findings.get(problem.site));
            let Some(Some(finding)) =
                site.filter(|_| places.insert((file.to_owned(), problem.site)))
            else {
                continue;
            };
            let mut finding = finding.clone();
            finding.message = problem.message().to_owned();
            finding.help(problem.help());
            findings.push(finding);
        }
        if !applied.is_complete() {
            findings.extend(self.incomplete(&tree));
        }
        findings
    }

    /// The finding that not all Kustomizations were followed, at the first of them.
    fn incomplete(&self, tree: &FluxTree) -> Option<Finding> {
        let (file, site) = tree.first_kustomization()?;
        let mut finding = self.flux_findings.get(file)?.get(site)?.clone()?;
        "too many of Flux's Kustomizations build each other's directories: not all were checked"
            .clone_into(&mut finding.message);
        finding.severity(Severity::Warning);
        finding.help("give each Kustomization a `path` of its own");
        Some(finding)
    }
}
