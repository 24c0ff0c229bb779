//! A document as a tree of values, apart from any text: what is written where no source text is kept.

use std::fmt;

use crate::value::Value;

/// A value or a collection of values.
#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    /// Keys and their values, in the order that they are written in.
    Mapping(Vec<Entry>),
    /// Values in their order.
    Sequence(Vec<Node>),
    /// One value, `None` for null.
    Scalar(Option<Value<'static>>),
}

/// A key and its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key; SOPS has no keys but strings.
    pub key: String,
    /// What stands under it.
    pub value: Node,
}

/// Shows the shape, the keys and the types; never a value.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mapping(entries) => f
                .debug_map()
                .entries(entries.iter().map(|entry| (&entry.key, &entry.value)))
                .finish(),
            Self::Sequence(items) => f.debug_list().entries(items).finish(),
            Self::Scalar(Some(value)) => f.write_str(value.kind.name()),
            Self::Scalar(None) => f.write_str("null"),
        }
    }
}

/// Shows the key and the shape of its value.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {:?}", self.key, self.value)
    }
}
