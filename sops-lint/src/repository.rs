//! What only shows when all files have been seen: rules that no file meets, and folders that are applied without being decrypted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::linter::Linter;
use crate::report::Facts;

/// Gathers what files tell. It grows with folders and configurations, not with files.
#[derive(Debug, Default)]
pub struct Repository {
    used: BTreeSet<(PathBuf, usize)>,
    configurations: BTreeMap<PathBuf, Vec<Finding>>,
    encrypted_folders: BTreeSet<PathBuf>,
    flux: Vec<(Finding, PathBuf)>,
}

impl Repository {
    /// Takes what the file at that absolute path tells.
    pub fn add(&mut self, path: &Path, root: &Path, facts: Facts) {
        self.used.extend(facts.creation_rule);
        if let Some(configuration) = facts.configuration {
            self.configurations
                .insert(path.to_owned(), configuration.unused);
        }
        if facts.encrypted_manifest
            && let Some(folder) = path.parent()
            && !self.encrypted_folders.contains(folder)
        {
            self.encrypted_folders.insert(folder.to_owned());
        }
        for (finding, applied) in facts.flux {
            let applied = applied.trim_start_matches(['.', '/']);
            self.flux.push((finding, root.join(applied)));
        }
    }

    /// What is found now that all files have been seen.
    pub fn finish(self, linter: &Linter) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (file, unused) in self.configurations {
            let unused = unused.into_iter().enumerate();
            let unused = unused.filter(|(rule, _)| !self.used.contains(&(file.clone(), *rule)));
            findings.extend(unused.map(|(_, finding)| finding));
        }
        for (finding, applied) in self.flux {
            let mut folders = self.encrypted_folders.range(applied.clone()..);
            if folders
                .next()
                .is_some_and(|folder| folder.starts_with(&applied))
            {
                findings.push(finding);
            }
        }
        linter.finish(&mut findings);
        findings
    }
}
