//! A `kustomization.yaml`: the files that it includes, and its patches.

use std::path::Path;

use sops_document::NodeRef;

use super::function::function;
use super::json_value::json_value;
use super::patch::Patch;
use super::site::{Site, SiteId, Sites};
use crate::input::Tree;
use crate::kustomization::{PATCH_LISTS, fields, items, text};

/// The keys that have lists of plugins, each a file, a directory or a string with its
/// configuration.
const PLUGIN_LISTS: [&str; 3] = ["generators", "transformers", "validators"];

/// The purpose for which Flux decrypts a file before kustomize reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A value of the Secret or ConfigMap that a generator creates.
    Value { key: String, is_secret: bool },
    /// The variables of a generator; the old field `env` has one file.
    Variables { is_secret: bool, is_old_field: bool },
    /// A patch.
    Patch,
}

/// A file that a kustomization reads, and the site that names it.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) name: String,
    pub(super) purpose: Purpose,
    pub(super) site: SiteId,
}

/// A kustomization. Paths are relative to its directory.
#[derive(Debug, Default)]
pub(super) struct KustomizeFile {
    /// Files and directories with objects.
    pub(super) resources: Vec<String>,
    pub(super) components: Vec<String>,
    /// Files of patches in the old list, which Flux does not decrypt.
    pub(super) merged: Vec<String>,
    pub(super) sources: Vec<SourceFile>,
    pub(super) patches: Vec<(Patch, SiteId)>,
    /// Files with the configurations of generators.
    pub(super) generators: Vec<(String, SiteId)>,
    /// The kinds of plugins that are not built into kustomize, so that Flux fails on them.
    pub(super) functions: Vec<(String, SiteId)>,
    pub(super) namespace: Option<String>,
}

impl KustomizeFile {
    /// Reads the kustomization in a file of `directory`.
    pub(super) fn of(
        node: NodeRef<'_, '_>,
        directory: &Path,
        tree: &dyn Tree,
        sites: &mut Sites,
    ) -> Self {
        let names = |key: &str| -> Vec<String> {
            let names = items(node, key).filter_map(NodeRef::as_str);
            names.map(str::to_owned).collect()
        };
        let mut file = Self {
            resources: [names("resources"), names("bases")].concat(),
            components: names("components"),
            namespace: text(node, "namespace").map(str::to_owned),
            ..Self::default()
        };
        for generator in items(node, "generators") {
            if let Some(name) = generator.as_str() {
                file.generators
                    .push((name.to_owned(), sites.add(Site::of(generator))));
            }
        }
        for plugin in PLUGIN_LISTS.into_iter().flat_map(|list| items(node, list)) {
            if let Some(kind) = function(plugin, directory, tree) {
                file.functions.push((kind, sites.add(Site::of(plugin))));
            }
        }
        for (list, is_secret) in [("secretGenerator", true), ("configMapGenerator", false)] {
            for generator in items(node, list) {
                file.add_generator(generator, is_secret, sites);
            }
        }
        for patch in PATCH_LISTS.into_iter().flat_map(|list| items(node, list)) {
            file.add_patch(patch, directory, tree, sites);
        }
        file
    }

    fn add_generator(&mut self, generator: NodeRef<'_, '_>, is_secret: bool, sites: &mut Sites) {
        let mut add = |entry: NodeRef<'_, '_>, name: &str, purpose| {
            let (name, site) = (name.to_owned(), sites.add(Site::of(entry)));
            self.sources.push(SourceFile {
                name,
                purpose,
                site,
            });
        };
        for entry in items(generator, "files") {
            let Some(content) = entry.as_str() else {
                continue;
            };
            let file_name = Path::new(content).file_name().unwrap_or_default();
            let (key, name) = content.split_once('=').map_or_else(
                // Flux chooses the format by the whole path if the key is missing; the path has the
                // same ending.
                || (file_name.to_string_lossy().into_owned(), content),
                |(key, name)| (key.to_owned(), name),
            );
            add(entry, name, Purpose::Value { key, is_secret });
        }
        let lists = [
            (items(generator, "envs").collect::<Vec<_>>(), false),
            (fields(generator, "env"), true),
        ];
        for (entries, is_old_field) in lists {
            for entry in entries {
                if let Some(name) = entry.as_str() {
                    add(
                        entry,
                        name,
                        Purpose::Variables {
                            is_secret,
                            is_old_field,
                        },
                    );
                }
            }
        }
    }

    fn add_patch(
        &mut self,
        entry: NodeRef<'_, '_>,
        directory: &Path,
        tree: &dyn Tree,
        sites: &mut Sites,
    ) {
        // The old list has strings, each a patch or the name of a file.
        let (inline, name) = match entry.as_str() {
            Some(content) if content.contains('\n') => (Some(content), None),
            Some(content) => (None, Some(content)),
            None => (text(entry, "patch"), text(entry, "path")),
        };
        let site = sites.add(Site::of(entry));
        let read = |name: &str| {
            let bytes = tree.read(&directory.join(name))?;
            String::from_utf8(bytes).ok()
        };
        let content = inline.map(str::to_owned).or_else(|| name.and_then(read));
        let target = fields(entry, "target")
            .first()
            .map(|target| json_value(*target));
        let patch = content.and_then(|content| Patch::of(&content, target.as_ref()));
        self.patches.extend(patch.map(|patch| (patch, site)));
        match name {
            Some(name) if entry.as_str().is_some() => self.merged.push(name.to_owned()),
            Some(name) => self.sources.push(SourceFile {
                name: name.to_owned(),
                purpose: Purpose::Patch,
                site,
            }),
            None => {}
        }
    }
}
