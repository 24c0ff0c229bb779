//! Distinguishes manifests from other documents.

use sops_document::NodeRef;

use crate::kubeconfig;
use crate::scrutiny::Scrutiny;
use crate::secret_detection::program::passwords_in_words;

/// Whether the document has the `kind` and `apiVersion` of a Kubernetes object. A kubeconfig with
/// credentials does not count.
pub(crate) fn is_manifest(top: NodeRef<'_, '_>) -> bool {
    let is_object = ["apiVersion", "kind"].iter().all(|key| {
        let text = top.get(key).and_then(NodeRef::as_str);
        text.is_some_and(|text| !text.is_empty())
    });
    is_object && kubeconfig::credential(top, Scrutiny::Strict).is_none()
}

/// Whether the document has the fields of every object in a cluster.
pub(crate) fn is_cluster_object(top: NodeRef<'_, '_>) -> bool {
    let has = |key| top.at(&["metadata", key]).is_some();
    let kind = top.get("kind").and_then(NodeRef::as_str);
    has("name") || has("generateName") || kind.is_some_and(|kind| kind.ends_with("List"))
}

/// Whether the node is one operation of a JSON 6902 patch.
pub(crate) fn is_operation(item: NodeRef<'_, '_>) -> bool {
    let text = |key| item.get(key).and_then(NodeRef::as_str);
    let operations = ["add", "replace", "remove", "test", "copy", "move"];
    text("op").is_some_and(|op| operations.contains(&op)) && text("path").is_some()
}

/// Whether a document is a list of operations and of nothing else.
pub(crate) fn is_operation_list(top: NodeRef<'_, '_>) -> bool {
    let mut items = top.items();
    items.next().is_some_and(is_operation) && items.all(is_operation)
}

/// The first value that is a secret by its key and its text.
pub(crate) fn first_secret<'d, 'a>(
    top: NodeRef<'d, 'a>,
    is_secret: impl Fn(&str, &str) -> bool,
) -> Option<NodeRef<'d, 'a>> {
    first_secret_under("", top, is_secret)
}

/// The first secret in a value under that key.
pub(crate) fn first_secret_under<'d, 'a>(
    key: &'d str,
    value: NodeRef<'d, 'a>,
    is_secret: impl Fn(&str, &str) -> bool,
) -> Option<NodeRef<'d, 'a>> {
    first_secret_node(key, value, |key, node| {
        let text = node.as_str();
        text.is_some_and(|text| is_secret(key, text))
    })
}

/// The first text that is a secret, judging by its key and its position. In a command, only the
/// program may determine that.
pub(crate) fn first_secret_node<'d, 'a>(
    key: &'d str,
    top: NodeRef<'d, 'a>,
    is_secret: impl Fn(&str, NodeRef<'d, 'a>) -> bool,
) -> Option<NodeRef<'d, 'a>> {
    let mut open = vec![(key, top)];
    while let Some((key, node)) = open.pop() {
        if node.as_str().is_some() && is_secret(key, node) {
            return Some(node);
        }
        let words: Vec<_> = node.items().collect();
        let texts = words.iter().map(|word| word.as_str().unwrap_or_default());
        if let Some(password) = passwords_in_words(&texts.collect::<Vec<_>>()).first() {
            return words.get(password.word).copied();
        }
        let begin = open.len();
        // The value of an option may be the next word.
        let is_option = |word: &&str| word.starts_with("--") && !word.contains(['=', ' ']);
        let mut option = None;
        open.extend(words.into_iter().map(|word| {
            let name = option.take().unwrap_or(key);
            option = word.as_str().filter(is_option).map(|word| &word[2..]);
            (name, word)
        }));
        // Variables and parameters are lists of names and values.
        let text = |key| node.get(key).and_then(NodeRef::as_str);
        let name = text("name").or_else(|| text("key"));
        // A reference names a key of another object.
        let is_value = |child: &&str| !(key.ends_with("Ref") && *child == "key");
        let entries = node.entries().filter(|(child, _)| is_value(child));
        open.extend(entries.map(|(key, child)| match (key, name) {
            ("value", Some(name)) => (name, child),
            entry => (entry.0, child),
        }));
        // Visit the values in the order of the text.
        open[begin..].reverse();
    }
    None
}
