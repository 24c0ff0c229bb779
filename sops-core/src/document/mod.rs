//! A document: the source text and a tape of what stands in it. What is not edited is never written anew.
//!
//! A format module finds the leaves of its text and knows how to spell a value in place and where the `sops` block goes;
//! it knows nothing of keys or ciphers. What all formats share stands here.

pub(crate) mod binary;
pub(crate) mod block;
pub(crate) mod change;
mod conflict;
pub(crate) mod dotenv;
pub(crate) mod edit;
pub(crate) mod flat;
pub(crate) mod ini;
pub mod json;
mod keys;
mod nodes;
pub(crate) mod path;
pub(crate) mod place;
mod view;
pub mod yaml;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use self::view::Standing;
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::value::Value;
pub use change::NewEntry;
pub use conflict::{is_conflict_marker, merge_conflict};
pub(crate) use edit::Edits;
pub(crate) use path::{PathId, Paths, ROOT};
pub use view::{NodeRef, Shape};

/// Containers may be nested this deep, alias expansion included.
pub const MAX_DEPTH: usize = 1_000;

/// Aliases may expand to this many leaves and containers in one text.
pub const MAX_EXPANDED: usize = 1_000_000;

/// A range of bytes of the source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// The range; `document::check_length` has made sure that offsets fit 32 bits.
    pub(crate) fn new(range: Range<usize>) -> Self {
        Self {
            start: range.start as u32,
            end: range.end as u32,
        }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What a container holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    Mapping,
    Sequence,
}

/// How a scalar is written in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
    /// With a tag that only fits plaintext, such as `!!int`; the span covers tag and scalar.
    Tagged,
}

/// A value that is neither container nor comment, with its place in the source.
#[derive(Clone, Debug)]
pub(crate) struct Leaf<'a> {
    /// The path of the entry, or of the sequence that it is an item of.
    pub(crate) path: PathId,
    /// Where it stands; inside an expanded alias, where the anchored original stands.
    pub(crate) span: Span,
    pub(crate) style: Style,
    /// Whether it stands in a flow collection (all of JSON does).
    pub(crate) flow: bool,
    /// `None` is null.
    pub(crate) value: Option<Value<'a>>,
}

/// One element of the tape, in document order as SOPS walks it.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    /// A document of the stream begins; `close` is the index of its `Close`, `end` the offset where a `sops` block would go.
    Document {
        close: u32,
        end: u32,
    },
    /// A container begins; `path` is its own, `close` the index of its `Close`.
    Open {
        kind: Collection,
        flow: bool,
        path: PathId,
        span: Span,
        close: u32,
    },
    /// An alias: what follows until `close` is a copy, under this path, of the items from index `target` on.
    Alias {
        path: PathId,
        span: Span,
        target: u32,
        close: u32,
    },
    /// The end of the `Document`, `Open` or `Alias` at that index.
    Close {
        open: u32,
    },
    Leaf(Leaf<'a>),
    /// A comment with its `#`; `path` is that of the container SOPS finds it in. If it is `lost`, Go's library does not give it to
    /// SOPS, and `path` is that of the container it stands in.
    Comment {
        path: PathId,
        span: Span,
        lost: bool,
    },
}

/// A comment as it is encrypted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comment<'a> {
    /// Where its text stands, behind its marker.
    pub(crate) place: Range<usize>,
    /// What SOPS has for its text. In INI that is more than what stands at the place.
    pub(crate) text: Cow<'a, str>,
    /// Whether SOPS takes it for a part of the comment before it on the tape, as INI has them.
    pub(crate) continues: bool,
    /// What is written before and behind it where it is encrypted; only INI needs that.
    pub(crate) prefix: &'static str,
    pub(crate) suffix: String,
}

/// Where the `sops` block of one document of a stream stands.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The whole entry, with what must go when it is removed.
    pub(crate) entry: Range<usize>,
    /// The value, without its key.
    pub(crate) value: Range<usize>,
    /// Its document, counted from 0. Only the first document's block is read.
    pub(crate) document: usize,
}

/// A parsed document: source text, tape, key paths, and the places of its `sops` blocks.
///
/// Its own `sops` entries are not on the tape.
pub struct Document<'a> {
    pub(crate) text: &'a str,
    pub(crate) format: Format,
    pub(crate) tape: Vec<Item<'a>>,
    pub(crate) paths: Paths<'a>,
    /// One a document of the stream that has a `sops` entry.
    pub(crate) blocks: Vec<Block>,
    /// Where each item of the tape stands, made when a reader first asks for it.
    pub(crate) standings: OnceLock<Vec<Standing>>,
}

impl<'a> Document<'a> {
    /// Parses `text` as `format`. The binary format's plaintext is one value, its encrypted form a document in JSON.
    ///
    /// # Errors
    /// [`Error::Syntax`] and [`Error::Unsupported`] with the place; [`Error::Limit`] for 4 GiB and more, for nesting deeper
    /// than [`MAX_DEPTH`] and for aliases that expand to more than [`MAX_EXPANDED`] nodes.
    pub fn parse(text: &'a (impl AsRef<[u8]> + ?Sized), format: Format) -> Result<Self> {
        let bytes = text.as_ref();
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::Limit {
                location: None,
                message: "the document is 4 GiB or larger".into(),
            });
        }
        match format {
            Format::Yaml => yaml::parse(utf8(bytes)?),
            Format::Json => json::parse(utf8(bytes)?),
            Format::Dotenv => dotenv::parse(utf8(bytes)?),
            Format::Ini => ini::parse(utf8(bytes)?),
            Format::Binary => Ok(binary::plaintext(bytes)),
        }
    }

    /// Parses YAML, and so JSON, as loosely as the loosest of its readers: duplicate keys, keys that are not strings, lists and scalars
    /// at the top level, and an alias inside the node that it points to are accepted. For programs that judge a text which
    /// [`parse`](Self::parse) refuses; such a document is never encrypted. The `sops` entry is an entry like any other.
    ///
    /// # Errors
    /// [`Error::Syntax`] for what no parser of YAML 1.2 reads, and [`Error::Limit`] as for [`parse`](Self::parse).
    pub fn parse_leniently(text: &'a str) -> Result<Self> {
        if u32::try_from(text.len()).is_err() {
            return Err(Error::Limit {
                location: None,
                message: "the document is 4 GiB or larger".into(),
            });
        }
        yaml::parse_leniently(text)
    }

    /// Whether the document has a `sops` block: whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// The format it was parsed as.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The items that stand in the text themselves, with their indexes: the copies that aliases make are left out, all but the
    /// `Alias` items.
    pub(crate) fn written_items(&self) -> impl Iterator<Item = (usize, &Item<'a>)> {
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

    /// The comment at `index` of the tape.
    pub(crate) fn comment(&self, index: usize) -> Comment<'a> {
        match &self.tape[index] {
            Item::Comment { .. } if self.format == Format::Ini => {
                ini::comments::comment(self, index)
            }
            Item::Comment { span, .. } => {
                let place = span.range().start + 1..span.range().end;
                Comment {
                    text: Cow::Borrowed(&self.text[place.clone()]),
                    place,
                    ..Comment::default()
                }
            }
            _ => Comment::default(),
        }
    }

    pub(crate) fn location(&self, span: Span) -> Location {
        Location::of(self.text, span.start as usize)
    }

    pub(crate) fn source(&self, span: Span) -> &'a str {
        &self.text[span.range()]
    }
}

/// The bytes as the text that all formats but the binary one are.
fn utf8(bytes: &[u8]) -> Result<&str> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        Error::Syntax {
            // What is before that place is valid by its definition.
            location: Location::of(str::from_utf8(&bytes[..valid]).unwrap_or_default(), valid),
            message: "this is not valid UTF-8".to_owned(),
        }
    })
}

/// Text of the source as it stands or, where an escape or a fold changes it, as it reads.
pub(crate) type Text<'a> = Cow<'a, str>;
