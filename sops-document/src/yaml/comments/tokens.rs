//! The tokens that affect comments, and their columns.

use crate::yaml::source;

/// The kinds of tokens that matter for comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// The start of the text, a document marker or a directive, which have no comments of their
    /// own.
    Marker,
    /// `-` before an item.
    Dash,
    Colon,
    Comma,
    /// A scalar without a closing mark: plain or block.
    OpenEnded,
    /// A block scalar that a one-line token will replace, without its blank lines.
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

/// Counts the columns of increasing offsets, in characters from 0.
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
        self.column = match memchr::memrchr2(b'\n', b'\r', between.as_bytes()) {
            Some(found) => between[found + 1..].chars().count(),
            None => self.column + between.chars().count(),
        };
        self.at = at;
        self.column
    }
}
