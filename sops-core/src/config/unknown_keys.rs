//! Finds the keys of a configuration that have no effect, for warnings.

use sops_document::{Document, Location, NodeRef};

use super::schema::{Inner, Schema, UnknownKey, ValueKind};
use super::sops_yaml::FILE;

/// The part of a configuration that is searched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Everything except the destination rules.
    Encryption,
    /// The destination rules, which only `publish` uses.
    Destinations,
}

/// The first `limit` keys that have no effect, with their locations. The text must have been read
/// before, which limits the number of values that its aliases expand to.
pub(super) fn warnings(text: &str, part: Part, limit: usize) -> Vec<(Location, String)> {
    let Ok(document) = Document::parse_leniently(text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(Some(top)) = document.tops().next() {
        let is_searched =
            |name: &str| (name == "destination_rules") == (part == Part::Destinations);
        let entries = top.entries().filter(|(name, _)| is_searched(name));
        walk(entries, &FILE, limit, &mut found);
    }
    let located = |(offset, message)| (Location::of(text, offset), message);
    found.into_iter().map(located).collect()
}

fn walk<'d, 'a: 'd>(
    entries: impl Iterator<Item = (&'d str, NodeRef<'d, 'a>)>,
    schema: &'static Schema,
    limit: usize,
    found: &mut Vec<(usize, String)>,
) {
    for (name, value) in entries {
        let kind = match schema.get(name) {
            Some((_, kind)) => kind,
            None if name == "<<" => ValueKind::Mapping(schema),
            None => {
                let message = match (schema.unknown(name), schema.inner) {
                    (UnknownKey::Warning(message), _) => Some(message),
                    (UnknownKey::Foreign, Some(inner)) => misplaced(name, value, inner),
                    _ => None,
                };
                if let Some(message) = message {
                    let found_key = (value.key_offset(), message);
                    // An alias leads to the same key again.
                    if found.len() < limit && !found.contains(&found_key) {
                        found.push(found_key);
                    }
                }
                continue;
            }
        };
        if let ValueKind::Mapping(schema) | ValueKind::Mappings(schema) = kind {
            // A merge key may list several mappings.
            for mapping in std::iter::once(value).chain(value.items()) {
                let entries: Box<dyn Iterator<Item = _>> = Box::new(mapping.entries());
                walk(entries, schema, limit, found);
            }
        }
    }
}

/// The warning about a key that belongs in the mappings of an inner list, or that contains such
/// mappings. Keys with anchors that the file uses are the user's own.
fn misplaced(name: &str, value: NodeRef<'_, '_>, inner: Inner) -> Option<String> {
    let Inner { list, schema } = inner;
    let is_mapping_of_list = |item: NodeRef<'_, '_>| {
        let mut names = item.entries().map(|(name, _)| name);
        names.any(|name| schema.get(name).is_some())
    };
    let message = if schema.get(name).is_some() {
        format!("`{name}` has no effect at the top level; put it into an item of `{list}`")
    } else if value.items().any(is_mapping_of_list) {
        format!("`{name}` has no effect; did you mean `{list}`?")
    } else if value.get(list).is_some() {
        format!("`{list}` has no effect under `{name}`; put it at the top level")
    } else {
        return None;
    };
    (!value.is_aliased()).then_some(message)
}
