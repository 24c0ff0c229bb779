//! The tape: the containers, values, aliases and comments of a document in order, each with its
//! span in the text.

use std::borrow::Cow;
use std::ops::Range;

use crate::path::PathId;
use crate::value::Value;

/// The deepest nesting of containers, in the text and after aliases are expanded.
pub const MAX_DEPTH: usize = 1_000;

/// The maximum number of items that the aliases of a [`Document`](crate::Document) may add to its
/// tape.
pub const MAX_EXPANDED: usize = 1_000_000;

/// A range of bytes of the source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The offset of the first byte.
    pub start: u32,
    /// The offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span of a range. The text must be shorter than 4 GiB, as documents always are.
    pub fn new(range: Range<usize>) -> Self {
        Self {
            start: range.start as u32,
            end: range.end as u32,
        }
    }

    /// The range, for indexing the text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The kind of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Keys with values.
    Mapping,
    /// Values in order.
    Sequence,
}

/// How a scalar is written in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Style {
    /// Without quotes. All values that are not strings are plain, unless they are tagged.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes, like every string in JSON.
    DoubleQuoted,
    /// A YAML block scalar that keeps its line breaks: `|`.
    Literal,
    /// A YAML block scalar that folds its line breaks: `>`.
    Folded,
    /// With a tag that fits only this value, such as `!!int`. The span includes the tag.
    Tagged,
}

/// A scalar with its span in the source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Leaf<'a> {
    /// The path of the entry or, for an item of a sequence, of the sequence.
    pub path: PathId,
    /// The span of the scalar; inside an expanded alias, the span of the anchored original.
    pub span: Span,
    /// How the scalar is written.
    pub style: Style,
    /// Whether the scalar is in a flow collection, as every value in JSON is.
    pub flow: bool,
    /// The value; `None` for null.
    pub value: Option<Value<'a>>,
}

/// One element of the tape. The enum is exhaustive because every walk must handle all kinds.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// A document of the stream begins.
    Document {
        /// The index of the matching `Close`.
        close: u32,
        /// The offset in bytes where a reserved entry would go.
        end: u32,
    },
    /// A container begins.
    Open {
        /// Mapping or sequence.
        kind: Collection,
        /// Whether the container is written in brackets or braces.
        flow: bool,
        /// The path of this item.
        path: PathId,
        /// The span of this item.
        span: Span,
        /// The index of the matching `Close`.
        close: u32,
    },
    /// An alias. The items up to its `Close` are copies of the items that it refers to, under this
    /// path.
    Alias {
        /// The path of this item.
        path: PathId,
        /// The span of this item.
        span: Span,
        /// The index of the first item of the node that it refers to.
        target: u32,
        /// The index of the matching `Close`.
        close: u32,
    },
    /// The end of the `Document`, `Open` or `Alias` at that index.
    Close {
        /// The index of the item that it ends.
        open: u32,
    },
    /// A value.
    Leaf(Leaf<'a>),
    /// A comment.
    Comment {
        /// The path of the container that Go's library assigns it to; for a lost comment, of the
        /// container that it is written in.
        path: PathId,
        /// The span of the comment, including its marker: `#` or, in INI, also `;`.
        span: Span,
        /// Whether Go's library drops the comment.
        lost: bool,
    },
}

/// The text of a comment, and what to write when new text replaces it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Comment<'a> {
    /// The range of the comment's text, after its marker.
    pub range: Range<usize>,
    /// The text as Go's library reads it. In INI that can be more than the text at `range`.
    pub text: Cow<'a, str>,
    /// Whether this comment continues the previous one on the tape. In INI, the comment lines above
    /// a key and the comment after its value are one comment.
    pub continues: bool,
    /// What to write before a token that replaces the text; only INI needs it.
    pub prefix: &'static str,
    /// What to write after a token that replaces the text.
    pub suffix: String,
}

/// Text of the source: borrowed, unless an escape or a fold changes it.
pub(crate) type Text<'a> = Cow<'a, str>;
