//! Reads the outline of a document from its tape.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;

use sops_document::{Collection, Document, Item, PathId};

use super::{
    Body, Container, ContentHash, Piece, container_hash, hash_of_container, hash_of_value,
};
use crate::merge::layout::{self, line_end, line_start};

/// The outline of a document. Its pieces are the documents of the stream.
pub(crate) fn outline<'t>(document: &Document<'t>) -> Container<'t> {
    let reader = Reader {
        document,
        text: document.text(),
        level: Cell::new(0),
        known_column: Cell::new((0, 0)),
    };
    let mut entries = Vec::new();
    let mut start = 0;
    let mut index = 0;
    while let Some(Item::Document { close, end }) = document.tape().get(index) {
        let close = *close as usize;
        let is_last = close + 1 >= document.tape().len();
        let end = if is_last {
            reader.text.len()
        } else {
            *end as usize
        };
        let piece = reader.document_piece(index + 1..close, entries.len(), start, end);
        start += piece.text.len();
        entries.push(piece);
        index = close + 1;
    }
    Container {
        kind: Collection::Sequence,
        flow: false,
        open: "",
        entries,
        close: &reader.text[start..],
        inline: None,
    }
}

/// A node on the tape.
#[derive(Clone, Copy)]
pub(super) struct NodeItem {
    pub(super) index: usize,
    /// The index after the node's last item.
    pub(super) next: usize,
}

/// How many levels of containers are divided into pieces. A deeper container is merged as one
/// value.
const MAX_LEVELS: usize = 100;

pub(super) struct Reader<'d, 't> {
    document: &'d Document<'t>,
    pub(super) text: &'t str,
    /// The number of containers around the current node.
    level: Cell<usize>,
    /// The last position whose column was needed.
    known_column: Cell<(usize, usize)>,
}

impl<'t> Reader<'_, 't> {
    /// The number of characters before `at` in its line.
    pub(super) fn column(&self, at: usize) -> usize {
        let known = self.known_column.get();
        let column = match known.0 <= at {
            true => layout::column_after(self.text, known, at),
            false => layout::column(self.text, at),
        };
        self.known_column.set((at, column));
        column
    }

    /// The nodes among these items of the tape that are not inside another one.
    pub(super) fn nodes(&self, items: Range<usize>) -> Vec<NodeItem> {
        let mut nodes = Vec::new();
        let mut index = items.start;
        while index < items.end {
            let next = match &self.document.tape()[index] {
                Item::Open { close, .. } | Item::Alias { close, .. } => *close as usize + 1,
                Item::Leaf(_) => index + 1,
                _ => {
                    index += 1;
                    continue;
                }
            };
            nodes.push(NodeItem { index, next });
            index = next;
        }
        nodes
    }

    fn path(&self, node: NodeItem) -> PathId {
        match &self.document.tape()[node.index] {
            Item::Open { path, .. } | Item::Alias { path, .. } => *path,
            Item::Leaf(leaf) => leaf.path,
            _ => sops_document::ROOT,
        }
    }

    pub(super) fn span(&self, node: NodeItem) -> Range<usize> {
        match &self.document.tape()[node.index] {
            Item::Open { span, .. } | Item::Alias { span, .. } => span.range(),
            Item::Leaf(leaf) => leaf.span.range(),
            _ => 0..0,
        }
    }

    /// A document whose text begins at `start`. The last entry may end after `end`.
    fn document_piece(
        &self,
        items: Range<usize>,
        index: usize,
        start: usize,
        end: usize,
    ) -> Piece<'t> {
        let empty = |text: &'t str| Piece {
            key: String::new(),
            index,
            column: 0,
            lead: "",
            head: "",
            body: Body::Scalar(text),
            tail: "",
            hash: hash_of_container(Collection::Mapping, std::iter::empty()),
            text,
        };
        let Some(top) = self.nodes(items).first().copied() else {
            return empty(&self.text[start..end.max(start)]);
        };
        let first = match &self.document.tape()[top.index] {
            Item::Open {
                flow: true, span, ..
            } => span.range().start,
            _ => self
                .nodes(top.index + 1..top.next)
                .first()
                .map_or(start, |node| self.start(top, *node)),
        };
        let header = layout::document_header(&self.text[start..first.max(start)]);
        let (body, hash, after) = self.value(top, start + header, Some(end));
        Piece {
            key: String::new(),
            index,
            column: 0,
            lead: "",
            head: &self.text[start..start + header],
            body,
            tail: "",
            hash,
            text: &self.text[start..after],
        }
    }

    /// Where an entry of `container` begins: at its key or, for an item, at its value.
    pub(super) fn start(&self, container: NodeItem, node: NodeItem) -> usize {
        match &self.document.tape()[container.index] {
            Item::Open {
                kind: Collection::Mapping,
                ..
            } => self.document.paths().key_offset(self.path(node)) as usize,
            _ => self.span(node).start,
        }
    }

    /// The value at a node, its hash and its end. `from` is the start of a block container's text,
    /// and `until` the end of the document's.
    pub(super) fn value(
        &self,
        node: NodeItem,
        from: usize,
        until: Option<usize>,
    ) -> (Body<'t>, ContentHash, usize) {
        let span = self.span(node);
        match &self.document.tape()[node.index] {
            Item::Open { .. } if self.level.get() >= MAX_LEVELS => {
                let end = until.unwrap_or(span.end).max(span.end);
                (
                    Body::Scalar(&self.text[from.min(end)..end]),
                    self.hash(node),
                    end,
                )
            }
            Item::Open { kind, flow, .. } => {
                self.level.set(self.level.get() + 1);
                let (container, end) = match flow {
                    true => self.flow(node, *kind, from.min(span.start), until),
                    false => self.block(node, *kind, from, until),
                };
                self.level.set(self.level.get() - 1);
                let hash = container_hash(&container);
                let mut keys = HashSet::new();
                let is_unique = *kind == Collection::Sequence
                    || container
                        .entries
                        .iter()
                        .all(|entry| keys.insert(&*entry.key));
                if is_unique {
                    return (Body::Container(container), hash, end);
                }
                (Body::Scalar(&self.text[from.min(end)..end]), hash, end)
            }
            Item::Alias { .. } => {
                let content = self.nodes(node.index + 1..node.next).first().copied();
                let hash = content.map_or_else(|| hash_of_value(None), |node| self.hash(node));
                (Body::Scalar(&self.text[span.clone()]), hash, span.end)
            }
            Item::Leaf(leaf) => {
                let hash = hash_of_value(leaf.value.as_ref());
                (Body::Scalar(&self.text[span.clone()]), hash, span.end)
            }
            _ => (Body::Scalar(""), hash_of_value(None), span.end),
        }
    }

    /// The hash of a node, which may be in an expanded alias.
    fn hash(&self, node: NodeItem) -> ContentHash {
        match &self.document.tape()[node.index] {
            Item::Open { kind, .. } => {
                let nodes = self.nodes(node.index + 1..node.next);
                let entries: Vec<_> = nodes
                    .into_iter()
                    .map(|child| {
                        let key = match kind {
                            Collection::Mapping => &**self.document.paths().key(self.path(child)),
                            Collection::Sequence => "",
                        };
                        (key, self.hash(child))
                    })
                    .collect();
                hash_of_container(*kind, entries.into_iter())
            }
            Item::Alias { .. } => {
                let content = self.nodes(node.index + 1..node.next).first().copied();
                content.map_or_else(|| hash_of_value(None), |node| self.hash(node))
            }
            Item::Leaf(leaf) => hash_of_value(leaf.value.as_ref()),
            _ => hash_of_value(None),
        }
    }

    pub(super) fn key(&self, kind: Collection, node: NodeItem) -> String {
        match kind {
            Collection::Mapping => self.document.paths().key(self.path(node)).to_string(),
            Collection::Sequence => String::new(),
        }
    }

    /// A mapping or sequence in lines.
    fn block(
        &self,
        node: NodeItem,
        kind: Collection,
        from: usize,
        until: Option<usize>,
    ) -> (Container<'t>, usize) {
        let text = self.text;
        let mut entries = Vec::new();
        let mut at = from;
        let nodes = self.nodes(node.index + 1..node.next);
        let mut inline = None;
        for (index, child) in nodes.into_iter().enumerate() {
            let start = self.start(node, child).max(at);
            if index == 0 && !text[at..start].contains('\n') && line_start(text, at) != at {
                inline = Some(self.column(at));
            }
            let (piece, end) = self.entry(kind, child, index, at..start);
            entries.push(piece);
            at = end;
        }
        let end = match until {
            Some(until) => until.max(at),
            None if entries.is_empty() => self.span(node).end.max(at),
            None => at,
        };
        let container = Container {
            kind,
            flow: false,
            open: "",
            entries,
            close: &text[at..end],
            inline,
        };
        (container, end)
    }

    /// An entry of a block container. `lead` is the text before it.
    fn entry(
        &self,
        kind: Collection,
        node: NodeItem,
        index: usize,
        lead: Range<usize>,
    ) -> (Piece<'t>, usize) {
        let text = self.text;
        let start = lead.end;
        let span = self.span(node);
        let is_block = matches!(
            &self.document.tape()[node.index],
            Item::Open { flow: false, .. }
        );
        let value_start = match is_block {
            true => self.block_start(node, start),
            // A missing value may be reported on a later line.
            false if span.is_empty() => span.start.clamp(start, line_end(text, start)),
            false => span.start.max(start),
        };
        let (body, hash, value_end) = self.value(node, value_start, None);
        let value_end = value_end.max(value_start);
        let end = match is_block || line_start(text, value_end) == value_end && value_end > start {
            true => value_end,
            false => line_end(text, value_end),
        };
        let (body, value_end) = match body {
            Body::Scalar(_) if span.is_empty() => (Body::Scalar(""), value_start),
            body => (body, value_end),
        };
        let first = match layout::dash(&text[lead.clone()]) {
            Some(dash) if kind == Collection::Sequence => lead.start + dash,
            _ => start,
        };
        let piece = Piece {
            key: self.key(kind, node),
            index,
            column: layout::column(text, first),
            lead: &text[lead],
            head: &text[start..value_start],
            body,
            tail: &text[value_end..end],
            hash,
            text: &text[start..end],
        };
        (piece, end)
    }

    /// Where the text of the block container whose key is at `start` begins: below the line of the
    /// key, so that the comments above the first entry belong to that entry.
    fn block_start(&self, node: NodeItem, start: usize) -> usize {
        let text = self.text;
        let first = self.nodes(node.index + 1..node.next).first().copied();
        let Some(first) = first else {
            let span = self.span(node);
            // The section of the keys above all headers has no header.
            let is_section = text[start..].starts_with('[') && !span.is_empty();
            let has_line_break = text[..span.end].ends_with('\n');
            return match is_section {
                // A section of an INI file without keys has only its header.
                true if has_line_break => span.end.max(start),
                true => line_end(text, span.end.max(start)),
                false => span.start.max(start),
            };
        };
        let first = self.start(node, first).max(start);
        let is_header = text[start..].starts_with('[') || self.span(node).start > start;
        match text[start..first].find('\n') {
            Some(newline) if is_header => start + newline + 1,
            Some(_) => start,
            None => self.span(node).start.clamp(start, first),
        }
    }
}
