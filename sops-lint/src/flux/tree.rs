//! The files of a repository that have facts about Flux.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::facts::FluxFacts;
use super::json_value::text;
use super::kustomize_file::{KustomizeFile, Purpose};
use super::paths::clean;
use super::site::SiteId;
use super::source::{Source, Sources};

/// The files of a repository that have facts about Flux, and the objects of a cluster.
#[derive(Debug, Default)]
pub struct FluxTree {
    pub(super) root: PathBuf,
    pub(super) files: BTreeMap<PathBuf, FluxFacts>,
    /// The directories with a kustomization, and its file.
    pub(super) kustomizations: HashMap<PathBuf, PathBuf>,
    pub(super) sources: Sources,
    /// Kustomizations in a cluster.
    pub(super) live: Vec<Value>,
}

impl FluxTree {
    /// Creates a tree without files for the repository at this absolute path.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ..Self::default()
        }
    }

    /// Adds the facts of the file at an absolute path.
    pub fn add(&mut self, path: &Path, facts: FluxFacts) {
        if facts.is_empty() {
            return;
        }
        self.sources.known.extend(facts.sources.iter().cloned());
        facts
            .kustomizations
            .iter()
            .for_each(|(kustomization, _)| self.sources.add_use(&kustomization["spec"]));
        if facts.kustomize.is_some()
            && let Some(directory) = path.parent()
        {
            self.kustomizations
                .insert(directory.to_owned(), path.to_owned());
        }
        self.files.insert(path.to_owned(), facts);
    }

    /// Sets the URLs of the repository's remotes.
    pub fn set_remotes<'u>(&mut self, urls: impl IntoIterator<Item = &'u str>) {
        self.sources.set_remotes(urls.into_iter());
    }

    /// Adds a GitRepository, OCIRepository or Bucket of the cluster; other objects are ignored.
    pub fn add_source(&mut self, object: &Value) {
        self.sources.known.extend(Source::of(object));
    }

    /// Adds a Kustomization of the cluster, which already has all patches.
    pub fn add_live(&mut self, kustomization: Value) {
        self.live.push(kustomization);
    }

    /// Whether a Kustomization in a file names the same source.
    pub fn names_source_of(&self, kustomization: &Value) -> bool {
        let source = |object: &Value| object["spec"]["sourceRef"].clone();
        let mut known = self
            .files
            .values()
            .flat_map(|facts| &facts.kustomizations)
            .peekable();
        let reference = source(kustomization);
        let is_same = |other: Value| {
            ["kind", "name"]
                .iter()
                .all(|key| text(&other, &[key]) == text(&reference, &[key]))
        };
        known.peek().is_none() || known.any(|(known, _)| is_same(source(known)))
    }

    /// The Secrets with keys that files set for the whole controller, with `--sops-age-secret`.
    pub fn controller_secrets(&self) -> BTreeSet<&str> {
        let names = self
            .files
            .values()
            .flat_map(|facts| &facts.controller_secrets);
        names.map(String::as_str).collect()
    }

    /// The first Kustomization in a file: the file, and the site in it.
    pub(crate) fn first_kustomization(&self) -> Option<(&Path, SiteId)> {
        self.files.iter().find_map(|(path, facts)| {
            let (_, site) = facts.kustomizations.first()?;
            Some((path.as_path(), *site))
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn file(&self, path: &Path) -> Option<(&Path, &FluxFacts)> {
        self.files
            .get_key_value(path)
            .map(|(path, facts)| (path.as_path(), facts))
    }

    /// The kustomization of a directory.
    pub(super) fn kustomization_in(&self, directory: &Path) -> Option<(&Path, &KustomizeFile)> {
        let (path, facts) = self.file(self.kustomizations.get(directory)?)?;
        Some((path, facts.kustomize.as_ref()?))
    }

    /// The nearest directory above a path that has a kustomization.
    pub(super) fn kustomization_above<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        let mut above = path
            .ancestors()
            .skip(1)
            .take_while(|directory| directory.starts_with(&self.root));
        above.find(|directory| self.kustomization_in(directory).is_some())
    }

    pub(super) fn paths_below<'t>(
        &'t self,
        directory: &Path,
    ) -> impl Iterator<Item = &'t Path> + use<'t> {
        let directory = directory.to_owned();
        let below = self.files.range(directory.clone()..);
        below
            .map(|(path, _)| path.as_path())
            .take_while(move |path| path.starts_with(&directory))
    }

    /// The files that are patches, and not objects to apply.
    pub(super) fn patch_files(&self) -> BTreeSet<PathBuf> {
        let mut files = BTreeSet::new();
        for (path, facts) in &self.files {
            let Some(kustomization) = &facts.kustomize else {
                continue;
            };
            let sources = kustomization
                .sources
                .iter()
                .filter(|source| source.purpose == Purpose::Patch);
            let names = sources
                .map(|source| &source.name)
                .chain(&kustomization.merged);
            files.extend(names.map(|name| clean(&path.parent().unwrap_or(path).join(name))));
        }
        files
    }
}
