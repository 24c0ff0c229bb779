//! Merges items that are matched by their names, whatever their number: objects by kind and name,
//! other mappings by `name`.

use std::collections::{HashMap, HashSet};

use sops_document::Collection;

use super::order::{is_in_order, key_order};
use super::{Base, MergedPiece, ThreeWay};
use crate::merge::outline::{Container, ContentHash, Piece, hash_of_container};

impl ThreeWay<'_> {
    /// Merges items by their names; `None` if an item lacks one, if two items share one, or if both
    /// sides changed their order.
    pub(super) fn identified<'p, 't>(
        &mut self,
        base: &'p [Piece<'t>],
        ours: &'p [Piece<'t>],
        theirs: &'p [Piece<'t>],
    ) -> Option<Vec<MergedPiece<'p, 't>>> {
        let are_documents = !self.is_below_stream;
        let names = |items: &[Piece<'_>]| identities(items, are_documents);
        let (of_base, of_ours, of_theirs) = (names(base)?, names(ours)?, names(theirs)?);
        let (first, second) = match (
            is_in_order(&of_base, &of_ours),
            is_in_order(&of_base, &of_theirs),
        ) {
            (true, false) => (&of_theirs, &of_ours),
            (_, true) => (&of_ours, &of_theirs),
            (false, false) if of_ours == of_theirs => (&of_ours, &of_theirs),
            (false, false) => return None,
        };
        // The order of what both sides have must be the same, apart from that change.
        let by_name = |names: &[ContentHash], items: &'p [Piece<'t>]| -> HashMap<_, _> {
            names.iter().copied().zip(items).collect()
        };
        let in_base = by_name(&of_base, base);
        let (in_ours, in_theirs) = (by_name(&of_ours, ours), by_name(&of_theirs, theirs));
        let added = of_theirs.iter().filter(|name| !in_ours.contains_key(*name));
        let mut merged = HashMap::new();
        for name in of_ours.iter().chain(added) {
            let base = Base::Known(in_base.get(name).copied());
            let (ours, theirs) = (in_ours.get(name).copied(), in_theirs.get(name).copied());
            if let Some(piece) = self.item(base, ours, theirs) {
                merged.insert(*name, piece);
            }
        }
        let order = key_order(first, second, |name| merged.contains_key(name));
        let pieces = order.into_iter().filter_map(|name| merged.remove(&name));
        Some(pieces.collect())
    }
}

/// The identities of items; `None` if an item lacks one, or two items share one.
fn identities(items: &[Piece<'_>], are_documents: bool) -> Option<Vec<ContentHash>> {
    let identities = items.iter().map(|item| identity(item, are_documents));
    let identities: Vec<ContentHash> = identities.collect::<Option<_>>()?;
    let mut seen = HashSet::new();
    identities
        .iter()
        .all(|identity| seen.insert(*identity))
        .then_some(identities)
}

/// The identity of an item, which stays the same while its other values change.
pub(super) fn identity(item: &Piece<'_>, is_document: bool) -> Option<ContentHash> {
    let mapping = item
        .container()
        .filter(|container| container.kind == Collection::Mapping)?;
    let value = |container: &Container<'_>, key: &str| -> Option<ContentHash> {
        let entry = container.entries.iter().find(|entry| entry.key == key)?;
        Some(entry.hash)
    };
    if !is_document {
        return value(mapping, "name");
    }
    let metadata = mapping.entries.iter().find(|entry| entry.key == "metadata");
    let metadata = metadata.and_then(Piece::container);
    let parts = [
        value(mapping, "kind"),
        metadata.and_then(|metadata| value(metadata, "namespace")),
        metadata.and_then(|metadata| value(metadata, "name")),
    ];
    let parts = parts.into_iter().flatten().map(|hash| ("", hash));
    let keys = mapping
        .entries
        .iter()
        .map(|entry| (&*entry.key, ContentHash::default()));
    Some(match value(mapping, "kind") {
        Some(_) => hash_of_container(Collection::Sequence, parts),
        None => hash_of_container(Collection::Mapping, keys),
    })
}
