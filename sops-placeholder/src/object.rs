//! The annotation of an object with placeholders.

use sops_core::tree::{Entry, Node};

/// The annotation of an object with placeholders. Its value is `true`.
pub const ANNOTATION: &str = "sops-rs.dev/placeholder";

/// Whether a tree is a Kubernetes object.
pub fn is_object(tree: &Node) -> bool {
    let has = |key| tree.get(key).and_then(Node::as_str).is_some();
    has("apiVersion") && has("kind")
}

/// Adds the [annotation](ANNOTATION) to a Kubernetes object. Other trees stay as they are.
pub fn mark(tree: &mut Node) {
    if !is_object(tree) {
        return;
    }
    let annotations = child(tree, "metadata").and_then(|metadata| child(metadata, "annotations"));
    if let Some(Node::Mapping(annotations)) = annotations {
        annotations.retain(|entry| entry.key != ANNOTATION);
        annotations.push(Entry {
            key: ANNOTATION.to_owned(),
            value: "true".into(),
        });
    }
}

/// The mapping under a key of a mapping, which is created if it is missing.
fn child<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Node::Mapping(entries) = node else {
        return None;
    };
    let index = match entries.iter().position(|entry| entry.key == key) {
        Some(index) => index,
        None => {
            entries.push(Entry {
                key: key.to_owned(),
                value: Node::Scalar(None),
            });
            entries.len() - 1
        }
    };
    let value = &mut entries[index].value;
    if *value == Node::Scalar(None) {
        *value = Node::Mapping(Vec::new());
    }
    matches!(value, Node::Mapping(_)).then_some(value)
}
