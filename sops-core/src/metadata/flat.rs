//! The metadata in formats without nesting: a list of names and values, where a name is the path,
//! such as `age__list_0__map_enc`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use sops_document::{Component, ReservedLine};

const KEY: &str = "__map_";
const INDEX: &str = "__list_";

/// A depth that the metadata of SOPS never reaches.
const MAX_DEPTH: usize = 16;

/// The names and values of a tree, in order.
pub(crate) fn flatten(tree: &Map<String, Json>) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for (key, value) in tree {
        descend(key.clone(), value, &mut entries);
    }
    entries
}

fn descend(name: String, value: &Json, entries: &mut Vec<(String, String)>) {
    match value {
        Json::Object(members) => {
            for (key, value) in members {
                descend(format!("{name}{KEY}{key}"), value, entries);
            }
        }
        Json::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                descend(format!("{name}{INDEX}{index}"), value, entries);
            }
        }
        Json::String(text) => entries.push((name, text.clone())),
        value => entries.push((name, value.to_string())),
    }
}

/// The name of the value at the path.
pub(crate) fn name(path: &[Component]) -> String {
    let mut name = String::new();
    for (depth, component) in path.iter().enumerate() {
        match component {
            Component::Key(key) if depth == 0 => name.push_str(key),
            Component::Key(key) => name.extend([KEY, key]),
            Component::Index(index) => name.extend([INDEX, &index.to_string()]),
        }
    }
    name
}

/// An error in a list of names and values.
#[derive(Debug)]
pub(crate) struct FlatError {
    /// The first line that contradicts the lines before it; `None` if the error is about all of
    /// them.
    pub(crate) at: Option<usize>,
    pub(crate) message: String,
}

/// The tree of names and values.
pub(crate) fn unflatten(
    lines: impl IntoIterator<Item = ReservedLine>,
) -> Result<Map<String, Json>, FlatError> {
    let mut top = FlatNode::default();
    for ReservedLine { at, name, text } in lines {
        let wrong = |reason: &str| {
            Err(FlatError {
                at: Some(at),
                message: format!("`{name}` {reason}"),
            })
        };
        let mut node = &mut top;
        for (depth, step) in steps(&name).enumerate() {
            if depth == MAX_DEPTH {
                return wrong("is nested too deeply");
            }
            let next = match step {
                FlatStep::Key(key) => node.entry(key),
                FlatStep::Index(text) => match text.parse() {
                    Ok(index) => node.item(index),
                    Err(_) => return wrong("has an index that is not a number"),
                },
            };
            let Some(next) = next else {
                return wrong("contradicts another key");
            };
            node = next;
        }
        if !matches!(node, FlatNode::Nothing) {
            return wrong("is a duplicate, or contradicts another key");
        }
        *node = FlatNode::Text(text);
    }
    match top.into_json() {
        Ok(Json::Object(tree)) => Ok(tree),
        Ok(_) => Ok(Map::new()),
        Err(message) => Err(FlatError { at: None, message }),
    }
}

enum FlatStep<'a> {
    Key(&'a str),
    Index(&'a str),
}

/// The parts of a name; the first is a key.
fn steps(name: &str) -> impl Iterator<Item = FlatStep<'_>> {
    let mut rest = Some((true, name));
    std::iter::from_fn(move || {
        let (is_key, text) = rest.take()?;
        let next = [(true, KEY), (false, INDEX)]
            .into_iter()
            .filter_map(|(is_key, mark)| Some((text.find(mark)?, is_key, mark)))
            .min_by_key(|(at, ..)| *at);
        let part = match next {
            Some((at, is_key, mark)) => {
                rest = Some((is_key, &text[at + mark.len()..]));
                &text[..at]
            }
            None => text,
        };
        Some(if is_key {
            FlatStep::Key(part)
        } else {
            FlatStep::Index(part)
        })
    })
}

#[derive(Default)]
enum FlatNode {
    #[default]
    Nothing,
    Text(String),
    Mapping(BTreeMap<String, FlatNode>),
    Sequence(BTreeMap<usize, FlatNode>),
}

impl FlatNode {
    /// The value under the key; `None` if this is not a mapping.
    fn entry(&mut self, key: &str) -> Option<&mut Self> {
        if matches!(self, Self::Nothing) {
            *self = Self::Mapping(BTreeMap::new());
        }
        match self {
            Self::Mapping(entries) => Some(entries.entry(key.to_owned()).or_default()),
            _ => None,
        }
    }

    /// The item with this index; `None` if this is not a sequence.
    fn item(&mut self, index: usize) -> Option<&mut Self> {
        if matches!(self, Self::Nothing) {
            *self = Self::Sequence(BTreeMap::new());
        }
        match self {
            Self::Sequence(items) => Some(items.entry(index).or_default()),
            _ => None,
        }
    }

    fn into_json(self) -> Result<Json, String> {
        Ok(match self {
            Self::Nothing => Json::Null,
            Self::Text(text) => text.into(),
            Self::Mapping(entries) => {
                let mut members = Map::new();
                for (key, node) in entries {
                    members.insert(key, node.into_json()?);
                }
                Json::Object(members)
            }
            Self::Sequence(items) => {
                if items.keys().last() != Some(&(items.len() - 1)) {
                    return Err("the indexes of a list do not count from 0 without gaps".to_owned());
                }
                let items: Result<Vec<Json>, String> =
                    items.into_values().map(Self::into_json).collect();
                Json::Array(items?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entries(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    /// The entries as lines, each with its number.
    fn lines(list: Vec<(String, String)>) -> impl Iterator<Item = ReservedLine> {
        let list = list.into_iter().enumerate();
        list.map(|(at, (name, text))| ReservedLine { at, name, text })
    }

    #[test]
    fn paths_and_names_convert_both_ways() {
        let tree = json!({
            "age": [{"enc": "x\n", "recipient": "age1"}, {"enc": "y", "recipient": "age2"}],
            "key_groups": [{"age": [], "kms": [{"context": {"a": "b"}}]}],
            "mac_only_encrypted": true,
            "shamir_threshold": 2,
        });
        let list = entries(&[
            ("age__list_0__map_enc", "x\n"),
            ("age__list_0__map_recipient", "age1"),
            ("age__list_1__map_enc", "y"),
            ("age__list_1__map_recipient", "age2"),
            (
                "key_groups__list_0__map_kms__list_0__map_context__map_a",
                "b",
            ),
            ("mac_only_encrypted", "true"),
            ("shamir_threshold", "2"),
        ]);
        assert_eq!(
            flatten(tree.as_object().expect("the value is an object")),
            list
        );
        let back = unflatten(lines(list)).expect("the list is a flattened tree");
        let expected = json!({
            "age": [{"enc": "x\n", "recipient": "age1"}, {"enc": "y", "recipient": "age2"}],
            "key_groups": [{"kms": [{"context": {"a": "b"}}]}],
            "mac_only_encrypted": "true",
            "shamir_threshold": "2",
        });
        assert_eq!(Json::Object(back), expected);
    }

    #[test]
    fn contradictory_names_are_rejected() {
        let deep = format!("a{}", "__map_a".repeat(20));
        for (list, at, problem) in [
            (
                &[("a", "1"), ("b", "1"), ("a", "2")][..],
                Some(2),
                "`a` is a duplicate, or contradicts another key",
            ),
            (
                &[("a", "1"), ("a__map_b", "2")],
                Some(1),
                "`a__map_b` contradicts another key",
            ),
            (
                &[("a__map_b", "2"), ("a", "1")],
                Some(1),
                "`a` is a duplicate, or contradicts another key",
            ),
            (
                &[("a__map_b", "2"), ("a__list_0", "1")],
                Some(1),
                "`a__list_0` contradicts another key",
            ),
            (
                &[("a__list_x", "1")],
                Some(0),
                "`a__list_x` has an index that is not a number",
            ),
            (
                &[("a__list_1", "1")],
                None,
                "the indexes of a list do not count from 0 without gaps",
            ),
            (
                &[("a__list_999999999999", "1")],
                None,
                "the indexes of a list do not count from 0 without gaps",
            ),
            (
                &[(&deep, "1")],
                Some(0),
                &format!("`{deep}` is nested too deeply"),
            ),
        ] {
            let fault = unflatten(lines(entries(list))).expect_err(problem);
            assert_eq!((fault.at, &*fault.message), (at, problem));
        }
    }
}
