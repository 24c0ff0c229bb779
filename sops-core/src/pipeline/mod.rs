//! The one way through: a document, the rules that pick its leaves, the cipher that makes edits, the MAC that hashes.
//!
//! `encrypt` and `decrypt` are the two directions; what they have in common stands beside them.

mod alias;
mod besides;
pub(crate) mod binary;
mod ciphertext;
mod comments;
mod content;
pub(crate) mod decrypt;
pub(crate) mod encrypt;
mod in_order;
mod open;
mod output;
mod read;
pub(crate) mod reuse;
pub(crate) mod selection;
pub(crate) mod sink;
mod spellings;
mod survey;
pub(crate) mod unencrypted;
mod write;

use crate::document::place::Around;
use crate::document::{Collection, Document, Item, ROOT, Span};

/// Whether the item at `index` begins a container without anything but comments in it, the top level aside: the `sops` block
/// makes one there.
fn is_empty_container(document: &Document<'_>, index: usize) -> bool {
    let mut inside = document.tape[index + 1..].iter();
    let mut next = || inside.find(|item| !matches!(item, Item::Comment { .. }));
    matches!(document.tape[index], Item::Open { path, .. } if path != ROOT)
        && matches!(next(), Some(Item::Close { .. }))
}

/// The containers that are open at a place of the tape.
#[derive(Clone)]
struct Containers<'d, 'a> {
    document: &'d Document<'a>,
    /// Their kinds, places, and whether in flow style.
    open: Vec<(Collection, Span, bool)>,
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
            Item::Open {
                kind, span, flow, ..
            } => self.open.push((*kind, *span, *flow)),
            Item::Close { open }
                if matches!(self.document.tape[*open as usize], Item::Open { .. }) =>
            {
                self.open.pop();
            }
            _ => {}
        }
    }

    /// The innermost container.
    fn innermost(&self) -> Around {
        let (kind, span, _) =
            self.open
                .last()
                .copied()
                .unwrap_or((Collection::Mapping, Span::new(0..0), false));
        Around {
            kind,
            start: span.range().start,
        }
    }

    /// The span of the container `up` levels out, 1 for the innermost.
    fn outer(&self, up: usize) -> Option<Span> {
        let index = self.open.len().checked_sub(up)?;
        self.open.get(index).map(|(_, span, _)| *span)
    }

    /// Whether the innermost container is in flow style.
    fn is_flow(&self) -> bool {
        self.open.last().is_some_and(|(.., flow)| *flow)
    }

    fn depth(&self) -> usize {
        self.open.len()
    }
}
