//! The tokens of a text as far as comments depend on them, and their columns.

use crate::yaml::source;

/// What a token is, as far as comments depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// The start of the text, a document marker or a directive; no comment after one belongs to it.
    Marker,
    /// `-` before an item.
    Dash,
    Colon,
    Comma,
    /// A scalar that ends where something else begins: plain or block.
    OpenEnded,
    /// A block scalar that a one-line token will replace, without the blank lines that are part of it now.
    OneLine,
    Other,
}

/// A token of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Counts columns, in characters from 0, of offsets that grow.
#[derive(Debug)]
pub(super) struct Columns<'t> {
    text: &'t str,
    at: usize,
    column: usize,
}

impl<'t> Columns<'t> {
    /// Starts at `at`, in column 0.
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        let column = 0;
        Self { text, at, column }
    }

    /// The column of `at`.
    pub(super) fn of(&mut self, at: usize) -> usize {
        let Some(between) = self.text.get(self.at..at) else {
            return source::column(self.text, at);
        };
        self.column = match between.rfind(['\n', '\r']) {
            Some(found) => between[found + 1..].chars().count(),
            None => self.column + between.chars().count(),
        };
        self.at = at;
        self.column
    }
}
