//! YAML events. Besides the tests, only this module and `diagnostics` use the parser crate.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{Event as Parsed, Parser, ScalarStyle, StrInput, StructureStyle};

use super::diagnostics;
use crate::error::{Error, Location, Result};
use crate::{Collection, MAX_DEPTH, Style};

/// An event of the parser. Ranges are in bytes of the text.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// A document begins. The range is its `---`, empty if it has none.
    DocumentStart(Range<usize>),
    /// A document ends. The range is its `...`, empty if it has none.
    DocumentEnd(Range<usize>),
    /// A container begins: at its bracket, or at its first key or item.
    Open {
        kind: Collection,
        flow: bool,
        anchor: usize,
        at: usize,
    },
    /// The innermost container ends. The range is its bracket, empty in block style.
    Close(Range<usize>),
    Scalar(Scalar<'a>),
    /// An alias of the anchor with this number.
    Alias {
        anchor: usize,
        range: Range<usize>,
    },
    /// A comment with its `#`, without its line break.
    Comment(Range<usize>),
    /// The anchor token of the previous node.
    Anchor(Range<usize>),
}

/// A scalar and its spelling.
#[derive(Debug)]
pub(crate) struct Scalar<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) style: Style,
    /// The number of the scalar's anchor; 0 if it has no anchor.
    pub(crate) anchor: usize,
    /// The full tag, such as `tag:yaml.org,2002:int` or `!local`.
    pub(crate) tag: Option<String>,
    /// The offset of the tag.
    pub(crate) tag_at: Option<usize>,
    /// The source: quoted text including the quotes, plain text, or the content of a block scalar
    /// without its header.
    pub(crate) range: Range<usize>,
}

/// The events that the parser crate reads.
pub(crate) struct Events<'a> {
    text: &'a str,
    /// The offset in the text where the parser's part begins.
    start: usize,
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Events<'a> {
    /// The events of the part of `text` at `range`, with offsets in `text`.
    pub(crate) fn new(text: &'a str, range: Range<usize>) -> Self {
        Self::limited(text, range, MAX_DEPTH)
    }

    /// Like [`new`](Self::new), with a limit on the nesting of containers.
    pub(crate) fn limited(text: &'a str, range: Range<usize>, depth: usize) -> Self {
        let options = granit_parser::options! {
            emit_anchor_events: true,
            block_scalar_eof_without_line_feed: true,
            block_nesting_limit: depth,
            flow_nesting_limit: depth,
            max_buffered_comment_events: usize::MAX,
        };
        Self {
            text,
            start: range.start,
            parser: Parser::new_from_str_with_options(&text[range], options),
        }
    }

    /// The next event; `None` at the end of the text.
    pub(crate) fn next(&mut self) -> Result<Option<Event<'a>>> {
        loop {
            let (event, span) = match self.parser.next() {
                None => return Ok(None),
                Some(Ok(event)) => event,
                Some(Err(error)) => {
                    let offset = match error.marker().byte_offset() {
                        Some(offset) => self.start + offset,
                        None => self.text.len(),
                    };
                    return Err(Error::Syntax {
                        location: Location::of(self.text, offset),
                        message: diagnostics::message(&error, self.text, offset),
                    });
                }
            };
            // Events that are read from a string always have offsets.
            let part = span.byte_range().unwrap_or(0..0);
            let range = || self.start + part.start..self.start + part.end;
            let tag_at = || Some(self.start + span.tag_start()?.byte_offset()?);
            let full_tag = |tag: Option<Cow<'_, granit_parser::Tag>>| {
                tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()))
            };
            return Ok(Some(match event {
                Parsed::StreamStart | Parsed::StreamEnd => continue,
                Parsed::DocumentStart(..) => Event::DocumentStart(range()),
                Parsed::DocumentEnd => Event::DocumentEnd(range()),
                Parsed::Alias(anchor) => Event::Alias {
                    anchor,
                    range: range(),
                },
                Parsed::Anchor(..) => Event::Anchor(range()),
                Parsed::Comment(..) => Event::Comment(range()),
                Parsed::Scalar(text, style, anchor, tag) => Event::Scalar(Scalar {
                    text,
                    style: match style {
                        ScalarStyle::SingleQuoted => Style::SingleQuoted,
                        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                        ScalarStyle::Literal => Style::Literal,
                        ScalarStyle::Folded => Style::Folded,
                        _ => Style::Plain,
                    },
                    anchor,
                    tag: full_tag(tag),
                    tag_at: tag_at(),
                    range: range(),
                }),
                Parsed::SequenceStart(style, anchor, _) => Event::Open {
                    kind: Collection::Sequence,
                    flow: style == StructureStyle::Flow,
                    anchor,
                    at: range().start,
                },
                Parsed::MappingStart(style, anchor, _) => Event::Open {
                    kind: Collection::Mapping,
                    flow: style == StructureStyle::Flow,
                    anchor,
                    at: range().start,
                },
                Parsed::SequenceEnd | Parsed::MappingEnd => Event::Close(range()),
                _ => continue,
            }));
        }
    }
}
