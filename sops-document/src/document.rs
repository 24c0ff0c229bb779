//! A document: the source text, and a tape of what stands in it. What is not edited is never written anew.

use std::ops::Range;
use std::sync::OnceLock;

use crate::error::Location;
use crate::format::Format;
use crate::path::{PathId, Paths};
use crate::tape::{Item, Span};

/// Where the entry under the reserved key stands in one document of a stream.
#[derive(Clone, Debug)]
pub struct ReservedEntry {
    /// The whole entry, with what must go when it is removed.
    pub entry: Range<usize>,
    /// The value, without its key.
    pub value: Range<usize>,
    /// Its document, counted from 0.
    pub document: usize,
}

/// A key at the top level that does not belong to the contents of a document, but to the program that reads it.
pub(crate) type ReservedKey = Option<&'static str>;

/// A parsed document: source text, tape and key paths. Entries under the reserved key, if the document has one, are not on the tape.
pub struct Document<'a> {
    pub(crate) text: &'a str,
    pub(crate) format: Format,
    pub(crate) tape: Vec<Item<'a>>,
    pub(crate) paths: Paths<'a>,
    pub(crate) reserved_key: ReservedKey,
    /// One for each document of the stream that has such an entry; in dotenv and INI for each run of lines.
    pub(crate) reserved: Vec<ReservedEntry>,
    /// Where each item of the tape is, found when it is first asked for.
    pub(crate) positions: OnceLock<Vec<NodePosition>>,
}

/// Where an item of the tape is in the tree.
#[derive(Clone, Copy, Default)]
pub(crate) struct NodePosition {
    /// The index of the `Document`, `Open` or `Alias` that contains it.
    parent: u32,
    /// How many nodes come before it there.
    number: u32,
}

impl NodePosition {
    /// The index of the `Document`, `Open` or `Alias` that contains the item.
    pub(crate) fn parent(self) -> usize {
        self.parent as usize
    }

    /// How many nodes come before the item in its container.
    pub(crate) fn number(self) -> usize {
        self.number as usize
    }
}

impl<'a> Document<'a> {
    /// The text that was parsed; empty for a binary file.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// What stands in the document, in order.
    pub fn tape(&self) -> &[Item<'a>] {
        &self.tape
    }

    /// The key paths that the tape refers to.
    pub fn paths(&self) -> &Paths<'a> {
        &self.paths
    }

    /// The entries under the reserved key, in the order of the text: one for each document of a stream that has it, and in dotenv and INI one for
    /// each run of lines.
    pub fn reserved_entries(&self) -> &[ReservedEntry] {
        &self.reserved
    }

    /// The format it was parsed as.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The items that stand in the text themselves, with their indexes: the copies that aliases make are left out, all but the
    /// `Alias` items.
    pub fn written_items(&self) -> impl Iterator<Item = (usize, &Item<'a>)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let index = next;
            let item = self.tape.get(index)?;
            next = match item {
                Item::Alias { close, .. } => *close as usize,
                _ => index + 1,
            };
            Some((index, item))
        })
    }

    /// Moves a comment, given by its index on the tape, to another container.
    pub fn set_comment_path(&mut self, index: usize, container: PathId) {
        if let Some(Item::Comment { path, .. }) = self.tape.get_mut(index) {
            *path = container;
        }
    }

    /// Where the span begins.
    pub fn location(&self, span: Span) -> Location {
        Location::of(self.text, span.start as usize)
    }

    /// The text of the span.
    pub fn source(&self, span: Span) -> &'a str {
        &self.text[span.range()]
    }

    /// The places of the comments, their `#` included, in bytes of the text.
    pub fn comments(&self) -> impl Iterator<Item = Range<usize>> {
        self.written_items().filter_map(|(_, item)| match item {
            Item::Comment { span, .. } => Some(span.range()),
            _ => None,
        })
    }

    /// The container, alias or document that contains the item at `index` of the tape.
    pub(crate) fn parent(&self, index: usize) -> usize {
        self.positions()[index].parent()
    }

    /// Where each item of the tape is, found in one walk when it is first asked for.
    pub(crate) fn positions(&self) -> &[NodePosition] {
        self.positions.get_or_init(|| {
            let mut open: Vec<NodePosition> = Vec::new();
            let mut positions = Vec::with_capacity(self.tape.len());
            for (index, item) in self.tape.iter().enumerate() {
                if let Item::Close { .. } = item {
                    open.pop();
                }
                positions.push(open.last().copied().unwrap_or_default());
                if let (Item::Open { .. } | Item::Alias { .. } | Item::Leaf(_), Some(last)) =
                    (item, open.last_mut())
                {
                    last.number += 1;
                }
                if let Item::Document { .. } | Item::Open { .. } | Item::Alias { .. } = item {
                    open.push(NodePosition {
                        parent: index as u32,
                        number: 0,
                    });
                }
            }
            positions
        })
    }
}
