//! A document as a tree of values, without its text.

use std::borrow::Cow;
use std::fmt;

use crate::value::{Type, Value};

/// A value or a collection of values.
#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    /// Keys and their values, in the order of the text.
    Mapping(Vec<Entry>),
    /// Values in order.
    Sequence(Vec<Node>),
    /// One value, `None` for null.
    Scalar(Option<Value<'static>>),
}

/// A key and its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value under `key`; `None` if this is not a mapping or has no such key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Mapping(entries) => entries
                .iter()
                .find(|entry| entry.key == key)
                .map(|entry| &entry.value),
            _ => None,
        }
    }

    /// The text of a string; `None` for other types.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Scalar(Some(Value {
                kind: Type::Str,
                bytes,
            })) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Scalar(Some(Value {
            kind: Type::Int,
            bytes: Cow::Owned(number.to_string().into_bytes()),
        }))
    }
}

impl From<i32> for Node {
    fn from(number: i32) -> Self {
        i64::from(number).into()
    }
}

impl From<bool> for Node {
    fn from(truth: bool) -> Self {
        let canonical = if truth { "True" } else { "False" };
        Self::Scalar(Some(Value {
            kind: Type::Bool,
            bytes: Cow::Borrowed(canonical.as_bytes()),
        }))
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Scalar(Some(Value {
            kind: Type::Str,
            bytes: Cow::Owned(text.as_bytes().to_vec()),
        }))
    }
}

/// Shows the shape, the keys and the types, never a value.
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

#[cfg(test)]
pub(crate) mod tests {
    use std::borrow::Cow;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value as Json;

    use super::*;
    use crate::value::Type;

    /// A tree in the form of the vectors: `{"map": [[key, tree], …]}`, `{"seq": […]}`, null,
    /// `{"base64": bytes}` for a string that is not UTF-8, and otherwise the type's name with the
    /// canonical form.
    pub(crate) fn from_vector(json: &Json) -> Node {
        let Some((name, content)) = json.as_object().and_then(|object| object.iter().next()) else {
            return Node::Scalar(None);
        };
        let array = || {
            content
                .as_array()
                .expect("collections are arrays in the vectors")
        };
        let text = || {
            content
                .as_str()
                .expect("values are strings in the vectors")
                .to_owned()
        };
        match name.as_str() {
            "map" => Node::Mapping(
                array()
                    .iter()
                    .map(|entry| Entry {
                        key: entry[0].as_str().expect("keys are strings").to_owned(),
                        value: from_vector(&entry[1]),
                    })
                    .collect(),
            ),
            "seq" => Node::Sequence(array().iter().map(from_vector).collect()),
            "base64" => {
                let bytes = STANDARD
                    .decode(text())
                    .expect("the vectors have valid base64");
                Node::Scalar(Some(Value {
                    kind: Type::Str,
                    bytes: Cow::Owned(bytes),
                }))
            }
            kind => {
                let kind = Type::from_name(kind).expect("the vectors name types of SOPS");
                Node::Scalar(Some(Value {
                    kind,
                    bytes: Cow::Owned(text().into_bytes()),
                }))
            }
        }
    }

    #[test]
    fn trees_are_read_with_integers_that_cannot_be_encrypted() {
        let text = "a: 18446744073709551615\nb: [\"on\", on, 2001-01-01, '2001-01-01'] # c\n";
        let trees = Node::from_yaml(text).unwrap_or_else(|error| panic!("{error}"));
        let tree = from_vector(&serde_json::json!({"map": [
            ["a", {"int": "18446744073709551615"}],
            ["b", {"seq": [{"str": "on"}, {"str": "on"}, {"time": "2001-01-01T00:00:00Z"}, {"str": "2001-01-01"}]}],
        ]}));
        assert_eq!(trees, [tree]);
        let written = trees[0].to_yaml();
        assert_eq!(Node::from_yaml(&written).ok(), Some(trees));
    }

    #[test]
    fn metadata_is_read_as_an_entry() {
        let trees = Node::from_yaml("a: 1\nsops: {version: 3.13.3}\n")
            .unwrap_or_else(|error| panic!("{error}"));
        let version = trees[0].get("sops").and_then(|block| block.get("version"));
        assert_eq!(version.and_then(Node::as_str), Some("3.13.3"));
    }

    #[test]
    fn debug_output_shows_no_value() {
        let tree =
            from_vector(&serde_json::json!({"map": [["a", {"seq": [{"str": "s3cret"}, null]}]]}));
        assert_eq!(format!("{tree:?}"), r#"{"a": [str, null]}"#);
    }
}
