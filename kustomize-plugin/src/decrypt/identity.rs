//! Checks that a resource is still the same object as in its file.
//!
//! The MAC of a file covers kind and name, but encrypted values could be decrypted in any object
//! that has them under the same keys. kustomize does not change kinds, records the prefixes and
//! suffixes of names, and records that it changed a namespace. It passes these records to functions
//! (measured with kustomize 5.8.1). A file can contain such records too, so they never allow more
//! than kustomize itself can do.

use sops_core::tree::Node;

use crate::problem::Problem;
use crate::resource_list::annotation;

/// The prefixes that kustomize added to the name, in the order in which it added them.
const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
/// The namespaces that the resource has had, from the namespace in the file to the last one.
const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";

/// The name that kustomize records for an object without a namespace.
const NO_NAMESPACE: [&str; 2] = ["default", "_non_namespaceable_"];

/// The identity that a resource claims.
pub(super) struct ObjectIdentity {
    api_version: Option<Node>,
    kind: Option<Node>,
    name: String,
    namespace: String,
    /// The prefix and suffix that kustomize has added to the name.
    prefix: String,
    suffix: String,
    /// The namespace before the first change by kustomize.
    first_namespace: Option<String>,
}

impl ObjectIdentity {
    pub(super) fn of(resource: &Node) -> Self {
        let list = |name| annotation(resource, name).unwrap_or_default().split(',');
        let namespaces = annotation(resource, PREVIOUS_NAMESPACES);
        Self {
            api_version: resource.get("apiVersion").cloned(),
            kind: resource.get("kind").cloned(),
            name: in_metadata(resource, "name").to_owned(),
            namespace: in_metadata(resource, "namespace").to_owned(),
            prefix: list(PREFIXES).rev().collect(),
            suffix: list(SUFFIXES).collect(),
            first_namespace: namespaces
                .and_then(|list| list.split(',').next())
                .map(str::to_owned),
        }
    }

    /// Checks that one of the documents is this object.
    ///
    /// # Errors
    /// The error says how the first document differs.
    pub(super) fn require(&self, documents: &[&Node]) -> Result<(), Problem> {
        let mut first = None;
        for document in documents {
            match self.require_same(document) {
                Ok(()) => return Ok(()),
                Err(problem) => first = first.or(Some(problem)),
            }
        }
        Err(first.unwrap_or_else(|| Problem::new("the file has no objects")))
    }

    fn require_same(&self, document: &Node) -> Result<(), Problem> {
        for (key, own) in [("kind", &self.kind), ("apiVersion", &self.api_version)] {
            if document.get(key) != own.as_ref() {
                let message = format!(
                    "the file has {}, but this resource has {}; to change it, edit the file",
                    field(key, document.get(key)),
                    field(key, own.as_ref())
                );
                return Err(Problem::new(message).at_field(key));
            }
        }
        let name = in_metadata(document, "name");
        if self.name != format!("{}{name}{}", self.prefix, self.suffix) {
            let message = format!(
                "the name in the file is `{name}`; only `namePrefix` and `nameSuffix` of a kustomization may change it"
            );
            return Err(Problem::new(message).at_field("metadata.name"));
        }
        let namespace = in_metadata(document, "namespace");
        if self.namespace != namespace && !self.was_moved_from(namespace) {
            let message = match namespace {
                "" => "the object in the file has no namespace; only `namespace` of a kustomization may add one".to_owned(),
                namespace => format!("the namespace in the file is `{namespace}`; only `namespace` of a kustomization may change it"),
            };
            return Err(Problem::new(message).at_field("metadata.namespace"));
        }
        Ok(())
    }

    /// Whether kustomize has recorded that it changed this namespace.
    fn was_moved_from(&self, namespace: &str) -> bool {
        self.first_namespace
            .as_deref()
            .is_some_and(|first| match namespace {
                "" => NO_NAMESPACE.contains(&first),
                namespace => namespace == first,
            })
    }
}

fn in_metadata<'n>(resource: &'n Node, key: &str) -> &'n str {
    let value = resource
        .get("metadata")
        .and_then(|metadata| metadata.get(key));
    value.and_then(Node::as_str).unwrap_or_default()
}

/// A field of an object, as messages show it.
fn field(key: &str, value: Option<&Node>) -> String {
    match value.and_then(Node::as_str) {
        Some(text) => format!("`{key}: {text}`"),
        None => format!("no `{key}`"),
    }
}
