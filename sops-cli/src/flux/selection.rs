//! The Kustomizations and files that the user asks about: those at a path, and what belongs to them.

use std::collections::BTreeSet;
use std::path::Path;

use sops_lint::flux::AppliedKustomization;

/// A part of a repository.
pub(crate) struct Selection<'a> {
    /// The canonical path that the user named.
    path: &'a Path,
    /// The Kustomizations to check.
    pub(crate) kustomizations: Vec<&'a AppliedKustomization<'a>>,
}

impl<'a> Selection<'a> {
    /// Selects the Kustomizations at the path and those that they build, and those that build
    /// encrypted files at the path. Those in the cluster are always selected.
    pub(crate) fn of(path: &'a Path, all: &'a [AppliedKustomization<'a>]) -> Self {
        let is_named = |kustomization: &AppliedKustomization<'_>| {
            let file = kustomization.file();
            file.is_none_or(|file| file.starts_with(path))
                || kustomization
                    .encrypted_files()
                    .iter()
                    .any(|file| file.starts_with(path))
        };
        let (mut kustomizations, mut others): (Vec<_>, Vec<_>) = all
            .iter()
            .partition(|kustomization| is_named(kustomization));
        // A cluster's own state decides about its Kustomizations, not its view of the repository.
        let in_files = kustomizations.iter().filter(|own| own.file().is_some());
        let mut read: BTreeSet<&Path> = in_files.flat_map(|own| own.read_files()).collect();
        loop {
            let (built, rest): (Vec<_>, Vec<_>) = others
                .into_iter()
                .partition(|other| other.file().is_some_and(|file| read.contains(file)));
            others = rest;
            if built.is_empty() {
                return Self {
                    path,
                    kustomizations,
                };
            }
            read.extend(built.iter().flat_map(|own| own.read_files()));
            kustomizations.extend(built);
        }
    }

    /// Whether a file is at the path, or is built by one of the Kustomizations.
    pub(crate) fn has(&self, file: &Path) -> bool {
        let mut kustomizations = self.kustomizations.iter();
        file.starts_with(self.path) || kustomizations.any(|own| own.covers(file))
    }
}
