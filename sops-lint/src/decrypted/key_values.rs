//! The values of a document by key path.

use sops_document::{Document, NodeRef};

/// Keys with the names of objects, which are not secret even in files that are encrypted as a
/// whole.
pub(super) const NAMES: [&str; 4] = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

/// The kind of the first object.
pub(super) fn kind(document: &Document<'_>) -> Option<String> {
    let kind = document
        .tops()
        .flatten()
        .find_map(|top| top.get("kind")?.as_str());
    kind.map(str::to_owned)
}

/// Passes each scalar with its key path, except those of the metadata.
pub(super) fn each_value(document: &Document<'_>, mut each: impl FnMut(&str, NodeRef<'_, '_>)) {
    let mut open: Vec<(String, NodeRef<'_, '_>)> = document
        .tops()
        .flatten()
        .flat_map(NodeRef::entries)
        .filter(|(key, _)| *key != "sops" && !key.starts_with("sops_"))
        .map(|(key, node)| (key.to_owned(), node))
        .collect();
    while let Some((path, node)) = open.pop() {
        if node.scalar_text().is_some() {
            each(&path, node);
        }
        let entries = node.entries().map(|(key, node)| (key.to_owned(), node));
        let items = node
            .items()
            .enumerate()
            .map(|(number, node)| (number.to_string(), node));
        let below: Vec<_> = entries.chain(items).collect();
        open.extend(
            below
                .into_iter()
                .map(|(key, node)| (format!("{path}.{key}"), node)),
        );
    }
}
