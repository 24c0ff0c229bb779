//! Locates a part of the configuration in its text, for errors that are found after reading.

use sops_document::{Document, Location, NodeRef};

use crate::keys::{Family, MasterKey};

/// Where the creation rule `index` begins.
pub(super) fn rule(text: &str, index: usize) -> Option<Location> {
    let document = Document::parse_leniently(text).ok()?;
    let span = rule_node(&document, index)?.span();
    Some(Location::of(text, span.start))
}

/// Where the value of an entry of the creation rule `index` begins.
pub(super) fn entry(text: &str, index: usize, name: &str) -> Option<Location> {
    let document = Document::parse_leniently(text).ok()?;
    let value = rule_node(&document, index)?.get(name)?;
    Some(Location::of(text, value.origin().span().start))
}

/// The location and path of a key of a creation rule.
pub(super) struct KeyPlace {
    pub(super) location: Location,
    /// For example `creation_rules[0].age[1]`, with the index of the key if a string holds several.
    pub(super) path: String,
}

/// Locates a key of the creation rule `index`; for an alias, at its anchor. `None` if no string of
/// the rule is this key.
pub(super) fn key(text: &str, index: usize, key: &MasterKey) -> Option<KeyPlace> {
    let document = Document::parse_leniently(text).ok()?;
    let (node, position) = in_group(rule_node(&document, index)?, key)?;
    let start = node.origin().span().start;
    let path = dotted(&node.path());
    let (offset, path) = match position {
        KeyPosition::Whole => (start, path),
        KeyPosition::Part {
            number,
            count,
            part,
        } => {
            let offset = offset_of(&text[start..], &part).unwrap_or_default();
            (start + offset, format!("{path}: key {number} of {count}"))
        }
    };
    Some(KeyPlace {
        location: Location::of(text, offset),
        path,
    })
}

fn rule_node<'d, 'a>(document: &'d Document<'a>, index: usize) -> Option<NodeRef<'d, 'a>> {
    let top = document.tops().next()??;
    top.get("creation_rules")?.items().nth(index)
}

/// The position of a key in a string.
enum KeyPosition {
    Whole,
    /// The key is one of several comma-separated keys.
    Part {
        number: usize,
        count: usize,
        part: String,
    },
}

/// The string that holds the key, in a rule or one of its groups.
fn in_group<'d, 'a>(
    group: NodeRef<'d, 'a>,
    key: &MasterKey,
) -> Option<(NodeRef<'d, 'a>, KeyPosition)> {
    group.entries().find_map(|(name, value)| {
        let family = match name {
            "key_groups" | "merge" | "<<" => {
                return match value.items().next() {
                    Some(_) => value.items().find_map(|group| in_group(group, key)),
                    None => in_group(value, key),
                };
            }
            "age" => Family::Age,
            "pgp" => Family::Pgp,
            "azure_keyvault" => Family::AzureKv,
            _ => return None,
        };
        let mut texts = std::iter::once(value).chain(value.items());
        texts.find_map(|text| Some((text, in_text(text.as_str()?, family, key)?)))
    })
}

fn in_text(text: &str, family: Family, key: &MasterKey) -> Option<KeyPosition> {
    let parts = text.split(',').map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let is_key = |part: &&str| {
        let keys = MasterKey::from_list(family, part);
        keys.is_ok_and(|keys| keys.contains(key))
    };
    let at = parts.iter().position(is_key)?;
    Some(match parts.len() {
        1 => KeyPosition::Whole,
        count => KeyPosition::Part {
            number: at + 1,
            count,
            part: parts[at].to_owned(),
        },
    })
}

/// Where `part` begins as a whole word of the source.
fn offset_of(source: &str, part: &str) -> Option<usize> {
    let is_of_key = |character: char| character.is_alphanumeric() || character == '-';
    let (offset, _) = source.match_indices(part).find(|(start, part)| {
        let before = source[..*start].chars().next_back();
        let next = source[start + part.len()..].chars().next();
        !before.is_some_and(is_of_key) && !next.is_some_and(is_of_key)
    })?;
    Some(offset)
}

/// Keys joined with dots, indexes in brackets.
fn dotted(steps: &[String]) -> String {
    let mut path = String::new();
    for step in steps {
        if !path.is_empty() && !step.starts_with('[') {
            path.push('.');
        }
        path.push_str(step);
    }
    path
}
