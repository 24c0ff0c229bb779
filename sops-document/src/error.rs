//! Errors in a document or in a change to one, with their locations.

use std::fmt;

use sops_printable::floor_char_boundary;

/// The result of the functions of this library.
pub type Result<T> = std::result::Result<T, Error>;

/// A position in source text.
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
    /// The location of the byte `offset` in `text`. Scans the text before it.
    pub fn of(text: &str, offset: usize) -> Self {
        let offset = floor_char_boundary(text, offset);
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

/// An error in a document or in a request to change it. The messages never contain values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not valid in its format.
    #[error("{location}: {message}")]
    Syntax {
        /// Where the error is.
        location: Location,
        /// The problem.
        message: String,
    },
    /// The text is valid in its format, but this library does not support it: for example, the top
    /// level is not a mapping, a key appears twice, or Go's library reads the text differently.
    #[error("{location}: {message}")]
    Unsupported {
        /// Where the error is.
        location: Location,
        /// The unsupported feature.
        message: String,
    },
    /// A key or a value that this library can't represent, such as a key that is not a string or an
    /// integer beyond 64 bits.
    #[error("{location}: {message}")]
    Unrepresentable {
        /// Where the error is.
        location: Location,
        /// The problem, and what to write instead.
        message: String,
    },
    /// The document is too large or too deep, or its aliases expand to too much.
    #[error("{}{message}", prefix(location))]
    Limit {
        /// Where the limit is exceeded, if that is a single position.
        location: Option<Location>,
        /// The limit and its size.
        message: String,
    },
    /// The value of the [reserved](crate::Document::parse_reserving) key is not a mapping, or its
    /// lines contradict each other.
    #[error("{}{message}", prefix(location))]
    ReservedEntry {
        /// Where the error is.
        location: Option<Location>,
        /// The problem.
        message: String,
    },
    /// The path begins with the key that the document [reserves](crate::Document::parse_reserving).
    #[error("the key `{key}` is reserved")]
    Reserved {
        /// The reserved key.
        key: String,
    },
    /// A key path is malformed or does not match the shape of the document, or the text can't be
    /// changed there.
    #[error("{message}")]
    Path {
        /// The component and what the document contains there.
        message: String,
    },
    /// The document does not contain the key or index.
    #[error("{message}")]
    NotFound {
        /// The missing part of the path.
        message: String,
    },
    /// The output format can't represent a value, such as a sequence in dotenv.
    #[error("{path}: {message}")]
    Unwritable {
        /// The key path: keys joined by `.`, or the form of [`KeyPath`](crate::KeyPath).
        path: String,
        /// What the format can't represent.
        message: String,
    },
    /// A value does not match the type that it is deserialized into.
    #[error("{path}: {message}")]
    Value {
        /// The key path, with keys joined by `.` and sequence indexes in brackets.
        path: String,
        /// Where the value is.
        location: Option<Location>,
        /// The expected type.
        message: String,
    },
}

/// The location as the prefix of a message.
fn prefix(location: &Option<Location>) -> String {
    location.map_or_else(String::new, |at| format!("{at}: "))
}
