//! A document: the source text and a tape of its items. Text that is not edited is never rewritten.

use std::ops::Range;
use std::sync::OnceLock;

use crate::error::Location;
use crate::format::Format;
use crate::path::{PathId, Paths};
use crate::tape::{Item, Span};

/// The span of a [reserved](Document::parse_reserving) entry in one document of a stream. Ranges
/// are in bytes of the text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReservedEntry {
    /// The whole entry: the key, the value, and the line breaks or the comma that are removed with
    /// it.
    pub entry: Range<usize>,
    /// The value, without its key.
    pub value: Range<usize>,
    /// The number of its document in the stream, from 0.
    pub document: usize,
}

/// The top-level key that belongs to the program that reads the document, not to the contents.
pub(crate) type ReservedKey = Option<&'static str>;

/// A parsed document: source text, tape and key paths. Reserved entries are not on the tape.
pub struct Document<'a> {
    pub(crate) text: &'a str,
    /// The part of the text that was parsed.
    pub(crate) part: Range<usize>,
    pub(crate) format: Format,
    pub(crate) tape: Vec<Item<'a>>,
    pub(crate) paths: Paths<'a>,
    pub(crate) reserved_key: ReservedKey,
    /// In YAML and JSON, one for each document of the stream that has the key; in dotenv and INI,
    /// one per run of lines.
    pub(crate) reserved: Vec<ReservedEntry>,
    /// The position of each item in the tree, computed on first use.
    pub(crate) positions: OnceLock<Vec<NodePosition>>,
}

/// The position of an item in the tree.
#[derive(Clone, Copy, Default)]
pub(crate) struct NodePosition {
    /// The index of the `Document`, `Open` or `Alias` that contains it.
    parent: u32,
    /// The number of nodes before it in that container.
    number: u32,
}

impl NodePosition {
    /// The index of the `Document`, `Open` or `Alias` that contains the item.
    pub(crate) fn parent(self) -> usize {
        self.parent as usize
    }

    /// The number of nodes before the item in its container.
    pub(crate) fn number(self) -> usize {
        self.number as usize
    }
}

impl<'a> Document<'a> {
    /// The text that was parsed; empty for the binary format.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The range of the text that was parsed: all of it, except for
    /// [`parse_part`](Self::parse_part).
    pub fn part(&self) -> Range<usize> {
        self.part.clone()
    }

    /// All items, in the order of the text. Methods that take an index mean an index into this
    /// slice.
    pub fn tape(&self) -> &[Item<'a>] {
        &self.tape
    }

    /// The key paths that the tape refers to.
    pub fn paths(&self) -> &Paths<'a> {
        &self.paths
    }

    /// The entries under the reserved key, in the order of the text: in YAML and JSON, one for each
    /// document of the stream that has the key; in dotenv and INI, one per run of lines.
    pub fn reserved_entries(&self) -> &[ReservedEntry] {
        &self.reserved
    }

    /// The format that the text was parsed as.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether all line breaks of the text are CR LF.
    pub fn has_crlf_lines(&self) -> bool {
        let is_crlf = |(at, _): (usize, &str)| self.text[..at].ends_with('\r');
        self.text.contains('\n') && self.text.match_indices('\n').all(is_crlf)
    }

    /// The items that are in the text itself, with their indexes. An alias is one item, without the
    /// copies that it expands to.
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

    /// The line and column of the start of the span.
    pub fn location(&self, span: Span) -> Location {
        Location::of(self.text, span.start as usize)
    }

    /// The text of the span.
    pub fn source(&self, span: Span) -> &'a str {
        &self.text[span.range()]
    }

    /// The spans of the comments, including their markers, in bytes.
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

    /// The position of each item in the tree. The first call computes them in one walk.
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
