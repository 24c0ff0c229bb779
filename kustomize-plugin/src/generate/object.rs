//! Checks that kustomize accepts a generated object. Its own errors do not name the file.

use sops_core::tree::Node;

use crate::problem::Problem;

/// Checks that a resource has what kustomize requires: a kind and a name. A kind that ends in
/// `List` needs no name, and its items are objects too (measured with kustomize 5.8.1).
///
/// # Errors
/// The error says what is missing, with the field of an item. It contains no value.
pub(super) fn require_object(resource: &Node) -> Result<(), Problem> {
    if !matches!(resource, Node::Mapping(_)) {
        return Err(Problem::new(format!(
            "not a Kubernetes object: expected a mapping; {HELP}"
        )));
    }
    let kind = resource.get("kind").filter(|kind| has_text(kind));
    let is_list = kind
        .and_then(Node::as_str)
        .is_some_and(|kind| kind.ends_with("List"));
    let metadata = resource.get("metadata");
    let name = metadata.and_then(|metadata| metadata.get("name"));
    let missing = match (kind, name.filter(|name| has_text(name))) {
        (None, None) => "`kind` and `metadata.name` are missing",
        (None, Some(_)) => "`kind` is missing",
        (Some(_), None) if !is_list => "`metadata.name` is missing",
        _ => return require_items(resource, is_list),
    };
    Err(Problem::new(format!(
        "not a Kubernetes object: {missing}; {HELP}"
    )))
}

fn require_items(list: &Node, is_list: bool) -> Result<(), Problem> {
    let Some(Node::Sequence(items)) = list.get("items").filter(|_| is_list) else {
        return Ok(());
    };
    for (index, item) in items.iter().enumerate() {
        require_object(item).map_err(|problem| problem.at_field(&format!("items[{index}]")))?;
    }
    Ok(())
}

/// Whether the node is a scalar with text. kustomize also accepts a number.
fn has_text(node: &Node) -> bool {
    matches!(node, Node::Scalar(Some(value)) if !value.bytes.is_empty())
}

const HELP: &str =
    "add what is missing, or list the file under `secretFrom` to make a Secret from it";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::only;

    /// The results of kustomize 5.8.1 for functions with these outputs.
    #[test]
    fn an_object_needs_what_kustomize_requires() {
        for (text, missing) in [
            ("{apiVersion: v1, kind: Secret, metadata: {name: a}}", ""),
            ("{kind: Secret, metadata: {name: a}}", ""),
            ("{apiVersion: v1, kind: Secret, metadata: {name: 5}}", ""),
            ("{kind: 5, metadata: {name: a}}", ""),
            ("{apiVersion: v1, kind: FooList, metadata: {}}", ""),
            (
                "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]}",
                "",
            ),
            (
                "{machine: {token: a}}",
                "`kind` and `metadata.name` are missing",
            ),
            ("{apiVersion: v1, metadata: {name: a}}", "`kind` is missing"),
            ("{kind: \"\", metadata: {name: a}}", "`kind` is missing"),
            (
                "{apiVersion: v1, kind: Secret}",
                "`metadata.name` is missing",
            ),
            (
                "{apiVersion: v1, kind: Secret, metadata: {generateName: a}}",
                "`metadata.name` is missing",
            ),
            (
                "{apiVersion: v1, kind: Secret, metadata: {name: \"\"}}",
                "`metadata.name` is missing",
            ),
            (
                "{apiVersion: v1, kind: Secret, metadata: {name: null}}",
                "`metadata.name` is missing",
            ),
            (
                "{apiVersion: v1, kind: Secret, metadata: a}",
                "`metadata.name` is missing",
            ),
            (
                "{apiVersion: v1, kind: SecretList, items: [{metadata: {name: a}}]}",
                "`kind` is missing",
            ),
            (
                "{apiVersion: v1, kind: List, items: [{kind: ConfigMap}]}",
                "`metadata.name` is missing",
            ),
            ("{kind: List, items: [a]}", "expected a mapping"),
            ("{kind: List, items: [[a]]}", "expected a mapping"),
        ] {
            match require_object(&only(text)) {
                Ok(()) => assert_eq!(missing, "", "{text}"),
                Err(problem) => {
                    let start = format!("not a Kubernetes object: {missing}; ");
                    assert!(problem.message.starts_with(&start), "{text}: {problem:?}");
                    let field = text.contains("items").then_some("items[0]");
                    assert_eq!(problem.field.as_deref(), field, "{text}");
                }
            }
        }
    }
}
