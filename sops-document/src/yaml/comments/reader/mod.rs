//! Reads the source again along its tape to find the tokens that Go's parser sees. This file reads
//! nodes.

mod documents;
mod reserved;
mod split;

use std::ops::Range;

pub(crate) use self::split::TopSplit;
use super::lexis;
use super::recorder::{Ahead, Recorder};
use super::tokens::TokenKind;
use super::trace::{Trace, TraceEvent};
use crate::{Collection, Document, Item, Leaf, PathId, Paths, ReservedEntry, Span, Style};

/// What follows the last entry of a document without a reserved entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// A reserved entry will be added, so comments go where Go's library finds them then.
    Reserved,
    /// A reserved entry will be added, but the scalars of the text stay as they are.
    ReservedAsWritten,
    /// Nothing follows.
    Nothing,
}

/// Finds the tokens of a document before its comments are on the tape.
pub(super) fn read(document: &Document<'_>, comments: &[Span], tail: Tail) -> Trace {
    let items = 0..document.tape.len();
    let mut reader = TokenReader::new(document, comments, tail, items.len());
    reader.items(items);
    reader.end()
}

/// Like [`read`], up to and including the first key after the split.
pub(super) fn read_before(
    document: &Document<'_>,
    comments: &[Span],
    tail: Tail,
    split: TopSplit,
) -> Trace {
    let mut reader = TokenReader::new(document, comments, tail, split.index);
    reader.items(0..split.index);
    if let (Some(path), Some(&frame)) = (document.node_path(split.index), reader.frames.last()) {
        reader.key(split.index, path, frame);
    }
    reader.out.tokens
}

/// Like [`read`], after the first key after the split.
pub(super) fn read_after(
    document: &Document<'_>,
    comments: &[Span],
    tail: Tail,
    split: TopSplit,
) -> Trace {
    let after = document.tape.len() - split.index;
    let mut reader = TokenReader::new(document, comments, tail, after);
    let has_place = reader.resume(split);
    let last = reader.node(split.index, has_place);
    reader.items(last + 1..document.tape.len());
    reader.end()
}

/// Like [`read`], for a part of the text; `None` if the part has no mapping. Reading begins after
/// the first key if that is a `start`, and ends with the first key of the next part, unless this
/// part `is_last`.
pub(super) fn read_part(
    document: &Document<'_>,
    comments: &[Span],
    tail: Tail,
    start: Option<TopSplit>,
    is_last: bool,
) -> Option<Trace> {
    let items = document.tape.len();
    let mut reader = TokenReader::new(document, comments, tail, items);
    let first = match start {
        None => 0,
        Some(split) => {
            let has_place = reader.resume(split);
            reader.node(split.index, has_place) + 1
        }
    };
    if is_last {
        reader.items(first..items);
        return Some(reader.end());
    }
    // The next key takes the place of the end of the mapping.
    let close = items.checked_sub(2)?;
    reader.items(first..close);
    let &frame = reader.frames.last()?;
    reader.key_at(document.part.end, close, frame);
    Some(reader.out.tokens)
}

/// An open collection.
#[derive(Clone, Copy)]
struct Frame {
    open: u32,
    kind: Collection,
    flow: bool,
    /// The column of a block collection.
    column: usize,
    /// Whether the collection begins and ends with its own tokens.
    seen: bool,
}

struct TokenReader<'r, 'a> {
    text: &'a str,
    tape: &'r [Item<'a>],
    paths: &'r Paths<'a>,
    reserved: &'r [ReservedEntry],
    tail: Tail,
    /// The offset up to which the text has been read.
    at: usize,
    /// The next reserved entry.
    next_reserved: usize,
    frames: Vec<Frame>,
    /// For the current document: the offset where a reserved entry would go, the tape index where
    /// its mapping ends, and whether it has a reserved entry.
    document_end: usize,
    container_end: Option<u32>,
    has_reserved: bool,
    out: Recorder<'r, 'a>,
}

impl<'r, 'a> TokenReader<'r, 'a> {
    /// Starts at the beginning, with room for the tokens of `items` items.
    fn new(document: &'r Document<'a>, comments: &'r [Span], tail: Tail, items: usize) -> Self {
        let text = document.text;
        let at = text.len() - text.trim_start_matches(lexis::BYTE_ORDER_MARK).len();
        Self {
            text,
            tape: &document.tape,
            paths: &document.paths,
            reserved: &document.reserved,
            tail,
            at,
            next_reserved: 0,
            frames: Vec::new(),
            document_end: 0,
            container_end: None,
            has_reserved: false,
            out: Recorder::new(text, comments, at, items),
        }
    }

    fn end(mut self) -> Trace {
        self.out.gap(self.text.len(), Ahead::End);
        self.out.tokens
    }
}

impl TokenReader<'_, '_> {
    fn items(&mut self, items: Range<usize>) {
        let mut index = items.start;
        while index < items.end {
            index = self.item(index) + 1;
        }
    }

    /// Reads an item, and returns the index of its last one.
    fn item(&mut self, index: usize) -> usize {
        match &self.tape[index] {
            Item::Document { end, .. } => self.start_document(*end as usize),
            Item::Open { path, .. } | Item::Alias { path, .. } => {
                let has_place = self.lead(index, *path);
                return self.node(index, has_place);
            }
            Item::Leaf(leaf) => {
                if !self.simple_entry(index, leaf) {
                    let has_place = self.lead(index, leaf.path);
                    return self.node(index, has_place);
                }
            }
            Item::Close { open } => match self.tape[*open as usize] {
                Item::Document { .. } => self.end_document(index),
                _ => self.close(index),
            },
            Item::Comment { .. } => {}
        }
        index
    }

    /// Reads the beginning of the node at `index`, after its key or indicator, and returns the
    /// index of the last item that was read.
    fn node(&mut self, index: usize, has_place: bool) -> usize {
        match &self.tape[index] {
            Item::Open { .. } => self.open(index),
            Item::Leaf(leaf) => self.leaf(index, leaf, has_place),
            Item::Alias { span, close, .. } => {
                let Range { start, end } = span.range();
                let event = TraceEvent::Node(index as u32);
                self.token(TokenKind::Other, start, end, event);
                return *close as usize;
            }
            _ => {}
        }
        index
    }

    /// Reads an entry of a block mapping that begins with its key and has no comment in or above
    /// it, as most entries do: only its first and its last token matter. Returns `false` and reads
    /// nothing if the entry is different.
    fn simple_entry(&mut self, index: usize, leaf: &Leaf<'_>) -> bool {
        let Some(frame) = self.frames.last() else {
            return false;
        };
        let key = self.paths.key_offset(leaf.path) as usize;
        let Range { start, end } = leaf.span.range();
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'"' | b'\'');
        let is_simple = frame.kind == Collection::Mapping
            && !frame.flow
            && start < end
            && leaf.style != Style::Tagged
            && !self.out.has_comment_before(end)
            && self.next_reserved_entry(key).is_none()
            && self.byte(key).is_some_and(is_key)
            && self.skip() == key;
        if is_simple {
            self.token(TokenKind::Other, key, key, TraceEvent::Key(index as u32));
            let kind = self.scalar_kind(start, leaf);
            self.token(kind, start, end, TraceEvent::Node(index as u32));
        }
        is_simple
    }

    /// Reads the indicator or the key before the node at `index`. Returns whether the node is the
    /// value of a key or an indicator.
    fn lead(&mut self, index: usize, path: PathId) -> bool {
        let Some(&frame) = self.frames.last() else {
            return true;
        };
        match (frame.kind, frame.flow) {
            (Collection::Mapping, _) => {
                self.key(index, path, frame);
                self.colon(frame);
            }
            (Collection::Sequence, true) => self.comma(),
            (Collection::Sequence, false) => {
                let at = self.skip();
                if self.byte(at) == Some(b'-') {
                    self.token(TokenKind::Dash, at, at + 1, TraceEvent::Dash);
                }
            }
        }
        !matches!(frame.kind, Collection::Mapping) || self.out.last.kind == TokenKind::Colon
    }

    fn key(&mut self, index: usize, path: PathId, frame: Frame) {
        self.key_at(self.paths.key_offset(path) as usize, index, frame);
    }

    /// Reads the key at an offset, which comes before the item at `index`.
    fn key_at(&mut self, key: usize, index: usize, frame: Frame) {
        self.pass_reserved(key, index);
        if frame.flow {
            self.comma();
        }
        if self.skip() != key {
            self.question_mark(key);
            self.properties(key, frame.flow);
        }
        self.key_token(key, frame, TraceEvent::Key(index as u32));
    }

    fn key_token(&mut self, key: usize, frame: Frame, event: TraceEvent) {
        let end = lexis::key_end(self.text, key, frame.flow, frame.column);
        // A key may consist of a tag only.
        if end > key {
            self.token(lexis::scalar_kind(self.text, key), key, end, event);
        }
    }

    fn question_mark(&mut self, limit: usize) {
        let at = self.skip();
        if at < limit && self.byte(at) == Some(b'?') {
            self.token(TokenKind::Other, at, at + 1, TraceEvent::Pass);
        }
    }

    fn colon(&mut self, frame: Frame) {
        let at = self.skip();
        let ends = self.byte(at + 1).is_none_or(lexis::is_space_byte);
        if self.byte(at) == Some(b':') && (frame.flow || ends) {
            self.token(TokenKind::Colon, at, at + 1, TraceEvent::Pass);
        }
    }

    fn comma(&mut self) {
        let at = self.skip();
        if self.byte(at) == Some(b',') {
            self.token(TokenKind::Comma, at, at + 1, TraceEvent::Pass);
        }
    }

    /// Reads the anchor and tag that come before `limit`.
    fn properties(&mut self, limit: usize, flow: bool) {
        while self.skip() < limit && self.property(flow) {}
    }

    fn property(&mut self, flow: bool) -> bool {
        let at = self.skip();
        let is_property = matches!(self.byte(at), Some(b'&' | b'!'));
        if is_property {
            let end = lexis::property_end(self.text, at, flow);
            self.token(TokenKind::Other, at, end, TraceEvent::Pass);
        }
        is_property
    }

    fn leaf(&mut self, index: usize, leaf: &Leaf<'_>, has_place: bool) {
        let span = leaf.span.range();
        if span.is_empty() {
            if has_place {
                self.empty_leaf();
            }
            return;
        }
        self.properties(span.end, leaf.flow);
        let at = self.skip();
        if at < span.end {
            let kind = self.scalar_kind(at, leaf);
            self.token(kind, at, span.end, TraceEvent::Node(index as u32));
        }
    }

    fn scalar_kind(&self, at: usize, leaf: &Leaf<'_>) -> TokenKind {
        let is_block = !leaf.flow && matches!(self.byte(at), Some(b'|' | b'>'));
        let has_value = leaf
            .value
            .as_ref()
            .is_some_and(|value| !value.bytes.is_empty());
        let has_break = self.text[..leaf.span.range().end].ends_with(['\n', '\r']);
        let shrinks = self.awaits_reserved() && self.tail == Tail::Reserved;
        if shrinks && is_block && has_value && has_break {
            TokenKind::OneLine
        } else {
            lexis::scalar_kind(self.text, at)
        }
    }

    /// Reads an omitted value, optionally with an anchor or a tag. Properties in the column of the
    /// collection belong to the next key.
    fn empty_leaf(&mut self) {
        let Some(&frame) = self.frames.last() else {
            return;
        };
        loop {
            let at = self.skip();
            let is_next = !frame.flow && self.out.columns.of(at) <= frame.column;
            if is_next || !self.property(frame.flow) {
                return;
            }
        }
    }

    fn open(&mut self, index: usize) {
        let Item::Open {
            kind, flow, close, ..
        } = self.tape[index]
        else {
            return;
        };
        if self.frames.is_empty() {
            self.container_end = Some(close);
        }
        let open = index as u32;
        let (column, seen) = if flow {
            (0, self.open_flow(open))
        } else {
            let first = self.first_key(index);
            while self.skip() < first && !self.is_on_line_of(first) && self.property(false) {}
            let at = self.skip();
            self.out.enter_block(open, kind, at)
        };
        self.frames.push(Frame {
            open,
            kind,
            flow,
            column,
            seen,
        });
        self.out.in_flow = flow;
    }

    /// Reads the start of a flow collection. Returns whether it has brackets: a pair in a sequence
    /// is a mapping without brackets.
    fn open_flow(&mut self, open: u32) -> bool {
        self.properties(self.text.len(), true);
        let at = self.skip();
        let seen = matches!(self.byte(at), Some(b'[' | b'{'));
        if seen {
            self.token(TokenKind::Other, at, at + 1, TraceEvent::Enter(open));
        } else {
            self.out.step(at, TraceEvent::EnterUnseen(open));
        }
        seen
    }

    /// The offset of the first key of the block mapping at `index`, or of the first `-` of the
    /// block sequence.
    fn first_key(&self, index: usize) -> usize {
        let Item::Open { kind, span, .. } = self.tape[index] else {
            return self.at;
        };
        let key = match self.tape.get(index + 1) {
            Some(
                Item::Open { path, .. } | Item::Alias { path, .. } | Item::Leaf(Leaf { path, .. }),
            ) if kind == Collection::Mapping => self.paths.key_offset(*path) as usize,
            _ => span.range().start,
        };
        match self.next_reserved_entry(key) {
            Some(reserved) => reserved.entry.start.max(self.at),
            None => key,
        }
    }

    /// Whether the next token is on the same line as `at`: a tag there belongs to the key.
    fn is_on_line_of(&self, at: usize) -> bool {
        let between = self.text.get(self.at..at).unwrap_or_default();
        !between.contains(['\n', '\r'])
    }

    /// Ends the collection whose `Close` is at `index`.
    fn close(&mut self, index: usize) {
        let Some(&frame) = self.frames.last() else {
            return;
        };
        if self.frames.len() == 1 {
            self.end_top(index, frame);
        }
        match (frame.flow, frame.seen) {
            (false, seen) => self
                .out
                .leave_block(frame.open, seen.then_some(frame.column)),
            (true, false) => self.out.step(self.at, TraceEvent::LeaveUnseen(frame.open)),
            (true, true) => {
                self.comma();
                let at = self.skip();
                self.out.gap(at, Ahead::FlowEnd);
                self.token(TokenKind::Other, at, at + 1, TraceEvent::Leave(frame.open));
            }
        }
        self.frames.pop();
        self.out.in_flow = self.frames.last().is_some_and(|frame| frame.flow);
    }

    fn token(&mut self, kind: TokenKind, start: usize, end: usize, event: TraceEvent) {
        self.out.token(kind, start, end, event);
        self.at = self.at.max(end);
    }

    /// Skips white space and comments, and returns the start of the next token.
    fn skip(&mut self) -> usize {
        // Often, the text is already at a token.
        let is_token = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if !self.byte(self.at).is_some_and(is_token) {
            self.at = lexis::skip(self.text, self.at);
        }
        self.at
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }
}
