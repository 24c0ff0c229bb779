//! Where a resource is from: with `buildMetadata: [originAnnotations]` kustomize tells the file, whose MAC can be verified.

use std::collections::HashMap;
use std::iter;
use std::path::{Component, Path, PathBuf};

use sops_core::tree::Node;
use sops_core::{Ciphertexts, EncryptedTree};

use crate::encrypted_file::verified;
use crate::function::{Function, annotation};
use crate::problem::Problem;
use crate::workspace::Workspace;

const ANNOTATION: &str = "config.kubernetes.io/origin";

/// The path of the file that a resource is from, relative to the folder that is built; `None` if it is not told, or the file is in a
/// repository elsewhere.
pub(crate) fn path(resource: &Node) -> Option<String> {
    let text = annotation(resource, ANNOTATION)?;
    let trees = Node::from_yaml(text).ok()?;
    let origin = trees.first()?;
    match origin.get("repo") {
        Some(_) => None,
        None => origin.get("path")?.as_str().map(str::to_owned),
    }
}

/// The files of resources whose MAC was verified, each once.
pub(super) struct Origins {
    /// Where the configuration of this function is from, as with a resource.
    config: Option<String>,
    files: HashMap<String, Ciphertexts>,
}

impl Origins {
    pub(super) fn new(config: &Node) -> Self {
        Self {
            config: path(config),
            files: HashMap::new(),
        }
    }

    /// Requires that the encrypted values of a resource stand in its file, and that the MAC of the file is right.
    pub(super) fn require(
        &mut self,
        function: &mut Function,
        path: &str,
        tree: &EncryptedTree,
    ) -> Result<(), Problem> {
        if !self.files.contains_key(path) {
            let here = self.locate(&function.workspace, path);
            let file = verified(&function.workspace, &mut function.keys, &here)?;
            self.files.insert(path.to_owned(), file);
        }
        self.files[path]
            .require(tree)
            .map_err(|error| Problem::from(error).in_file(path))
    }

    /// The path relative to the working folder, which is not the folder that is built where a base has this function among its
    /// `transformers`. The configuration's own origin tells how the two lie to each other: the working folder is one of the folders on
    /// the way to it.
    fn locate(&self, workspace: &Workspace, path: &str) -> String {
        let Some(config) = &self.config else {
            return path.to_owned();
        };
        let exists = |path: &str, base: &Path| {
            let path = relative(Path::new(path), base)?;
            let path = path.to_str()?.to_owned();
            workspace.has(&path).then_some(path)
        };
        let folders = Path::new(config).ancestors().skip(1);
        folders
            .filter(|folder| exists(config, folder).is_some())
            .find_map(|folder| exists(path, folder))
            .unwrap_or_else(|| path.to_owned())
    }
}

/// The path from `base` to `path`, both relative to the same folder; `None` where that needs the name of a folder above it.
fn relative(path: &Path, base: &Path) -> Option<PathBuf> {
    let mut path = path.components().peekable();
    let mut base = base.components().peekable();
    while path.peek().is_some() && path.peek() == base.peek() {
        path.next();
        base.next();
    }
    let names = |component| matches!(component, Component::Normal(_));
    let up = base
        .map(|component| names(component).then_some(()))
        .collect::<Option<Vec<_>>>()?;
    let way_up = iter::repeat_n(Component::ParentDir, up.len());
    Some(way_up.chain(path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_relative_to_another_folder() {
        for (path, base, expected) in [
            ("enc.yaml", "", Some("enc.yaml")),
            ("../base/enc.yaml", "", Some("../base/enc.yaml")),
            ("../../base/enc.yaml", "../../base", Some("enc.yaml")),
            (
                "../../base/sub/enc.yaml",
                "../../base",
                Some("sub/enc.yaml"),
            ),
            ("../../lib/enc.yaml", "../../base", Some("../lib/enc.yaml")),
            ("enc.yaml", "sub/sub", Some("../../enc.yaml")),
            ("../enc.yaml", "../..", None),
            ("enc.yaml", "../base", None),
        ] {
            let found = relative(Path::new(path), Path::new(base));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{path} {base}");
        }
    }
}
