//! The one way through: a document, the rules that pick its leaves, the cipher that makes edits, the MAC that hashes.
//!
//! `encrypt` and `decrypt` are the two directions; what they have in common stands beside them.

mod alias;
pub(crate) mod decrypt;
pub(crate) mod encrypt;
pub(crate) mod reuse;
mod selection;
mod spellings;

use crate::document::{Document, Item, Span};

/// The containers that are open at a place of the tape.
struct Containers<'d, 'a> {
    document: &'d Document<'a>,
    open: Vec<Span>,
}

impl<'d, 'a> Containers<'d, 'a> {
    fn new(document: &'d Document<'a>) -> Self {
        Self {
            document,
            open: Vec::new(),
        }
    }

    /// Goes past an item.
    fn pass(&mut self, item: &Item<'_>) {
        match item {
            Item::Open { span, .. } => self.open.push(*span),
            Item::Close { open }
                if matches!(self.document.tape[*open as usize], Item::Open { .. }) =>
            {
                self.open.pop();
            }
            _ => {}
        }
    }

    /// Where the innermost container begins.
    fn start(&self) -> usize {
        self.open.last().map_or(0, |span| span.range().start)
    }

    /// The span of the container `up` levels out, 1 for the innermost.
    fn outer(&self, up: usize) -> Option<Span> {
        self.open
            .len()
            .checked_sub(up)
            .and_then(|index| self.open.get(index))
            .copied()
    }

    fn depth(&self) -> usize {
        self.open.len()
    }
}
