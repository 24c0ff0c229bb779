//! Determines which files of the repository a Flux build reads, and which patches apply to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::budget::Budget;
use super::facts::FluxFacts;
use super::kustomize_file::{KustomizeFile, SourceFile};
use super::patch::Patch;
use super::paths::clean;
use super::problem::SharedProblems;
use super::site::SiteId;
use super::tree::FluxTree;

/// YAML files that Flux leaves out of every source by default, as in `.sourceignore`.
const IGNORED: [&str; 9] = [
    ".git",
    ".github",
    ".circleci",
    ".travis.yml",
    ".gitlab-ci.yml",
    ".drone.yml",
    ".goreleaser.yml",
    ".sops.yaml",
    ".flux.yaml",
];

/// The files that a directory is built from.
#[derive(Debug)]
pub(super) struct Build<'t> {
    pub(super) files: Vec<BuiltFile<'t>>,
    directories: Vec<Directory>,
    /// The problems shared by all Kustomizations that build the directory.
    pub(super) shared: SharedProblems<'t>,
}

/// A file with facts that a build reads.
#[derive(Debug)]
pub(super) struct BuiltFile<'t> {
    pub(super) path: &'t Path,
    pub(super) facts: &'t FluxFacts,
    pub(super) role: Role<'t>,
    /// The index of the directory whose kustomization includes the file.
    directory: usize,
}

/// The purpose for which a build reads a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role<'t> {
    /// The build applies the objects in the file.
    Resource,
    /// A generator or a patch of the kustomization in this file.
    Source(&'t Path, &'t SourceFile),
    /// A patch that Flux does not decrypt itself.
    Merge,
}

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    /// The index of the directory that includes this one.
    parent: Option<usize>,
    /// Components that Flux adds.
    components: Vec<PathBuf>,
}

/// A patch, with the file and the part of it that it is in.
pub(super) type PatchSite<'t> = (&'t Patch, &'t Path, SiteId);

impl<'t> Build<'t> {
    /// Builds a directory with the components that Flux adds to it, by their absolute paths.
    pub(super) fn of(
        tree: &'t FluxTree,
        path: &Path,
        components: &[PathBuf],
        budget: &Budget,
    ) -> Self {
        let top = Directory {
            path: path.to_owned(),
            parent: None,
            components: components.to_vec(),
        };
        let mut build = Self {
            files: Vec::new(),
            directories: vec![top],
            shared: SharedProblems::default(),
        };
        let mut seen = BTreeSet::from([path.to_owned()]);
        let mut index = 0;
        while index < build.directories.len() && budget.spend() {
            build.add_directory(tree, index, &mut seen, budget);
            index += 1;
        }
        build
    }

    fn add_directory(
        &mut self,
        tree: &'t FluxTree,
        index: usize,
        seen: &mut BTreeSet<PathBuf>,
        budget: &Budget,
    ) {
        let path = self.directories[index].path.clone();
        let added = self.directories[index].components.clone();
        added
            .into_iter()
            .for_each(|component| self.add(tree, component, index, seen, budget));
        let Some((file, kustomization)) = tree.kustomization_in(&path) else {
            return self.add_manifests(tree, index, seen, budget);
        };
        for name in kustomization
            .resources
            .iter()
            .chain(&kustomization.components)
        {
            self.add(tree, clean(&path.join(name)), index, seen, budget);
        }
        for source in &kustomization.sources {
            self.add_file(
                tree,
                &clean(&path.join(&source.name)),
                Role::Source(file, source),
                index,
            );
        }
        for name in &kustomization.merged {
            self.add_file(tree, &clean(&path.join(name)), Role::Merge, index);
        }
    }

    /// Adds a file or a directory that a kustomization lists.
    fn add(
        &mut self,
        tree: &'t FluxTree,
        path: PathBuf,
        index: usize,
        seen: &mut BTreeSet<PathBuf>,
        budget: &Budget,
    ) {
        if !path.starts_with(tree.root()) || !budget.spend() || !seen.insert(path.clone()) {
            return;
        }
        if !self.add_file(tree, &path, Role::Resource, index) {
            self.directories.push(Directory {
                path,
                parent: Some(index),
                components: Vec::new(),
            });
        }
    }

    fn add_file(
        &mut self,
        tree: &'t FluxTree,
        path: &Path,
        role: Role<'t>,
        directory: usize,
    ) -> bool {
        let file = tree.file(path);
        self.files.extend(file.map(|(path, facts)| BuiltFile {
            path,
            facts,
            role,
            directory,
        }));
        file.is_some()
    }

    /// Adds the manifests in and below a directory without a kustomization, as Flux lists them: a
    /// subdirectory with a kustomization is built with it.
    fn add_manifests(
        &mut self,
        tree: &'t FluxTree,
        index: usize,
        seen: &mut BTreeSet<PathBuf>,
        budget: &Budget,
    ) {
        let top = self.directories[index].path.clone();
        for path in tree.paths_below(&top) {
            if !budget.spend() {
                return;
            }
            let below = path.strip_prefix(&top).unwrap_or(path);
            if below
                .components()
                .any(|part| IGNORED.iter().any(|name| part.as_os_str() == *name))
            {
                continue;
            }
            let parents = below
                .ancestors()
                .skip(1)
                .filter(|parent| !parent.as_os_str().is_empty());
            let kustomized = parents
                .map(|parent| top.join(parent))
                .filter(|parent| tree.kustomization_in(parent).is_some());
            if let Some(directory) = kustomized.last() {
                self.add(tree, directory, index, seen, budget);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "yaml" || extension == "yml")
                && seen.insert(path.to_owned())
            {
                self.add_file(tree, path, Role::Resource, index);
            }
        }
    }

    /// The kustomizations that are built, each with its file.
    pub(super) fn kustomizations(
        &self,
        tree: &'t FluxTree,
    ) -> impl Iterator<Item = (&'t Path, &'t KustomizeFile)> {
        let directories = self.directories.iter();
        directories.filter_map(|directory| tree.kustomization_in(&directory.path))
    }

    /// Whether the file is read, or is in a directory that is built.
    pub(super) fn covers(&self, file: &Path) -> bool {
        let directories = self.directories.iter();
        let mut paths = directories
            .map(|directory| directory.path.as_path())
            .chain(self.files.iter().map(|file| file.path));
        paths.any(|path| file.starts_with(path))
    }

    /// Whether Flux lists the file itself, because no kustomization does.
    pub(super) fn is_listed_by_flux(&self, tree: &FluxTree, file: &BuiltFile<'_>) -> bool {
        tree.kustomization_in(&self.directories[file.directory].path)
            .is_none()
    }

    /// The patches for the objects of a file, in the order in which kustomize applies them.
    pub(super) fn patches(
        &self,
        tree: &'t FluxTree,
        file: &BuiltFile<'_>,
        budget: &Budget,
    ) -> Vec<PatchSite<'t>> {
        let mut patches = Vec::new();
        let mut next = Some(file.directory);
        while let Some(index) = next.filter(|_| budget.spend()) {
            let directory = &self.directories[index];
            directory
                .components
                .iter()
                .for_each(|component| component_patches(tree, component, &mut patches, budget));
            component_patches(tree, &directory.path, &mut patches, budget);
            next = directory.parent;
        }
        patches
    }

    /// The namespace that the outermost kustomization sets for the objects of a file.
    pub(super) fn namespace(&self, tree: &'t FluxTree, file: &BuiltFile<'_>) -> Option<&'t str> {
        let mut namespace = None;
        let mut next = Some(file.directory);
        while let Some(index) = next {
            let directory = &self.directories[index];
            let kustomization = tree.kustomization_in(&directory.path);
            namespace = kustomization
                .and_then(|(_, file)| file.namespace.as_deref())
                .or(namespace);
            next = directory.parent;
        }
        namespace
    }

    /// The Kustomizations of Flux in the build, patched: each with its file and its number in it.
    pub(super) fn children(
        &self,
        tree: &'t FluxTree,
        budget: &Budget,
    ) -> Vec<(&'t Path, usize, Value)> {
        let resources = self
            .files
            .iter()
            .filter(|file| matches!(file.role, Role::Resource));
        let with_children = resources.filter(|file| !file.facts.kustomizations.is_empty());
        let mut children = Vec::new();
        for file in with_children {
            let patches = self.patches(tree, file, budget);
            let namespace = self.namespace(tree, file);
            for (number, (kustomization, _)) in file.facts.kustomizations.iter().enumerate() {
                let mut patched = kustomization.clone();
                for (patch, ..) in patches.iter().take_while(|_| budget.spend()) {
                    patch.apply(&mut patched);
                }
                if let Some(namespace) = namespace.filter(|_| patched["metadata"].is_object()) {
                    patched["metadata"]["namespace"] = namespace.into();
                }
                children.push((file.path, number, patched));
            }
        }
        children
    }
}

/// Adds the patches of a kustomization, after those of the components that it includes, which
/// change the same objects.
fn component_patches<'t>(
    tree: &'t FluxTree,
    top: &Path,
    patches: &mut Vec<PatchSite<'t>>,
    budget: &Budget,
) {
    let mut order = vec![top.to_owned()];
    let mut index = 0;
    while let Some(path) = order.get(index).cloned().filter(|_| budget.spend()) {
        if let Some((_, kustomization)) = tree.kustomization_in(&path) {
            let components = kustomization
                .components
                .iter()
                .map(|name| clean(&path.join(name)));
            let new: Vec<_> = components
                .filter(|component| !order.contains(component))
                .collect();
            order.extend(new);
        }
        index += 1;
    }
    for path in order.iter().rev() {
        if let Some((file, kustomization)) = tree.kustomization_in(path) {
            patches.extend(
                kustomization
                    .patches
                    .iter()
                    .map(|(patch, site)| (patch, file, *site)),
            );
        }
    }
}
