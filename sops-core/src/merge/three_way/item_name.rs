//! The names of documents and of items in lists.

use sops_document::Collection;

use crate::merge::outline::{Container, ContentHash, Piece, hash_of_container};

/// The name of an item, which stays the same when the item is edited: the kind, namespace and name
/// of an object, or `name` of an item in a list.
pub(super) fn name(item: &Piece<'_>, is_document: bool) -> Option<ContentHash> {
    let mapping = item
        .container()
        .filter(|container| container.kind == Collection::Mapping)?;
    if !is_document {
        return value(mapping, "name");
    }
    let kind = value(mapping, "kind")?;
    let metadata = mapping.entries.iter().find(|entry| entry.key == "metadata");
    let metadata = metadata.and_then(Piece::container);
    let parts = [
        Some(kind),
        metadata.and_then(|metadata| value(metadata, "namespace")),
        metadata.and_then(|metadata| value(metadata, "name")),
    ];
    let parts = parts.into_iter().flatten().map(|hash| ("", hash));
    Some(hash_of_container(Collection::Sequence, parts))
}

fn value(mapping: &Container<'_>, key: &str) -> Option<ContentHash> {
    let entry = mapping.entries.iter().find(|entry| entry.key == key)?;
    Some(entry.hash)
}

/// The identity of an item that a side added: its name or, for a document without one, its keys.
pub(super) fn identity(item: &Piece<'_>, is_document: bool) -> Option<ContentHash> {
    let named = name(item, is_document);
    if named.is_some() || !is_document {
        return named;
    }
    let container = item.container()?;
    let entries = Some(&container.entries).filter(|_| container.kind == Collection::Mapping)?;
    let keys = entries
        .iter()
        .map(|entry| (&*entry.key, ContentHash::default()));
    Some(hash_of_container(Collection::Mapping, keys))
}
