//! What can be wrong with a document, or with a change of one, and where.

use std::fmt;

/// What the functions of this library return.
pub type Result<T> = std::result::Result<T, Error>;

/// A place in a text: line and column count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The offset in bytes from the start of the text.
    pub offset: usize,
}

impl Location {
    /// The place of the byte `offset` in `text`; costs a scan of the text before it.
    pub fn of(text: &str, offset: usize) -> Self {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            offset,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What is wrong with a document, or with what was asked of it. Values never appear in the messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not valid in its format.
    #[error("{location}: {message}")]
    Syntax {
        /// Where.
        location: Location,
        /// What is wrong there.
        message: String,
    },
    /// The text is valid in its format, but not a document of this library: the top level is no mapping, or a key appears twice.
    #[error("{location}: {message}")]
    Unsupported {
        /// Where.
        location: Location,
        /// What documents cannot have.
        message: String,
    },
    /// A key or a value is outside of what this library represents: a key that is no string, an integer beyond 64 bits.
    #[error("{location}: {message}")]
    Unrepresentable {
        /// Where.
        location: Location,
        /// What it is, and what to write instead.
        message: String,
    },
    /// The document is larger, deeper, or expands to more than this library works on.
    #[error("{}{message}", prefix(location))]
    Limit {
        /// Where, if it is one place.
        location: Option<Location>,
        /// Which limit, and its size.
        message: String,
    },
    /// The value of the [reserved](crate::Document::parse_reserving) key is not a mapping, or its lines contradict each other.
    #[error("{}{message}", prefix(location))]
    ReservedEntry {
        /// Where.
        location: Option<Location>,
        /// What is wrong with it.
        message: String,
    },
    /// The path begins with the key that the document [reserves](crate::Document::parse_reserving).
    #[error("the key `{key}` is reserved")]
    Reserved {
        /// The reserved key.
        key: String,
    },
    /// A key path is malformed or does not fit the document's shape, or the text cannot be changed there.
    #[error("{message}")]
    Path {
        /// Which component, and what the document has there.
        message: String,
    },
    /// The document does not have the key or index.
    #[error("{message}")]
    NotFound {
        /// The path as far as it is missing.
        message: String,
    },
    /// The format to write has no form for a value, such as a sequence in dotenv.
    #[error("{path}: {message}")]
    Unwritable {
        /// The key path, keys joined with `.`.
        path: String,
        /// What the format lacks.
        message: String,
    },
    /// A value does not fit the type that it is read into.
    #[error("{path}: {message}")]
    Value {
        /// The key path, keys joined with `.`; sequence indexes in brackets.
        path: String,
        /// Where in the text.
        location: Option<Location>,
        /// What the type expects.
        message: String,
    },
}

/// A place in front of a message.
fn prefix(location: &Option<Location>) -> String {
    location.map_or_else(String::new, |at| format!("{at}: "))
}
