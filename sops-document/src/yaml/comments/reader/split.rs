//! A split of a document before an entry at the top level. The text after the key of that entry can
//! be read without the text before it, so that both halves can be read at the same time.

use super::{Frame, TokenReader};
use crate::yaml::comments::lexis;
use crate::yaml::comments::tokens::{Token, TokenKind};
use crate::yaml::source;
use crate::{Collection, Document, Item, ReservedEntry};

/// A split of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopSplit {
    /// The index of the entry's value.
    pub(crate) index: usize,
    /// The range of its key.
    key: (usize, usize),
}

impl TopSplit {
    /// The index of the mapping at the top level.
    pub(crate) const MAPPING: u32 = 1;

    /// The first split at or after the item at `index` of a document without comments on its tape.
    pub(crate) fn at(document: &Document<'_>, index: usize) -> Option<Self> {
        let is_only_mapping = matches!(
            &document.tape[..],
            [
                Item::Document { .. },
                Item::Open {
                    kind: Collection::Mapping,
                    flow: false,
                    ..
                },
                ..,
                Item::Close { open: 1 },
                Item::Close { open: 0 },
            ]
        );
        if !is_only_mapping {
            return None;
        }
        // The state before the first entry is different.
        let entries = document.children(Self::MAPPING as usize).skip(1);
        let mut entries = entries.filter(|entry| *entry >= index);
        entries.find_map(|index| Self::of(document, index))
    }

    /// The split before the first entry of a part of the text.
    pub(crate) fn first(document: &Document<'_>) -> Option<Self> {
        let first = document.children(Self::MAPPING as usize).next()?;
        Self::of(document, first)
    }

    /// The split before the value at `index`, unless its key is not a word in the first column. A
    /// comment on the same line may belong to the key.
    fn of(document: &Document<'_>, index: usize) -> Option<Self> {
        let start = document.paths.key_offset(document.node_path(index)?) as usize;
        let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let line = &document.text.as_bytes()[start..source::line_end(document.text, start)];
        let is_simple = line.first().is_some_and(is_key)
            && source::line_start(document.text, start) == start
            && memchr::memchr(b'#', line).is_none();
        let end = lexis::key_end(document.text, start, false, 0);
        is_simple.then_some(Self {
            index,
            key: (start, end),
        })
    }
}

impl TokenReader<'_, '_> {
    /// Continues after the key of the split. Returns whether the entry has a `:`.
    pub(super) fn resume(&mut self, split: TopSplit) -> bool {
        let (start, end) = split.key;
        if let (Item::Document { end, .. }, Item::Open { close, .. }) =
            (&self.tape[0], &self.tape[TopSplit::MAPPING as usize])
        {
            self.document_end = *end as usize;
            self.container_end = Some(*close);
        }
        let is_before = |limit: usize| move |entry: &ReservedEntry| entry.value.start < limit;
        self.has_reserved = self
            .reserved
            .first()
            .is_some_and(is_before(self.document_end));
        self.next_reserved = self.reserved.partition_point(is_before(start));
        let frame = Frame {
            open: TopSplit::MAPPING,
            kind: Collection::Mapping,
            flow: false,
            column: 0,
            seen: true,
        };
        self.frames.push(frame);
        self.at = end;
        let last = Token {
            kind: lexis::scalar_kind(self.text, start),
            start,
            end,
        };
        self.out.resume(last);
        self.colon(frame);
        self.out.last.kind == TokenKind::Colon
    }
}
