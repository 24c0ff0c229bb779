//! What stands in a document, in the order in which SOPS walks it: containers, values, aliases and comments, each with its place in the text.

use std::borrow::Cow;
use std::ops::Range;

use crate::path::PathId;
use crate::value::Value;

/// Containers may be nested this deep, alias expansion included.
pub const MAX_DEPTH: usize = 1_000;

/// Aliases may expand to this many leaves and containers in one text.
pub const MAX_EXPANDED: usize = 1_000_000;

/// A range of bytes of the source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

impl Span {
    /// The span of a range in a text that is shorter than 4 GiB, as that of any document is.
    pub fn new(range: Range<usize>) -> Self {
        Self {
            start: range.start as u32,
            end: range.end as u32,
        }
    }

    /// The range, to index a text with.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What a container holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Keys with values.
    Mapping,
    /// Values in an order.
    Sequence,
}

/// How a scalar is written in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes, and all values that are not strings.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes, as all strings of JSON.
    DoubleQuoted,
    /// A block scalar of YAML that keeps its line breaks: `|`.
    Literal,
    /// A block scalar of YAML that folds them: `>`.
    Folded,
    /// With a tag that only fits plaintext, such as `!!int`; the span covers tag and scalar.
    Tagged,
}

/// A value that is neither container nor comment, with its place in the source.
#[derive(Clone, Debug)]
pub struct Leaf<'a> {
    /// The path of the entry, or of the sequence that it is an item of.
    pub path: PathId,
    /// Where it stands; inside an expanded alias, where the anchored original stands.
    pub span: Span,
    /// How it is written.
    pub style: Style,
    /// Whether it stands in a flow collection (all of JSON does).
    pub flow: bool,
    /// `None` is null.
    pub value: Option<Value<'a>>,
}

/// One element of the tape, in document order as SOPS walks it.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// A document of the stream begins.
    Document {
        /// The index of its `Close`.
        close: u32,
        /// The offset where a reserved entry would go.
        end: u32,
    },
    /// A container begins.
    Open {
        /// What it holds.
        kind: Collection,
        /// Whether it is written in brackets or braces.
        flow: bool,
        /// Its own path.
        path: PathId,
        /// Where it stands.
        span: Span,
        /// The index of its `Close`.
        close: u32,
    },
    /// An alias: what follows until its `Close` is a copy of other items, under this path.
    Alias {
        /// Its own path.
        path: PathId,
        /// Where it stands.
        span: Span,
        /// The index of the first item that it stands for.
        target: u32,
        /// The index of its `Close`.
        close: u32,
    },
    /// The end of the `Document`, `Open` or `Alias` at that index.
    Close {
        /// The index of what it ends.
        open: u32,
    },
    /// A value.
    Leaf(Leaf<'a>),
    /// A comment.
    Comment {
        /// The container that Go's library finds it in; if it is lost, the one that it stands in.
        path: PathId,
        /// Where it stands, with its `#`.
        span: Span,
        /// Whether Go's library drops it.
        lost: bool,
    },
}

/// The text of a comment, and how another text is written in its place.
#[derive(Clone, Debug, Default)]
pub struct Comment<'a> {
    /// Where its text stands, behind its marker.
    pub place: Range<usize>,
    /// What SOPS has for its text. In INI that is more than what stands at the place.
    pub text: Cow<'a, str>,
    /// Whether SOPS takes it for a part of the comment before it on the tape, as INI has them.
    pub continues: bool,
    /// What goes before a token in its place; only INI needs that.
    pub prefix: &'static str,
    /// What goes behind a token in its place.
    pub suffix: String,
}

/// Text of the source as it stands or, where an escape or a fold changes it, as it reads.
pub(crate) type Text<'a> = Cow<'a, str>;
