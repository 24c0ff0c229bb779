//! Values in the metadata under keys that the format does not have.

use serde_json::{Map, Value as Json};
use sops_document::{Component, Document, Format, KeyPath, ReservedEntry};

use super::{locate, read, read_yaml};
use crate::keys::Family;
use crate::metadata::{ENTRY_FIELDS, KEY_GROUPS, Metadata, is_known};

/// A value in the metadata under an unknown key. SOPS ignores it, and drops it when it writes the
/// file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnknownValue {
    /// The path of the value in the metadata.
    pub path: String,
    /// The nearest key above the value.
    pub key: String,
    /// The value.
    pub text: String,
    /// Where it is, in bytes from the start of the file.
    pub offset: usize,
}

/// The values in the metadata under unknown keys, in document order.
pub(crate) fn find(document: &Document<'_>, metadata: &Metadata) -> Vec<UnknownValue> {
    let mut found = Vec::new();
    let keys = metadata.key_groups.iter().flat_map(|group| &group.keys);
    let mut fields = keys.flat_map(|key| key.fields().keys());
    // Most metadata has no unknown keys, and needs no second pass.
    let has_groups = || {
        let mut blocks = document.reserved_entries().iter();
        blocks.any(|block| document.text()[block.value.clone()].contains(KEY_GROUPS))
    };
    let has_any =
        !metadata.unknown_keys.is_empty() || fields.any(|field| !is_field(field)) || has_groups();
    if has_any && let Ok(Some(tree)) = read(document) {
        let leaves = UnknownField::all(&tree);
        let paths: Vec<&[Component]> = leaves.iter().map(|leaf| &leaf.path[..]).collect();
        let offsets = locate::offsets(document, &paths);
        let leaves = leaves.into_iter().zip(offsets);
        found.extend(leaves.map(|(leaf, offset)| leaf.at(offset.unwrap_or_default())));
    }
    if document.format() != Format::Yaml {
        return found;
    }
    // SOPS writes the same metadata into every document of a stream.
    let text = |block: &ReservedEntry| document.reserved_source(block).0.trim().to_owned();
    let mut blocks = document.reserved_entries().iter();
    let Some(first) = blocks
        .next()
        .filter(|_| document.reserved_entries().len() > 1)
        .map(text)
    else {
        return found;
    };
    for block in blocks.filter(|block| text(block) != first) {
        let tree = read_yaml(&document.reserved_source(block).0);
        let leaves = tree
            .map(|tree| UnknownField::all(&tree))
            .unwrap_or_default();
        found.extend(leaves.into_iter().map(|leaf| leaf.at(block.value.start)));
    }
    found
}

fn is_field(key: &str) -> bool {
    ENTRY_FIELDS.contains(&key)
}

/// A value in the tree of the metadata.
struct UnknownField {
    path: Vec<Component>,
    text: String,
}

impl UnknownField {
    /// The values under unknown keys of the metadata.
    fn all(tree: &Map<String, Json>) -> Vec<Self> {
        let mut found = Vec::new();
        Self::in_group(tree, &[], &mut found);
        found
    }

    /// Adds the unknown keys of the metadata itself, or of a key group.
    fn in_group(tree: &Map<String, Json>, path: &[Component], found: &mut Vec<Self>) {
        for (key, value) in tree {
            let path = [path, &[Component::Key(key.clone())]].concat();
            let is_family = Family::ALL.iter().any(|family| family.name() == key);
            if !is_known(key) {
                Self::below(value, path, found);
            } else if let Json::Array(items) = value {
                for (number, item) in items.iter().enumerate() {
                    let path = [&path[..], &[Component::Index(number)]].concat();
                    match item {
                        Json::Object(fields) if is_family => Self::in_fields(fields, &path, found),
                        Json::Object(group) => Self::in_group(group, &path, found),
                        _ => {}
                    }
                }
            }
        }
    }

    fn in_fields(fields: &Map<String, Json>, path: &[Component], found: &mut Vec<Self>) {
        for (key, value) in fields.iter().filter(|(key, _)| !is_field(key)) {
            let path = [path, &[Component::Key(key.clone())]].concat();
            Self::below(value, path, found);
        }
    }

    /// Adds all values in a part of the metadata.
    fn below(value: &Json, path: Vec<Component>, found: &mut Vec<Self>) {
        let mut open = vec![(path, value)];
        while let Some((path, value)) = open.pop() {
            let text = match value {
                Json::Null => continue,
                Json::String(text) => text.clone(),
                Json::Bool(_) | Json::Number(_) => value.to_string(),
                Json::Array(items) => {
                    let items = items.iter().enumerate();
                    open.extend(items.map(|(number, item)| {
                        ([&path[..], &[Component::Index(number)]].concat(), item)
                    }));
                    continue;
                }
                Json::Object(entries) => {
                    open.extend(entries.iter().map(|(key, value)| {
                        ([&path[..], &[Component::Key(key.clone())]].concat(), value)
                    }));
                    continue;
                }
            };
            found.push(Self { path, text });
        }
    }

    fn at(self, offset: usize) -> UnknownValue {
        let Self { path, text } = self;
        let key = path.iter().rev().find_map(|component| match component {
            Component::Key(key) => Some(key.clone()),
            Component::Index(_) => None,
        });
        let path = KeyPath::new(path).map(|path| path.dotted().to_string());
        UnknownValue {
            path: path.unwrap_or_default(),
            key: key.unwrap_or_default(),
            text,
            offset,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{EncryptedDocument, Format};

    fn found(text: &str, format: Format) -> Vec<(String, String, usize)> {
        let document = EncryptedDocument::parse(text, format).expect("the document is encrypted");
        let found = document.unknown_values().into_iter();
        found
            .map(|value| {
                let line = text[..value.offset].matches('\n').count() + 1;
                (value.path, value.text, line)
            })
            .collect()
    }

    #[test]
    fn values_under_unknown_keys_are_found_in_every_format() {
        let value_at = |path: &str, line| vec![(path.to_owned(), "x".to_owned(), line)];
        let age = "- {recipient: a, enc: b, later: [{c: x}]}";
        let yaml = |more: &str| {
            format!(
                "a: b\nsops:\n  version: 3.13.3\n  lastmodified: '2026-01-01T00:00:00Z'\n  mac: ''\n{more}"
            )
        };
        let known = "  age:\n  - {recipient: a, enc: b}\n";
        assert_eq!(found(&yaml(known), Format::Yaml), []);
        let note = format!("{known}  note: x\n");
        assert_eq!(found(&yaml(&note), Format::Yaml), value_at("note", 8));
        let nested = format!("  age:\n  {age}\n");
        assert_eq!(
            found(&yaml(&nested), Format::Yaml),
            value_at("age[0].later[0].c", 7)
        );
        let groups = "  key_groups:\n  - age:\n    - {recipient: a, enc: b}\n    note: x\n";
        assert_eq!(
            found(&yaml(groups), Format::Yaml),
            value_at("key_groups[0].note", 9)
        );
        let two = format!("{}---\n{}", yaml(known), yaml(&note));
        assert_eq!(found(&two, Format::Yaml), value_at("note", 11));
        assert_eq!(found(&two.replace("  note: x\n", ""), Format::Yaml), []);
        let flat = |prefix: &str| {
            [
                "version=3.13.3",
                "lastmodified=2026-01-01T00:00:00Z",
                "age__list_0__map_recipient=a",
                "age__list_0__map_enc=b",
                "note=x",
            ]
            .map(|line| format!("{prefix}{line}\n"))
            .concat()
        };
        let dotenv = format!("A=b\n{}", flat("sops_"));
        assert_eq!(found(&dotenv, Format::Dotenv), value_at("note", 6));
        let ini = format!("[a]\nb=c\n[sops]\n{}", flat(""));
        assert_eq!(found(&ini, Format::Ini), value_at("note", 8));
        let json = r#"{"a": "b", "sops": {"version": "3.13.3", "lastmodified": "2026-01-01T00:00:00Z", "age": [{"recipient": "a", "enc": "b"}], "note": "x"}}"#;
        assert_eq!(found(json, Format::Json), value_at("note", 1));
    }

    #[test]
    fn thousands_of_unknown_keys_are_located_in_one_pass() {
        let known = "a: b\nsops:\n  version: 3.13.3\n  lastmodified: '2026-01-01T00:00:00Z'\n  mac: ''\n  age:\n  - {recipient: a, enc: b}\n";
        let keys: String = (0..3_000).map(|key| format!("  k{key}: x\n")).collect();
        let found = found(&format!("{known}{keys}"), Format::Yaml);
        assert_eq!(found.len(), 3_000);
        let mut lines: Vec<usize> = found.into_iter().map(|(_, _, line)| line).collect();
        lines.sort_unstable();
        assert!(lines.into_iter().eq(8..3_008));
    }

    #[test]
    fn deep_metadata_is_an_error_and_not_a_stack_overflow() {
        for (open, close) in [("{a: ", "}"), ("[", "]")] {
            let deep = format!("{}x{}", open.repeat(900), close.repeat(900));
            let text = format!("a: b\nsops:\n  version: 3.13.3\n  note: {deep}\n");
            let parse = move || EncryptedDocument::parse(&text, Format::Yaml).is_err();
            let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(parse);
            assert!(thread.unwrap().join().unwrap());
        }
    }
}
