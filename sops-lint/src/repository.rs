//! What only shows when all files have been checked: creation rules that match no file, and directories that Flux applies without decrypting.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::facts::{Facts, Patched};
use crate::finding::Finding;
use crate::linter::Linter;

/// Collects the [`Facts`] of files. Its size grows with directories, configurations and kustomizations, not with other files.
#[derive(Debug, Default)]
pub struct Repository {
    used: BTreeSet<(PathBuf, usize)>,
    configurations: BTreeMap<PathBuf, Vec<(usize, Finding)>>,
    encrypted_folders: BTreeSet<PathBuf>,
    /// What the kustomization of a directory includes: files and directories.
    resources: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Directories whose Kustomizations of Flux a patch configures to decrypt.
    patched: Vec<PathBuf>,
    /// Each with the directory that it is in and the one that it applies.
    flux: Vec<(Finding, PathBuf, PathBuf)>,
}

impl Repository {
    /// Takes the facts of the file at an absolute path.
    pub fn add(&mut self, path: &Path, root: &Path, facts: Facts) {
        self.used.extend(facts.creation_rule);
        if let Some(configuration) = facts.configuration {
            self.configurations
                .insert(path.to_owned(), configuration.unused);
        }
        let folder = path.parent().unwrap_or(root);
        if facts.encrypted_manifest && !self.encrypted_folders.contains(folder) {
            self.encrypted_folders.insert(folder.to_owned());
        }
        if !facts.resources.is_empty() {
            let resources = facts.resources.iter().map(|path| clean(&folder.join(path)));
            self.resources
                .insert(folder.to_owned(), resources.collect());
        }
        // Flux's paths begin at the root, however they are written.
        let applied = |path: &str| clean(&root.join(path.trim_start_matches(['.', '/'])));
        self.patched
            .extend(facts.patched.iter().map(|patched| match patched {
                Patched::Here => folder.to_owned(),
                Patched::Path(path) => applied(path),
            }));
        for (finding, path) in facts.flux {
            self.flux.push((finding, folder.to_owned(), applied(&path)));
        }
    }

    /// The findings that need all files.
    pub fn finish(self, linter: &Linter) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (file, unused) in &self.configurations {
            let unused = unused
                .iter()
                .filter(|(rule, _)| !self.used.contains(&(file.clone(), *rule)));
            findings.extend(unused.map(|(_, finding)| finding.clone()));
        }
        let patched = self.taken_in(self.patched.clone());
        for (finding, folder, applied) in &self.flux {
            let is_patched = folder.ancestors().any(|place| patched.contains(place));
            let places = self.taken_in(vec![applied.clone()]);
            if !is_patched && places.iter().any(|place| self.has_encrypted(place)) {
                findings.push(finding.clone());
            }
        }
        linter.finish(&mut findings);
        findings
    }

    /// The directories, with everything that the kustomizations in them include from elsewhere.
    fn taken_in(&self, mut open: Vec<PathBuf>) -> BTreeSet<PathBuf> {
        let mut all = BTreeSet::new();
        while let Some(place) = open.pop() {
            if all.insert(place.clone()) {
                let below = self.resources.range(place.clone()..);
                let below = below.take_while(|(folder, _)| folder.starts_with(&place));
                open.extend(below.flat_map(|(_, resources)| resources.iter().cloned()));
            }
        }
        all
    }

    /// Whether encrypted manifests are in a directory or below it.
    fn has_encrypted(&self, place: &Path) -> bool {
        let mut folders = self.encrypted_folders.range(place.to_owned()..);
        folders
            .next()
            .is_some_and(|folder| folder.starts_with(place))
    }
}

/// The path without `..` and `.`.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(clean.pop()),
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    clean
}
