//! The values of a configuration, before they are converted to their types.

use std::collections::BTreeMap;

use crate::keys::MasterKey;

/// A mapping that was read according to its [`Schema`](super::schema::Schema). A key without a
/// value counts as missing. Each value can be taken once.
#[derive(Default)]
pub struct Mapping {
    pub(super) entries: Vec<(&'static str, Option<ConfigNode>)>,
}

/// A value that was read; the schema determines the variant.
pub(super) enum ConfigNode {
    Text(String),
    Flag(bool),
    Number(i64),
    Keys(Vec<MasterKey>),
    List(Vec<String>),
    Texts(BTreeMap<String, String>),
    Mapping(Mapping),
    Mappings(Vec<Mapping>),
}

impl Mapping {
    /// A string.
    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            ConfigNode::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        matches!(self.take(key), Some(ConfigNode::Flag(true)))
    }

    pub(super) fn number(&mut self, key: &str) -> Option<i64> {
        match self.take(key)? {
            ConfigNode::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn keys(&mut self, key: &str) -> Vec<MasterKey> {
        match self.take(key) {
            Some(ConfigNode::Keys(keys)) => keys,
            _ => Vec::new(),
        }
    }

    /// A list of strings.
    pub fn list(&mut self, key: &str) -> Option<Vec<String>> {
        match self.take(key)? {
            ConfigNode::List(list) => Some(list),
            _ => None,
        }
    }

    /// A mapping of strings, empty if the key is missing.
    pub fn texts(&mut self, key: &str) -> BTreeMap<String, String> {
        match self.take(key) {
            Some(ConfigNode::Texts(texts)) => texts,
            _ => BTreeMap::new(),
        }
    }

    /// A mapping.
    pub fn mapping(&mut self, key: &str) -> Option<Self> {
        match self.take(key)? {
            ConfigNode::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// `None` if the key is missing, which differs from an empty list.
    pub(super) fn mappings(&mut self, key: &str) -> Option<Vec<Self>> {
        match self.take(key)? {
            ConfigNode::Mappings(mappings) => Some(mappings),
            _ => None,
        }
    }

    fn take(&mut self, key: &str) -> Option<ConfigNode> {
        let (_, node) = self.entries.iter_mut().find(|(name, _)| *name == key)?;
        node.take()
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        self.entries
            .iter()
            .any(|(name, node)| *name == key && node.is_some())
    }

    /// The first of these keys that is set, except `other`.
    pub(super) fn first_set(&self, keys: &[&'static str], other: &str) -> Option<&'static str> {
        keys.iter()
            .copied()
            .find(|key| *key != other && self.is_set(key))
    }
}
