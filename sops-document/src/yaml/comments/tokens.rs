//! What Go's parser meets in a text: tokens, with the comments between them.

use super::groups::Group;
use crate::yaml::source;

/// What a token is, as far as comments depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The start of the text, a document marker or a directive; no comment behind one belongs to it.
    Marker,
    /// `-` before an item.
    Dash,
    Colon,
    Comma,
    /// A scalar that ends where something else begins: plain or block.
    OpenEnded,
    /// A block scalar that will be encrypted: one line then, without the blank lines that are part of it now.
    OneLine,
    Other,
}

/// A token of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What the parser meets. Indexes are those of the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A token that takes no comments.
    Pass,
    /// `-`.
    Dash,
    /// The key of the entry whose value is at that index.
    Key(u32),
    /// The key of a `sops` block that stands before the item at that index.
    Reserved(u32),
    /// The scalar or alias at that index.
    Node(u32),
    /// The collection at that index begins.
    Enter(u32),
    /// The same, where no token says so.
    EnterUnseen(u32),
    /// The collection at that index ends.
    Leave(u32),
    /// The same, where no token says so.
    LeaveUnseen(u32),
    /// The document ends whose container ends before the item at that index.
    DocumentEnd(u32),
}

/// An event and the offset of its token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) at: u32,
    pub(super) event: Event,
}

/// The events of a text and the comments between its tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) steps: Vec<Step>,
    pub(super) groups: Vec<Group>,
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
