//! How YAML events become a tape.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::events::{Event, Events, Scalar};
use super::resolve::Refusal;
use super::{entry_range, fast_path, go_incompatibilities, resolve, source};
use crate::document::ReservedKey;
use crate::error::{Error, Location, Result};
use crate::keys::Keys;
use crate::value::{Type, Value};
use crate::yaml::lexical::key_end;
use crate::{
    Collection, Item, Leaf, MAX_DEPTH, MAX_EXPANDED, PathId, Paths, ROOT, ReservedEntry, Span,
    Style, Text,
};

/// Where an open container's `close` stands until it is known.
const OPEN: u32 = u32::MAX;

/// How many characters a key may have without a `? ` before it.
const LONGEST_KEY: usize = 1_024;

/// An open container.
struct Frame<'a> {
    kind: Collection,
    flow: bool,
    path: PathId,
    /// Its place on the tape.
    open: usize,
    /// The entry whose value comes next.
    entry: Option<PendingEntry>,
    keys: Keys<'a>,
    /// Whether it is a sequence under a merge key: its items are merged.
    merged: bool,
}

/// A mapping entry whose key has been read.
struct PendingEntry {
    path: PathId,
    /// Whether its key is a merge key.
    merges: bool,
    /// If its key is the reserved one.
    reserved: Option<ReservedMark>,
}

/// What is needed to take the reserved entry off again.
struct ReservedMark {
    /// How long tape and paths were.
    tape: usize,
    paths: usize,
    /// Where the mapping's text before this entry ends.
    before: usize,
}

/// The state of reading events, and in the end what came of them.
pub(super) struct Parser<'a> {
    text: &'a str,
    pub(super) tape: Vec<Item<'a>>,
    pub(super) paths: Paths<'a>,
    frames: Vec<Frame<'a>>,
    pub(super) reserved: Vec<ReservedEntry>,
    pub(super) comments: Vec<Span>,
    /// Where the anchored nodes stand on the tape.
    anchors: HashMap<usize, usize>,
    /// The keys that have anchors.
    key_anchors: HashMap<usize, Text<'a>>,
    /// How many documents have begun.
    documents: usize,
    /// The open document's place on the tape.
    document: usize,
    /// Where the last token that was understood ends; comments do not count.
    last_end: usize,
    /// How many items aliases have added.
    expanded: usize,
    reserved_key: ReservedKey,
    /// Whether integers that SOPS has no type for are values.
    to_read: bool,
    /// Whether to accept everything that some YAML reader accepts.
    lenient: bool,
    /// How many containers of a key that is a mapping or a sequence are open; nothing of it goes on the tape.
    skipped: usize,
}

impl<'a> Parser<'a> {
    /// Reads the part of `text` at `range`, which is to be a stream by itself. Places are those in `text`. There is room for
    /// the entries of `room_for` before anything has to move.
    pub(super) fn run(
        text: &'a str,
        range: Range<usize>,
        room_for: &str,
        reserved_key: ReservedKey,
    ) -> Result<Self> {
        Self::new(text, range.start, room_for, reserved_key).read(range)
    }

    /// The same for the [plain lines](plain_lines) that `range` begins with, and where they end; without any there is no reader.
    pub(super) fn run_plain(
        text: &'a str,
        range: Range<usize>,
        room_for: &str,
        reserved_key: ReservedKey,
    ) -> Result<(Option<Self>, usize)> {
        let mut parser = None;
        let new = || Self::new(text, range.start, room_for, reserved_key);
        let end = fast_path::events(text, range.clone(), |event| {
            parser.get_or_insert_with(new).event(event)
        })?;
        Ok((parser, end))
    }

    /// Reads a text that is never to be encrypted.
    pub(super) fn run_to_read(text: &'a str) -> Result<Self> {
        let mut parser = Self::new(text, 0, text, None);
        parser.to_read = true;
        parser.read(0..text.len())
    }

    /// Parses a text as leniently as the most lenient YAML reader.
    pub(super) fn run_leniently(text: &'a str) -> Result<Self> {
        let mut parser = Self::new(text, 0, text, None);
        parser.to_read = true;
        parser.lenient = true;
        parser.read(0..text.len())
    }

    fn new(text: &'a str, start: usize, room_for: &str, reserved_key: ReservedKey) -> Self {
        let lines = source::lines(room_for);
        Self {
            text,
            // A line is an entry, or begins a container, which also ends. What is room too much is wiped all the same.
            tape: Vec::with_capacity(lines + source::openings(room_for).min(lines) + 4),
            paths: Paths::with_capacity(lines),
            frames: Vec::new(),
            reserved: Vec::new(),
            reserved_key,
            comments: Vec::new(),
            anchors: HashMap::new(),
            key_anchors: HashMap::new(),
            documents: 0,
            document: 0,
            last_end: start,
            expanded: 0,
            to_read: false,
            lenient: false,
            skipped: 0,
        }
    }

    fn read(mut self, range: Range<usize>) -> Result<Self> {
        let mut events = Events::new(self.text, range);
        while let Some(event) = events.next()? {
            self.event(event)?;
        }
        Ok(self)
    }

    fn event(&mut self, event: Event<'a>) -> Result<()> {
        if self.skipped > 0 {
            return self.skip(&event);
        }
        match event {
            Event::DocumentStart(range) => {
                if !self.lenient {
                    go_incompatibilities::refuse_foreign_prefix(
                        self.text,
                        self.last_end..range.start,
                        self.documents == 0,
                        !range.is_empty(),
                    )?;
                }
                self.document = self.tape.len();
                self.documents += 1;
                self.last_end = range.end;
                self.anchors.clear();
                self.key_anchors.clear();
                self.tape.push(Item::Document {
                    close: OPEN,
                    end: 0,
                });
            }
            Event::DocumentEnd(range) => {
                let close = self.tape.len() as u32;
                let end = block_offset(self.text, range.start);
                self.tape[self.document] = Item::Document { close, end };
                self.tape.push(Item::Close {
                    open: self.document as u32,
                });
                self.last_end = range.end;
            }
            Event::Comment(range) => self.comments.push(Span::new(range)),
            Event::Anchor(range) => {
                if !self.lenient {
                    go_incompatibilities::refuse_foreign_name(self.text, range.clone())?;
                }
                self.last_end = self.last_end.max(range.end);
            }
            Event::Open {
                kind,
                flow,
                anchor,
                at,
                ..
            } => self.open(kind, flow, anchor, at)?,
            Event::Close(range) => self.close(range)?,
            Event::Scalar(scalar) => self.scalar(scalar)?,
            Event::Alias { anchor, range } => self.alias(anchor, range)?,
        }
        Ok(())
    }

    /// Passes over a part of a key that is a mapping or a sequence, for which paths have no form.
    fn skip(&mut self, event: &Event<'a>) -> Result<()> {
        match event {
            Event::Open { .. } => self.skipped += 1,
            Event::Close(range) => {
                self.skipped -= 1;
                self.last_end = self.last_end.max(range.end);
                if self.skipped == 0 {
                    return self.push_key(Cow::Borrowed(""), range.end, false);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn unsupported<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        Err(Error::Unsupported {
            location: Location::of(self.text, at),
            message: message.into(),
        })
    }

    fn unencryptable<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        Err(Error::Unrepresentable {
            location: Location::of(self.text, at),
            message: message.into(),
        })
    }

    /// The path of the node that comes now; `None` where it is a mapping's key.
    fn node_path(&self) -> Option<PathId> {
        match self.frames.last() {
            None => Some(ROOT),
            Some(Frame {
                kind: Collection::Sequence,
                path,
                ..
            }) => Some(*path),
            Some(Frame { entry, .. }) => entry.as_ref().map(|entry| entry.path),
        }
    }

    /// Whether the node that comes now is merged into a mapping.
    fn is_merged(&self) -> bool {
        let frame = self.frames.last();
        frame.is_some_and(|frame| match &frame.entry {
            Some(entry) => entry.merges,
            None => frame.merged,
        })
    }

    fn unmergeable<T>(&self, at: usize) -> Result<T> {
        self.unsupported(
            at,
            "`<<` merges mappings, and this is none: give it a mapping, an alias of one or a list of those, or put the key in quotes",
        )
    }

    fn open(&mut self, kind: Collection, flow: bool, anchor: usize, at: usize) -> Result<()> {
        let Some(path) = self.node_path() else {
            if self.lenient {
                self.skipped = 1;
                return Ok(());
            }
            // The parser tells of the outer brace or of the inner one.
            let (before, from) = self.text.split_at(at);
            let is_template =
                from.starts_with("{{") || before.ends_with('{') && from.starts_with('{');
            let message = match is_template {
                true => {
                    "`{{` begins two mappings in YAML; put what a template fills in into quotes"
                }
                false => "a key must be a string, not a mapping or a sequence",
            };
            return self.unsupported(at, message);
        };
        let merged = kind == Collection::Sequence && self.is_merged();
        if merged && !self.lenient && self.frames.last().is_some_and(|frame| frame.merged) {
            return self.unmergeable(at);
        }
        if self.frames.is_empty() && kind == Collection::Sequence && !self.lenient {
            return self.unsupported(
                at,
                "the top level of a document must be a mapping, not a sequence",
            );
        }
        if self.frames.len() == MAX_DEPTH {
            return Err(Error::Limit {
                location: Some(Location::of(self.text, at)),
                message: format!("nested deeper than {MAX_DEPTH} levels"),
            });
        }
        // Inside of a sequence the event stands at the dash; behind a key it may stand behind it, and no other dash lies between.
        let in_mapping = self
            .frames
            .last()
            .is_some_and(|frame| frame.kind == Collection::Mapping);
        let start = if kind == Collection::Sequence && !flow && in_mapping {
            source::find_indicator(self.text, self.last_end, b"-").unwrap_or(at)
        } else {
            at
        };
        if kind == Collection::Sequence || flow {
            self.last_end = start + 1;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, self.tape.len());
        }
        self.frames.push(Frame {
            kind,
            flow,
            path,
            open: self.tape.len(),
            entry: None,
            keys: Keys::new(),
            merged,
        });
        self.tape.push(Item::Open {
            kind,
            flow,
            path,
            span: Span::new(start..start),
            close: OPEN,
        });
        Ok(())
    }

    fn close(&mut self, range: Range<usize>) -> Result<()> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if frame.flow {
            self.last_end = range.end;
        }
        let at = self.tape.len() as u32;
        let end = self.last_end;
        if let Some(Item::Open { span, close, .. }) = self.tape.get_mut(frame.open) {
            *span = Span::new(span.range().start..end.max(span.range().start));
            *close = at;
        }
        self.tape.push(Item::Close {
            open: frame.open as u32,
        });
        self.value_done()
    }

    fn scalar(&mut self, scalar: Scalar<'a>) -> Result<()> {
        // Without an escape or a fold the text is borrowed.
        if !self.lenient
            && scalar.style == Style::DoubleQuoted
            && matches!(scalar.text, Cow::Owned(_))
        {
            go_incompatibilities::refuse_foreign_escapes(self.text, scalar.range.clone())?;
        }
        let span = self.scalar_span(&scalar);
        let flow = self.frames.last().is_some_and(|frame| frame.flow);
        if flow && !self.lenient {
            go_incompatibilities::refuse_foreign_in_flow(self.text, &scalar)?;
        }
        let Some(path) = self.node_path() else {
            if flow && !self.lenient {
                go_incompatibilities::refuse_foreign_flow_key(self.text, self.last_end, &scalar)?;
            }
            self.last_end = span.end;
            return self.key(scalar, span);
        };
        if self.is_merged() && !self.lenient {
            return self.unmergeable(span.start);
        }
        let core = scalar
            .tag
            .as_deref()
            .and_then(|tag| tag.strip_prefix("tag:yaml.org,2002:"));
        let style = if core.is_some_and(|tag| tag != "str") {
            Style::Tagged
        } else {
            scalar.style
        };
        let start = match (style, scalar.tag_at) {
            (Style::Tagged, Some(tag_at)) => tag_at.min(span.start),
            _ => span.start,
        };
        let value = self.resolve(&scalar, span.start)?;
        if self.frames.is_empty() {
            self.last_end = span.end;
            return match value {
                _ if self.lenient => Ok(()),
                None if span.is_empty() && scalar.tag.is_none() && scalar.anchor == 0 => Ok(()),
                None => self.unsupported(
                    span.start,
                    "a document that says null has no place for the `sops` block: write `{}`, or nothing behind its `---`",
                ),
                Some(_)
                    if self.text[span.end..].starts_with(':')
                        && self.text[span.clone()].chars().count() > LONGEST_KEY =>
                {
                    self.unsupported(
                    span.start,
                    "a key of more than 1,024 characters: YAML asks for a `? ` before it, and its `:` on the next line",
                )}
                Some(_) if self.text[span.end..].starts_with(':') => self.unsupported(
                    span.start,
                    "a `:` and a blank are missing behind the first key, so that its line is taken for text",
                ),
                Some(_) => self.unsupported(
                    span.start,
                    "the top level of a document must be a mapping, not a value: write `key: value`, with a blank behind the colon",
                ),
            };
        }
        self.last_end = span.end;
        if scalar.anchor != 0 {
            self.anchors.insert(scalar.anchor, self.tape.len());
        }
        self.tape.push(Item::Leaf(Leaf {
            path,
            span: Span::new(start..span.end),
            style,
            flow,
            value,
        }));
        self.value_done()
    }

    /// The span of a scalar, a block scalar's header included, the blank lines after it that do not count left out.
    fn scalar_span(&self, scalar: &Scalar<'a>) -> Range<usize> {
        if !matches!(scalar.style, Style::Literal | Style::Folded) {
            return scalar.range.clone();
        }
        let Some(start) = source::find_indicator(self.text, self.last_end, b"|>") else {
            return scalar.range.clone();
        };
        let header = source::header(&self.text[start..]);
        let end = scalar.range.end.max(start + header.len());
        if header.keeps() {
            start..source::trim_indentation(self.text, start + header.len(), end)
        } else {
            start..source::trim_blank_lines(self.text, start + header.len(), end)
        }
    }

    fn resolve(&self, scalar: &Scalar<'a>, at: usize) -> Result<Option<Value<'a>>> {
        let plain = scalar.style == Style::Plain;
        let tag = scalar.tag.as_deref();
        // An empty plain scalar reads as `~` here and is null all the same.
        let resolved = match &scalar.text {
            Cow::Borrowed(text) => resolve::resolve(text, plain, tag),
            Cow::Owned(text) if !plain && tag.is_none() => {
                return Ok(Some(Value::string(Cow::Owned(text.clone()))));
            }
            Cow::Owned(text) => resolve::resolve(text, plain, tag).map(|value| {
                value.map(|value| Value {
                    kind: value.kind,
                    bytes: Cow::Owned(value.bytes.into_owned()),
                })
            }),
        };
        match resolved {
            Ok(value) => Ok(value),
            Err(_) if self.lenient => Ok(Some(Value::string(scalar.text.clone()))),
            Err(Refusal::BeyondInt64(value)) if self.to_read => Ok(Some(Value {
                kind: Type::Int,
                bytes: Cow::Owned(value.0.to_string().into_bytes()),
            })),
            Err(problem @ (Refusal::BeyondInt64(_) | Refusal::OffsetBeyondDay)) => {
                self.unencryptable(at, problem.to_string())
            }
            Err(problem) => self.unsupported(at, problem.to_string()),
        }
    }

    fn key(&mut self, scalar: Scalar<'a>, span: Range<usize>) -> Result<()> {
        let at = span.start;
        let text: Text<'a> = match self.resolve(&scalar, at)? {
            value if self.lenient => match value {
                Some(value) if value.is_str() => {
                    String::from_utf8_lossy(&value.bytes).into_owned().into()
                }
                _ => scalar.text.clone(),
            },
            Some(Value {
                kind: Type::Str,
                bytes,
            }) => match bytes {
                Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
                Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
            }
            .map_or_else(|| self.unsupported(at, "a key must be UTF-8 text"), Ok)?,
            None => return self.unencryptable(at, "a key must be a string, not null"),
            Some(Value { kind, .. }) => {
                return self.unencryptable(
                    at,
                    format!(
                        "a key must be a string, but YAML reads this one as {}: put it in quotes",
                        kind.name()
                    ),
                );
            }
        };
        if scalar.anchor != 0 {
            self.key_anchors.insert(scalar.anchor, text.clone());
        }
        // A text that is quoted, or tagged as one, is a key like any other.
        let merges = text == "<<"
            && match scalar.tag.as_deref() {
                None => scalar.style == Style::Plain,
                Some(tag) => tag == "tag:yaml.org,2002:merge",
            };
        self.push_key(text, at, merges)
    }

    fn push_key(&mut self, key: Text<'a>, at: usize, merges: bool) -> Result<()> {
        let is_reserved =
            self.frames.len() == 1 && self.reserved_key.is_some_and(|reserved| key == reserved);
        let reserved = is_reserved.then(|| ReservedMark {
            tape: self.tape.len(),
            paths: self.paths.len(),
            before: self.previous_end(at),
        });
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        if !frame.keys.insert(key.clone()) && !self.lenient {
            let message = format!("the key `{key}` stands twice in this mapping");
            return self.unsupported(at, message);
        }
        let path = self.paths.push(frame.path, key, at as u32);
        frame.entry = Some(PendingEntry {
            path,
            merges,
            reserved,
        });
        Ok(())
    }

    /// Where what stands before the key at `at` ends, in a flow collection.
    fn previous_end(&self, at: usize) -> usize {
        match self.tape.last() {
            Some(Item::Open { span, flow, .. }) => span.range().start + usize::from(*flow),
            // A value that is not written may have its place behind comments.
            Some(Item::Leaf(leaf)) if leaf.span.range().is_empty() => {
                let key = self.paths.key_offset(leaf.path) as usize;
                key_end(self.text, key, true)
            }
            Some(Item::Leaf(leaf)) => leaf.span.range().end,
            Some(Item::Close { open }) => match &self.tape[*open as usize] {
                Item::Open { span, .. } | Item::Alias { span, .. } => span.range().end,
                _ => at,
            },
            _ => at,
        }
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) -> Result<()> {
        let start = range.start;
        if !self.lenient {
            go_incompatibilities::refuse_foreign_name(self.text, range.clone())?;
        }
        self.last_end = range.end;
        if let Some(key) = self.key_anchors.get(&anchor).cloned() {
            return self.alias_of_key(key, range);
        }
        if self.lenient
            && let Some(text) = self.lenient_alias(anchor)
        {
            return self.alias_of_key(text, range);
        }
        let Some(&original) = self.anchors.get(&anchor) else {
            return self.unsupported(start, "the alias points into the `sops` block");
        };
        let Some(path) = self.node_path() else {
            // Once the anchored value is encrypted, the key would be its ciphertext.
            return self.unsupported(start, "an alias as a key: write the key out");
        };
        let is_mapping = matches!(
            self.tape[original],
            Item::Open {
                kind: Collection::Mapping,
                ..
            }
        );
        if self.is_merged() && !is_mapping && !self.lenient {
            return self.unmergeable(start);
        }
        let end = match self.tape[original] {
            Item::Open { close: OPEN, .. } => {
                return self.unsupported(start, "the alias points at a node that contains it");
            }
            Item::Open { close, .. } => close as usize + 1,
            _ => original + 1,
        };
        self.expanded += end - original;
        if self.expanded > MAX_EXPANDED {
            return Err(Error::Limit {
                location: Some(Location::of(self.text, start)),
                message: format!("aliases expand to more than {MAX_EXPANDED} nodes"),
            });
        }
        let site = self.tape.len();
        self.tape.push(Item::Alias {
            path,
            span: Span::new(range),
            target: original as u32,
            close: OPEN,
        });
        self.expand(original..end, path);
        let close = self.tape.len() as u32;
        self.tape.push(Item::Close { open: site as u32 });
        if let Item::Alias { close: at, .. } = &mut self.tape[site] {
            *at = close;
        }
        self.value_done()
    }

    /// The text of an alias in a place where the tape has no form for one: as a key, or inside of the node that it points at.
    fn lenient_alias(&self, anchor: usize) -> Option<Text<'a>> {
        let original = self.anchors.get(&anchor).map(|at| &self.tape[*at]);
        match original {
            None | Some(Item::Open { close: OPEN, .. }) => Some(Cow::Borrowed("")),
            Some(Item::Leaf(Leaf { value, .. })) if self.node_path().is_none() => {
                let value = value.as_ref();
                let text = value.map(|value| String::from_utf8_lossy(&value.bytes).into_owned());
                Some(Cow::Owned(text.unwrap_or_default()))
            }
            Some(_) if self.node_path().is_none() => Some(Cow::Borrowed("")),
            Some(_) => None,
        }
    }

    /// An alias of a key is a key, or a string like any other.
    fn alias_of_key(&mut self, key: Text<'a>, range: Range<usize>) -> Result<()> {
        let Some(path) = self.node_path() else {
            return self.push_key(key, range.start, false);
        };
        if self.frames.is_empty() {
            return Ok(());
        }
        if self.is_merged() && !self.lenient {
            return self.unmergeable(range.start);
        }
        let (site, span) = (self.tape.len() as u32, Span::new(range));
        self.tape.push(Item::Alias {
            path,
            span,
            target: site + 1,
            close: site + 2,
        });
        let value = Some(Value::string(key));
        self.tape.push(Item::Leaf(Leaf {
            path,
            span,
            style: Style::Plain,
            flow: true,
            value,
        }));
        self.tape.push(Item::Close { open: site });
        self.value_done()
    }

    /// Copies the items of the node at `original` to the end of the tape, as if it stood at `path`.
    fn expand(&mut self, original: Range<usize>, path: PathId) {
        let shift = (self.tape.len() - original.start) as u32;
        let mut renamed: HashMap<PathId, PathId> = HashMap::new();
        if let Item::Open { path: from, .. } | Item::Leaf(Leaf { path: from, .. }) =
            &self.tape[original.start]
        {
            renamed.insert(*from, path);
        }
        for index in original {
            let mut item = self.tape[index].clone();
            match &mut item {
                Item::Open { path, close, .. } | Item::Alias { path, close, .. } => {
                    *path = self.rename(*path, &mut renamed);
                    *close += shift;
                }
                Item::Document { close, .. } => *close += shift,
                Item::Close { open } => *open += shift,
                Item::Leaf(Leaf { path, .. }) | Item::Comment { path, .. } => {
                    *path = self.rename(*path, &mut renamed)
                }
            }
            self.tape.push(item);
        }
    }

    /// The path in the copy of what is at `path` in the original; the root of the original is known already.
    fn rename(&mut self, path: PathId, renamed: &mut HashMap<PathId, PathId>) -> PathId {
        if let Some(&known) = renamed.get(&path) {
            return known;
        }
        // A path's parent is met before it, so this goes one level up at most.
        let parent = self.paths.parent(path);
        let parent = renamed.get(&parent).copied().unwrap_or(parent);
        let (key, at) = (self.paths.key(path).clone(), self.paths.key_offset(path));
        let new = self.paths.push(parent, key, at);
        renamed.insert(path, new);
        new
    }

    /// A node is complete: the entry that it was the value of too.
    fn value_done(&mut self) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let Some(entry) = frame.entry.take() else {
            return Ok(());
        };
        let Some(ReservedMark {
            tape,
            paths,
            before,
        }) = entry.reserved
        else {
            return Ok(());
        };
        let flow = frame.flow;
        let key_at = self.paths.key_offset(entry.path) as usize;
        let value = match &self.tape[tape] {
            Item::Open {
                kind: Collection::Mapping,
                span,
                ..
            } => span.range(),
            _ => {
                return Err(Error::ReservedEntry {
                    location: Some(Location::of(self.text, key_at)),
                    message: "it must be a mapping".into(),
                });
            }
        };
        let entry = if flow {
            entry_range::flow_entry(self.text, before, key_at, value.end)
        } else {
            entry_range::block_entry(self.text, key_at, self.last_end)
        };
        let behind_key =
            entry_range::comment_after_key(self.text, &entry, &value).map(|range| range.start);
        let in_entry = |comment: &Span| comment.range().start >= entry.start;
        let before = self.comments.partition_point(|comment| !in_entry(comment));
        let from_entry = self.comments.split_off(before);
        self.comments
            .extend(from_entry.into_iter().filter(|comment| {
                let start = comment.range().start;
                start >= entry.end || Some(start) == behind_key
            }));
        self.anchors.retain(|_, at| *at < tape);
        self.reserved.push(ReservedEntry {
            entry,
            value,
            document: self.documents - 1,
        });
        self.tape.truncate(tape);
        self.paths.truncate(paths);
        Ok(())
    }
}

/// Where the `sops` block of a document goes that ends at `end`: at the start of that line or, if something stands on it, of the
/// next.
fn block_offset(text: &str, end: usize) -> u32 {
    let line_start = source::line_start(text, end);
    let blank = text[line_start..end].trim().is_empty();
    let offset = if blank {
        line_start
    } else {
        source::after_break(text, source::line_end(text, end))
    };
    offset as u32
}
