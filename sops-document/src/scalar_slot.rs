//! The position of a scalar in the text: how a token is written there, and how the value is
//! restored.

use std::fmt;
use std::ops::Range;

use crate::blank_lines::BlankLines;
use crate::block_scalar::BlockScalar;
use crate::format::Format;
use crate::value::{Type, Value};
use crate::yaml::restyle::{SourceStyle, restyle};
use crate::yaml::source::Chomping;
use crate::yaml::spell::{ParentKind, ScalarContext, SpelledForm, spell, spell_string};
use crate::{Collection, Document, Leaf, Style, canonical, dotenv, ini, json, yaml};

/// The style that stays in the file while a token replaces the value.
#[derive(Clone, Copy, Debug)]
enum TokenStyle<'a> {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Block(BlockScalar<'a>),
}

/// The container that a scalar is in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Surroundings {
    /// Whether the container is a mapping or a sequence.
    pub kind: Collection,
    /// The offset in bytes where the container begins.
    pub start: usize,
}

/// The position of a scalar, at which a program replaces the value with a token (text on one line
/// without quotes, backslashes or `: `) and later restores it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ScalarSlot<'a> {
    document: SlotDocument<'a>,
    format: Format,
    style: TokenStyle<'a>,
    flow: bool,
    around: Surroundings,
    text: &'a str,
    span: (usize, usize),
}

/// The document of a slot.
#[derive(Clone, Copy)]
struct SlotDocument<'a>(&'a Document<'a>);

/// Shows no value.
impl fmt::Debug for SlotDocument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<'a> ScalarSlot<'a> {
    /// The slot of a value that is in the text unchanged.
    pub fn of_value(document: &'a Document<'_>, leaf: &Leaf<'_>, around: Surroundings) -> Self {
        let style = match (document.format, leaf.style, leaf.flow) {
            (Format::Json, ..) | (_, Style::DoubleQuoted, _) => TokenStyle::DoubleQuoted,
            // A plain scalar in a flow collection cannot contain brackets and commas, so a token is
            // quoted there.
            (_, Style::Plain | Style::SingleQuoted | Style::Tagged, true)
            | (_, Style::SingleQuoted, false) => TokenStyle::SingleQuoted,
            (_, Style::Plain | Style::Tagged, false) => TokenStyle::Plain,
            (_, Style::Literal | Style::Folded, _) => {
                BlockScalar::of_value(document, leaf).map_or(TokenStyle::Plain, TokenStyle::Block)
            }
        };
        Self::new(document, leaf, around, style)
    }

    /// The start of [`range`](Self::range) for a value that is in the text unchanged. If the header
    /// of a block scalar stays, a comment on that line comes before this offset.
    pub fn start_of_value(document: &Document<'_>, leaf: &Leaf<'_>) -> usize {
        let header = BlockScalar::of_value(document, leaf).map(|block| block.header.len());
        leaf.span.range().start + header.unwrap_or(0)
    }

    /// The indicators for the header of a block scalar that holds a token, and the range of its
    /// current indicators: under `|` and `|+`, the line break after the token would be part of the
    /// value, which many programs do not expect. `None` if the header stays unchanged.
    pub fn header_of_token(
        document: &Document<'_>,
        leaf: &Leaf<'_>,
    ) -> Option<(Range<usize>, String)> {
        let block = BlockScalar::of_value(document, leaf)?;
        let (now, with_token) = (block.indicators(), block.indicators_of_token());
        let start = leaf.span.range().start;
        (with_token != now).then_some((start..start + now.len(), with_token))
    }

    /// The slot of a value that a token has replaced.
    pub fn of_token(document: &'a Document<'_>, leaf: &Leaf<'_>, around: Surroundings) -> Self {
        let style = match leaf.style {
            Style::Plain | Style::Tagged => TokenStyle::Plain,
            Style::SingleQuoted => TokenStyle::SingleQuoted,
            Style::DoubleQuoted => TokenStyle::DoubleQuoted,
            Style::Literal | Style::Folded => {
                BlockScalar::of_token(document, leaf).map_or(TokenStyle::Plain, TokenStyle::Block)
            }
        };
        Self::new(document, leaf, around, style)
    }

    fn new(
        document: &'a Document<'_>,
        leaf: &Leaf<'_>,
        around: Surroundings,
        style: TokenStyle<'a>,
    ) -> Self {
        let span = leaf.span.range();
        Self {
            document: SlotDocument(document),
            format: document.format,
            style,
            flow: leaf.flow,
            around,
            text: document.text,
            span: (span.start, span.end),
        }
    }

    /// The blank lines that a block scalar might take in.
    fn following(&self) -> BlankLines {
        match self.format == Format::Yaml && !self.flow {
            true => BlankLines::after(self.document.0, self.span.1),
            false => BlankLines::default(),
        }
    }

    /// The range of the text that is replaced: the whole scalar, except the header of a block
    /// scalar that stays.
    pub fn range(&self) -> Range<usize> {
        let (start, end) = self.span;
        match self.style {
            TokenStyle::Block(block) => start + block.header.len()..end,
            // A block scalar that changes its style ends its line, which its replacement must not
            // do.
            _ if self.format == Format::Yaml => {
                start..end - yaml::source::line_break(&self.text[start..end]).len()
            }
            _ => start..end,
        }
    }

    /// The indicators in the header of a block scalar, such as `|2-`, and their range.
    pub fn indicators(&self) -> Option<(Range<usize>, &'a str)> {
        let TokenStyle::Block(block) = self.style else {
            return None;
        };
        let indicators = block.indicators();
        Some((self.span.0..self.span.0 + indicators.len(), indicators))
    }

    /// A scalar at `range` of another text that was written in place of the scalar in this slot.
    pub(crate) fn written(&self, range: Range<usize>) -> yaml::WrittenScalar {
        yaml::WrittenScalar {
            range,
            kind: self.around.kind,
            flow: self.flow,
            // A flow collection may be one long line, which must not be counted for every value.
            column: match self.flow {
                true => 0,
                false => yaml::source::column(self.text, self.around.start),
            },
        }
    }

    /// The source text in [`range`](Self::range).
    pub fn source(&self) -> &'a str {
        &self.text[self.range()]
    }

    /// Appends a token in the style of this slot: the quotes, the indentation and the anchor around
    /// what `value` appends.
    pub fn write_token(&self, out: &mut String, value: impl FnOnce(&mut String)) {
        match self.style {
            TokenStyle::Plain => {
                out.push_str(self.anchor());
                value(out);
            }
            TokenStyle::SingleQuoted => {
                out.push_str(self.anchor());
                out.push('\'');
                value(out);
                out.push('\'');
            }
            TokenStyle::DoubleQuoted => {
                out.push('"');
                value(out);
                out.push('"');
            }
            TokenStyle::Block(block) => {
                out.extend(std::iter::repeat_n(' ', block.indent));
                value(out);
                out.push_str(yaml::source::line_break(self.source()));
            }
        }
    }

    /// The YAML anchor that stays in front of a token.
    fn anchor(&self) -> &'a str {
        match self.format {
            Format::Yaml => yaml::source::anchor_before(self.source()),
            _ => "",
        }
    }

    /// The bytes to keep for a value so that its spelling comes back: the source text if Go reads
    /// the same value from it, otherwise the canonical form. `scratch` is a buffer that calls can
    /// share.
    pub fn plaintext<'v>(&self, value: &'v Value<'_>, scratch: &mut String) -> &'v [u8]
    where
        'a: 'v,
    {
        if value.kind == Type::Str {
            return &value.bytes;
        }
        let source = self.source();
        if source.as_bytes() == &*value.bytes {
            return &value.bytes;
        }
        scratch.clear();
        self.spell(&value.bytes, value, scratch);
        let reads_the_same = || {
            canonical::canonical(value.kind, source.as_bytes())
                .is_some_and(|read| read == value.bytes)
        };
        if scratch != source && reads_the_same() {
            return source.as_bytes();
        }
        &value.bytes
    }

    /// Appends a value as it is written in this slot. `plaintext` is what
    /// [`plaintext`](Self::plaintext) returned for it, `value` has its canonical form.
    pub fn spell(&self, plaintext: &[u8], value: &Value<'_>, out: &mut String) -> Spelled {
        match self.format {
            Format::Yaml => return self.spell_yaml(plaintext, value, out),
            Format::Json | Format::Binary => self.spell_json(plaintext, value, out),
            Format::Dotenv => dotenv::spell(out, Some(value)),
            Format::Ini => self.spell_ini(value, out),
        }
        Spelled::InPlace
    }

    fn spell_ini(&self, value: &Value<'_>, out: &mut String) {
        let in_quotes = match self.style {
            TokenStyle::SingleQuoted => ini::spell::spell_in_quotes(out, value, '\''),
            TokenStyle::DoubleQuoted => ini::spell::spell_in_quotes(out, value, '"'),
            _ => false,
        };
        if !in_quotes {
            ini::spell::spell(out, Some(value));
        }
    }

    fn spell_json(&self, plaintext: &[u8], value: &Value<'_>, out: &mut String) {
        if let (Type::Int | Type::Float, Ok(text)) = (value.kind, str::from_utf8(plaintext))
            && plaintext != &*value.bytes
            && serde_json::from_str::<serde_json::Number>(text).is_ok()
            && json::number(text).is_some_and(|read| read == *value)
        {
            out.push_str(text);
        } else if json::emit::spell(out, Some(value)).is_err() {
            // The value is an infinity, which cannot come from a JSON document.
            json::emit::spell_string(out, &String::from_utf8_lossy(&value.bytes));
        }
    }

    fn spell_yaml(&self, plaintext: &[u8], value: &Value<'_>, out: &mut String) -> Spelled {
        let text = str::from_utf8(plaintext).ok();
        if let Some(text) = text
            && let Some(spelled) = self.spell_in_style(text, value, out)
        {
            return spelled;
        }
        let container = match (self.flow, self.around.kind) {
            (true, _) => ParentKind::Flow,
            (_, Collection::Mapping) => ParentKind::Mapping,
            (_, Collection::Sequence) => ParentKind::Sequence,
        };
        // Without branches, so that one instruction checks many bytes.
        let is_one_line = value
            .bytes
            .iter()
            .fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
        let context = ScalarContext {
            container,
            // Only values on several lines depend on the column. A flow collection may be one long
            // line, which must not be counted for every value.
            column: match container {
                ParentKind::Flow => 0,
                _ if is_one_line => 0,
                _ => yaml::source::column(self.text, self.around.start),
            },
            step: yaml::emit::DEFAULT_STEP,
        };
        let start = out.len();
        let joins = |text: &str| {
            let chomping = Chomping::of(text);
            text.contains('\n') && self.following().join(chomping, context.content_column())
        };
        if let Some(text) = text.filter(|text| !is_one_line && joins(text))
            && restyle(out, text, Type::Str, None, SourceStyle::DoubleQuoted)
        {
            return Spelled::WholeScalar {
                comment_at: out.len() - start,
            };
        }
        let style = match text {
            // The plaintext of a string is its value.
            Some(text) if value.kind == Type::Str => spell_string(out, text, context),
            _ => spell(out, Some(value), context),
        };
        match (self.style, style) {
            (_, SpelledForm::MultiLine { first_line_end }) => Spelled::WholeScalar {
                comment_at: first_line_end - start,
            },
            (TokenStyle::Block(_), SpelledForm::Line) => Spelled::WholeScalar {
                comment_at: out.len() - start,
            },
            (_, SpelledForm::Line) => Spelled::InPlace,
        }
    }

    /// Spells `text` in the style of this slot; `None` if that style cannot hold it, or if the
    /// usual spelling already has that style.
    fn spell_in_style(&self, text: &str, value: &Value<'_>, out: &mut String) -> Option<Spelled> {
        let kind = value.kind;
        if kind != Type::Str {
            // A plaintext that is not canonical is the spelling of the source.
            let is_source = text.as_bytes() != &*value.bytes;
            let written = is_source && restyle(out, text, kind, None, SourceStyle::Plain);
            return written.then_some(Spelled::InPlace);
        }
        let style = match self.style {
            TokenStyle::Plain => return None,
            TokenStyle::SingleQuoted if self.flow => return None,
            TokenStyle::SingleQuoted => SourceStyle::SingleQuoted,
            TokenStyle::DoubleQuoted => SourceStyle::DoubleQuoted,
            TokenStyle::Block(block) => {
                let chomping = block.spell(text, self.following(), out)?;
                return Some(match block.says(chomping) {
                    true => Spelled::InPlace,
                    false => Spelled::UnderHeader(chomping),
                });
            }
        };
        restyle(out, text, kind, None, style).then_some(Spelled::InPlace)
    }
}

/// The destination of a value that [`ScalarSlot::spell`] spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spelled {
    /// In [`ScalarSlot::range`].
    InPlace,
    /// Like [`InPlace`](Self::InPlace), with another chomping indicator in the header of the block
    /// scalar.
    UnderHeader(Chomping),
    /// In place of the whole scalar, including the header of a block scalar.
    WholeScalar {
        /// A comment on the scalar's line goes after this many bytes of the spelling.
        comment_at: usize,
    },
}
