//! Keys of the metadata in another letter case. Go's decoder accepts such a key if no key
//! has the right case.

use serde_json::{Map, Value as Json};
use sops_keys::Family;

use super::{ENTRY_FIELDS, KEY_GROUPS, KNOWN_KEYS};
use crate::rules::EncryptionRule;

/// The tree with its keys in the format's spelling.
pub(crate) fn with_known_keys(tree: Map<String, Json>) -> Map<String, Json> {
    let known = KNOWN_KEYS.into_iter().chain(EncryptionRule::NAMES);
    let mut tree = with_families(renamed(tree, known));
    if let Some(Json::Array(groups)) = tree.get_mut(KEY_GROUPS) {
        for group in groups.iter_mut().filter_map(Json::as_object_mut) {
            *group = with_families(std::mem::take(group));
        }
    }
    tree
}

/// Fixes the letter case of the families of master keys in a tree, and of the fields of their
/// entries.
fn with_families(tree: Map<String, Json>) -> Map<String, Json> {
    let families = || Family::ALL.iter().map(|family| family.name());
    let mut tree = renamed(tree, families());
    for family in families() {
        let Some(Json::Array(entries)) = tree.get_mut(family) else {
            continue;
        };
        for fields in entries.iter_mut().filter_map(Json::as_object_mut) {
            *fields = renamed(std::mem::take(fields), ENTRY_FIELDS.into_iter());
        }
    }
    tree
}

/// The tree with its keys renamed: if a known key is missing, the first key that differs only in
/// case takes its name.
fn renamed<'k>(tree: Map<String, Json>, known: impl Iterator<Item = &'k str>) -> Map<String, Json> {
    let mut names = Vec::new();
    let has_capitals = |key: &String| key.bytes().any(|byte| byte.is_ascii_uppercase());
    if !tree.keys().any(has_capitals) {
        return tree;
    }
    for known in known.filter(|known| !tree.contains_key(*known)) {
        let misspelled = tree.keys().find(|key| key.eq_ignore_ascii_case(known));
        names.extend(misspelled.map(|key| (key.clone(), known)));
    }
    if names.is_empty() {
        return tree;
    }
    let entries = tree.into_iter().map(|(key, value)| {
        let name = names.iter().find(|(other, _)| *other == key);
        (name.map_or(key, |(_, known)| (*known).to_owned()), value)
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Measured with `sops decrypt` 3.13.3.
    #[test]
    fn keys_in_another_case_count_if_the_exact_key_is_missing() {
        for (tree, expected) in [
            (
                json!({"MAC": "x", "Version": "3", "AGE": []}),
                json!({"mac": "x", "version": "3", "age": []}),
            ),
            (
                json!({"mac": "x", "MAC": "y", "m": 1}),
                json!({"mac": "x", "MAC": "y", "m": 1}),
            ),
            (
                json!({"Key_Groups": [{"PGP": [{"FP": "a", "Other": 1}], "x": 1}, 2]}),
                json!({"key_groups": [{"pgp": [{"fp": "a", "Other": 1}], "x": 1}, 2]}),
            ),
        ] {
            let Json::Object(tree) = tree else { panic!() };
            assert_eq!(Json::Object(with_known_keys(tree)), expected);
        }
    }
}
