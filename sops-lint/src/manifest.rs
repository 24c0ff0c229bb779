//! What tells a manifest from other documents.

use sops_document::NodeRef;

use crate::kubeconfig;
use crate::scrutiny::Scrutiny;

/// Whether it is an object of Kubernetes, and no Secret: other rules judge those. The credentials of a kubeconfig are secrets.
pub(crate) fn is_manifest(top: NodeRef<'_, '_>) -> bool {
    let is_object = ["apiVersion", "kind"].iter().all(|key| {
        let text = top.get(key).and_then(NodeRef::as_str);
        text.is_some_and(|text| !text.is_empty())
    });
    is_object && kubeconfig::credential(top, Scrutiny::Strict).is_none()
}

/// Whether it has what every object in a cluster has.
pub(crate) fn is_cluster_object(top: NodeRef<'_, '_>) -> bool {
    let has = |key| top.at(&["metadata", key]).is_some();
    let kind = top.get("kind").and_then(NodeRef::as_str);
    has("name") || has("generateName") || kind.is_some_and(|kind| kind.ends_with("List"))
}

/// The first value that is a secret by its key and its text.
pub(crate) fn first_secret<'d, 'a>(
    top: NodeRef<'d, 'a>,
    is_secret: impl Fn(&str, &str) -> bool,
) -> Option<NodeRef<'d, 'a>> {
    let mut open = vec![("", top)];
    while let Some((key, node)) = open.pop() {
        if node.as_str().is_some_and(|text| is_secret(key, text)) {
            return Some(node);
        }
        let begin = open.len();
        open.extend(node.items().map(|item| (key, item)));
        open.extend(node.entries());
        // In the order of the text.
        open[begin..].reverse();
    }
    None
}
