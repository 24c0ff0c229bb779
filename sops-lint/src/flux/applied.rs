//! A Kustomization with all its patches, as Flux applies it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use super::budget::Budget;
use super::build::{Build, Role};
use super::json_value::text;
use super::paths::path_of;
use super::source::SourceOrigin;
use super::tree::FluxTree;

/// The Kustomizations that Flux applies.
#[derive(Debug)]
#[non_exhaustive]
pub struct Applied<'t> {
    /// The Kustomizations, each with the patches of its parents.
    pub kustomizations: Vec<AppliedKustomization<'t>>,
    pub(super) budget: Rc<Budget>,
}

impl Applied<'_> {
    /// Whether all Kustomizations were followed so far, and all their problems found. There is a
    /// limit for repositories in which thousands of Kustomizations build each other's directories.
    pub fn is_complete(&self) -> bool {
        !self.budget.is_spent()
    }
}

/// A Kustomization as Flux applies it, with the patches of its parents.
#[derive(Debug)]
pub struct AppliedKustomization<'t> {
    pub(super) tree: &'t FluxTree,
    /// The file and the site of the Kustomization; `None` for one in the cluster.
    pub(super) site: Option<(&'t Path, usize)>,
    pub(super) value: Value,
    pub(super) origin: SourceOrigin,
    pub(super) build: Option<Rc<Build<'t>>>,
    /// The budget that all Kustomizations of the repository share.
    pub(super) budget: Rc<Budget>,
}

/// How a Kustomization decrypts, from its `spec.decryption`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decryption<'a> {
    /// The field is missing, or has no provider.
    Missing,
    /// The field names a provider that Flux does not have.
    OtherProvider(&'a str),
    /// With the keys of a Secret in the Kustomization's namespace.
    Secret(&'a str),
    /// As a service account, whose workload identity may use cloud keys.
    ServiceAccount(&'a str),
    /// With the keys of the whole controller: those of `--sops-age-secret`, or its workload
    /// identity.
    Controller,
}

impl<'t> AppliedKustomization<'t> {
    /// The absolute path of the file; `None` for a Kustomization in the cluster.
    pub fn file(&self) -> Option<&'t Path> {
        self.site.map(|(file, _)| file)
    }

    /// The name of the Kustomization.
    pub fn name(&self) -> &str {
        text(&self.value, &["metadata", "name"]).unwrap_or_default()
    }

    /// The namespace that it is applied to, if stated.
    pub fn namespace(&self) -> Option<&str> {
        text(&self.value, &["metadata", "namespace"])
    }

    /// The kind and the name of its source.
    pub fn source(&self) -> (&str, &str) {
        let field = |key| text(&self.value, &["spec", "sourceRef", key]).unwrap_or_default();
        (field("kind"), field("name"))
    }

    /// The repository that its files come from.
    pub fn origin(&self) -> SourceOrigin {
        self.origin
    }

    /// The path in the repository, as written.
    pub fn path(&self) -> &str {
        text(&self.value, &["spec", "path"]).unwrap_or("./")
    }

    /// The absolute path of the directory that it builds, if its source is this repository.
    pub fn directory(&self) -> PathBuf {
        path_of(self.tree.root(), &self.value["spec"])
    }

    /// How it decrypts.
    pub fn decryption(&self) -> Decryption<'_> {
        let field = |path: &[&str]| {
            text(&self.value, &[&["spec", "decryption"], path].concat())
                .filter(|text| !text.is_empty())
        };
        match field(&["provider"]) {
            None => Decryption::Missing,
            Some("sops") => match (
                field(&["secretRef", "name"]),
                field(&["serviceAccountName"]),
            ) {
                (Some(secret), _) => Decryption::Secret(secret),
                (None, Some(account)) => Decryption::ServiceAccount(account),
                (None, None) => Decryption::Controller,
            },
            Some(provider) => Decryption::OtherProvider(provider),
        }
    }

    /// Whether Flux decrypts the files that it builds.
    pub(super) fn decrypts(&self) -> bool {
        !matches!(
            self.decryption(),
            Decryption::Missing | Decryption::OtherProvider(_)
        )
    }

    /// The encrypted files that it builds, if its source is this repository.
    pub fn encrypted_files(&self) -> BTreeSet<&'t Path> {
        let files = self.build.iter().flat_map(|build| &build.files);
        let encrypted = files.filter(|file| file.facts.encrypted.is_some());
        encrypted.map(|file| file.path).collect()
    }

    /// The files of this repository that the build reads, as far as they matter to Flux.
    pub fn read_files(&self) -> impl Iterator<Item = &'t Path> {
        let files = self.own_build().into_iter().flat_map(|build| &build.files);
        files.map(|file| file.path)
    }

    /// Whether the build reads a file of this repository, or a directory with it.
    pub fn covers(&self, file: &Path) -> bool {
        self.own_build().is_some_and(|build| build.covers(file))
    }

    /// The build, if its files are in this repository.
    pub(super) fn own_build(&self) -> Option<&Build<'t>> {
        self.build
            .as_deref()
            .filter(|_| self.origin != SourceOrigin::Other)
    }

    /// Whether a file is built as objects.
    pub(super) fn is_resource(role: &Role<'_>) -> bool {
        matches!(role, Role::Resource)
    }
}
