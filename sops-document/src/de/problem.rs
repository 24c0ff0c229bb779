//! Explains why a value does not match a type, without showing the value.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::Document;
use crate::error::{Error, Location};

/// The reason why a value does not match, and its position.
#[derive(Debug)]
pub(super) struct Problem {
    message: String,
    /// The node on the tape where the problem is, set while unwinding.
    node: Option<usize>,
    /// The path to the node, innermost component first.
    path: Vec<PathStep>,
}

/// One component of the path to a problem.
#[derive(Debug)]
pub(super) enum PathStep {
    Key(String),
    Index(usize),
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            node: None,
            path: Vec::new(),
        }
    }

    pub(super) fn at(mut self, node: Option<usize>) -> Self {
        self.node = self.node.or(node);
        self
    }

    pub(super) fn under(mut self, step: PathStep) -> Self {
        self.path.push(step);
        self
    }

    pub(super) fn into_error(self, document: &Document<'_>) -> Error {
        let mut path = String::new();
        for step in self.path.iter().rev() {
            match step {
                PathStep::Key(key) if path.is_empty() => path.push_str(key),
                PathStep::Key(key) => path.extend([".", key]),
                PathStep::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        if path.is_empty() {
            path = "the top level".to_owned();
        }
        let location = self
            .node
            .map(|node| Location::of(document.text, document.node_start(node)));
        Error::Value {
            path,
            location,
            message: self.message,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// Unlike serde's default messages, these messages contain no values.
impl de::Error for Problem {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new("unexpected value")
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {}", name(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!(
            "expected {expected}, found {} with an invalid value",
            name(&found)
        ))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let plural = if length == 1 { "" } else { "s" };
        Self::new(format!("expected {expected}, found {length} item{plural}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("expected {}", one_of(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let expected = one_of(expected);
        Self::new(format!("unknown key `{field}`; expected {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` appears twice"))
    }
}

/// The kind of the value that was found.
fn name(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "a string that is not UTF-8",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a sequence",
        Unexpected::Map => "a mapping",
        _ => "something else",
    }
}

/// The names that are allowed.
fn one_of(names: &[&str]) -> String {
    match names {
        [name] => (*name).to_owned(),
        names => format!("one of {}", names.join(", ")),
    }
}
