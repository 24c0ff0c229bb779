//! The file that a resource comes from. With `buildMetadata: [originAnnotations]`, kustomize
//! records the file, so its MAC can be verified.

use std::collections::HashMap;
use std::iter;
use std::path::{Component, Path, PathBuf};

use sops_core::EncryptedTree;
use sops_core::tree::Node;

use super::identity::ObjectIdentity;
use super::source_file::SourceFile;
use crate::config::MacPolicy;
use crate::encrypted_file::verified;
use crate::function::Function;
use crate::problem::Problem;
use crate::resource_list::annotation;
use crate::workspace::Workspace;

const ANNOTATION: &str = "config.kubernetes.io/origin";

const ONLY_ENCRYPTED: &str = "`mac: require`, but the file has `mac_only_encrypted: true`, so its MAC does not protect `kind`, `apiVersion`, `metadata.name`, \
                              `metadata.namespace` and other values in plaintext: anyone who can write to the file can turn it into another object, such as a \
                              ConfigMap; set `mac_only_encrypted: false` in its creation rule, and run `sops-rs lint --fix --select SL013` or encrypt the file again";

/// The file that a resource claims to come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ResourceOrigin {
    /// The path of the file, relative to the directory that is built.
    File(String),
    /// A file in another repository, which kustomize fetched.
    Repository(String),
    /// Not a resource file: for example, a generator created the resource.
    NoFile,
    /// No annotation.
    Unrecorded,
}

impl ResourceOrigin {
    pub(crate) fn of(resource: &Node) -> Self {
        let Some(text) = annotation(resource, ANNOTATION) else {
            return Self::Unrecorded;
        };
        let trees = Node::from_yaml(text).unwrap_or_default();
        let [origin] = trees.as_slice() else {
            return Self::NoFile;
        };
        let path = origin.get("path").and_then(Node::as_str);
        match (origin.get("repo"), path) {
            (Some(repository), _) => {
                Self::Repository(repository.as_str().unwrap_or_default().to_owned())
            }
            (None, Some(path)) => Self::File(path.to_owned()),
            (None, None) => Self::NoFile,
        }
    }

    /// The path of the file, if it is in this repository.
    pub(crate) fn into_file(self) -> Option<String> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }
}

/// The files whose MAC was verified.
pub(super) struct Origins {
    /// The origin of this function's configuration, as for a resource.
    config: Option<String>,
    policy: MacPolicy,
    files: HashMap<String, SourceFile>,
}

impl Origins {
    pub(super) fn new(config: &Node, policy: MacPolicy) -> Self {
        Self {
            config: ResourceOrigin::of(config).into_file(),
            policy,
            files: HashMap::new(),
        }
    }

    /// Checks that the MAC of the file matches, that the resource is an object of the file, and
    /// that it has only that object's encrypted values. Under `mac: require`, a MAC that covers
    /// only the encrypted values causes a warning, once per file.
    pub(super) fn require(
        &mut self,
        function: &mut Function,
        path: &str,
        identity: &ObjectIdentity,
        tree: &EncryptedTree,
    ) -> Result<(), Problem> {
        if !self.files.contains_key(path) {
            let here = self.locate(&function.workspace, path);
            let file = verified(&function.workspace, &mut function.keys, &here)?;
            if file.mac_only_encrypted && self.policy == MacPolicy::Require {
                let problem = Problem::new(ONLY_ENCRYPTED).in_file(path);
                function.report.warn(problem);
            }
            self.files.insert(path.to_owned(), SourceFile::new(file));
        }
        let documents = self.files[path].documents_of(tree);
        documents
            .and_then(|documents| identity.require(&documents))
            .map_err(|problem| problem.in_file(path))
    }

    /// Converts a path that kustomize recorded to one relative to the working directory, which
    /// differs if a base in another directory is built. The working directory is the one from which
    /// the path of the configuration exists.
    fn locate(&self, workspace: &Workspace, path: &str) -> String {
        let Some(config) = &self.config else {
            return path.to_owned();
        };
        let exists = |path: &str, base: &Path| {
            let path = relative(Path::new(path), base)?;
            let path = path.to_str()?.to_owned();
            workspace.has(&path).then_some(path)
        };
        let directories = Path::new(config).ancestors().skip(1);
        directories
            .filter(|directory| exists(config, directory).is_some())
            .find_map(|directory| exists(path, directory))
            .unwrap_or_else(|| path.to_owned())
    }
}

/// The path of `path` relative to `base`; both must be relative to the same directory. `None` if
/// `base` goes above that directory with `..`, because the names of the directories there are unknown.
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
    fn paths_are_made_relative_to_another_directory() {
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
