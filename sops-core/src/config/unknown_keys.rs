//! Finds the keys of a configuration that have no effect, for warnings.

use sops_document::{Document, Location, NodeRef};

use super::schema::{Schema, UnknownKey, ValueKind};
use super::sops_yaml::FILE;

/// The first `limit` keys that have no effect, with their place. The text has been read, so that its aliases do not expand without end.
pub(super) fn warnings(text: &str, limit: usize) -> Vec<(Location, String)> {
    let Ok(document) = Document::parse_leniently(text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(Some(top)) = document.tops().next() {
        walk(top, &FILE, limit, &mut found);
    }
    let place = |(offset, message)| (Location::of(text, offset), message);
    found.into_iter().map(place).collect()
}

fn walk(
    mapping: NodeRef<'_, '_>,
    schema: &'static Schema,
    limit: usize,
    found: &mut Vec<(usize, String)>,
) {
    for (name, value) in mapping.entries() {
        let kind = match schema.get(name) {
            Some((_, kind)) => kind,
            None if name == "<<" => ValueKind::Mapping(schema),
            None => {
                if let UnknownKey::Warning(message) = schema.unknown(name) {
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
                walk(mapping, schema, limit, found);
            }
        }
    }
}
