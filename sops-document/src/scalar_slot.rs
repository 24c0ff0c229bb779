//! The place of a scalar in the text: what a token looks like there, and how the value is written
//! when it comes back.

use std::ops::Range;

use crate::format::Format;
use crate::value::{Type, Value};
use crate::yaml::restyle::{SourceStyle, restyle};
use crate::yaml::spell::{ParentKind, ScalarContext, SpelledForm, spell};
use crate::{Collection, Document, Leaf, Style, canonical, dotenv, ini, json, yaml};

/// The style that stays in the file while a token replaces the value.
#[derive(Clone, Copy, Debug)]
enum TokenStyle<'a> {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// A block scalar: the line of its header, and the columns that its content is indented by.
    Block {
        header: &'a str,
        indent: usize,
    },
}

/// The container that a scalar is in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Surroundings {
    /// Whether it is a mapping or a sequence.
    pub kind: Collection,
    /// The offset in bytes where it begins.
    pub start: usize,
}

/// The place of a scalar, in which a program exchanges the value for a token (text in one line
/// without quotes, backslashes or `: `) and back.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ScalarSlot<'a> {
    format: Format,
    style: TokenStyle<'a>,
    flow: bool,
    around: Surroundings,
    text: &'a str,
    span: (usize, usize),
}

impl<'a> ScalarSlot<'a> {
    /// The slot of a value that is in the text as it is.
    pub fn of_value(document: &Document<'a>, leaf: &Leaf<'_>, around: Surroundings) -> Self {
        let style = match (document.format, leaf.style, leaf.flow) {
            (Format::Json, ..) | (_, Style::DoubleQuoted, _) => TokenStyle::DoubleQuoted,
            // A plain scalar of a flow collection cannot hold brackets and commas, so a token gets quotes there.
            (_, Style::Plain | Style::SingleQuoted | Style::Tagged, true)
            | (_, Style::SingleQuoted, false) => TokenStyle::SingleQuoted,
            (_, Style::Plain | Style::Tagged, false) => TokenStyle::Plain,
            (_, Style::Literal | Style::Folded, _) => block_style(document.source(leaf.span), leaf),
        };
        Self::new(document, leaf, around, style)
    }

    /// The start of [`range`](Self::range) for a value that is in the text as it is. If the header
    /// of a block scalar stays, a comment on that line comes before this offset.
    pub fn start_of_value(document: &Document<'_>, leaf: &Leaf<'_>) -> usize {
        let start = leaf.span.range().start;
        match leaf.style {
            Style::Literal | Style::Folded => match block_style(document.source(leaf.span), leaf) {
                TokenStyle::Block { header, .. } => start + header.len(),
                _ => start,
            },
            _ => start,
        }
    }

    /// The slot of a value that a token has replaced.
    pub fn of_token(document: &Document<'a>, leaf: &Leaf<'_>, around: Surroundings) -> Self {
        let style = match leaf.style {
            Style::Plain | Style::Tagged => TokenStyle::Plain,
            Style::SingleQuoted => TokenStyle::SingleQuoted,
            Style::DoubleQuoted => TokenStyle::DoubleQuoted,
            Style::Literal | Style::Folded => block_style(document.source(leaf.span), leaf),
        };
        Self::new(document, leaf, around, style)
    }

    fn new(
        document: &Document<'a>,
        leaf: &Leaf<'_>,
        around: Surroundings,
        style: TokenStyle<'a>,
    ) -> Self {
        let span = leaf.span.range();
        Self {
            format: document.format,
            style,
            flow: leaf.flow,
            around,
            text: document.text,
            span: (span.start, span.end),
        }
    }

    /// The range of the text that is exchanged: the whole scalar, except the header of a block
    /// scalar that stays.
    pub fn range(&self) -> Range<usize> {
        let (start, end) = self.span;
        match self.style {
            TokenStyle::Block { header, .. } => start + header.len()..end,
            // A block scalar that cannot stay one ends its line, which what takes its place must not.
            _ if self.format == Format::Yaml => {
                start..end - yaml::source::line_break(&self.text[start..end]).len()
            }
            _ => start..end,
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
            TokenStyle::Block { indent, .. } => {
                out.extend(std::iter::repeat_n(' ', indent));
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
            // An infinity, which no JSON document can have held.
            json::emit::spell_string(out, &String::from_utf8_lossy(&value.bytes));
        }
    }

    fn spell_yaml(&self, plaintext: &[u8], value: &Value<'_>, out: &mut String) -> Spelled {
        if let Some(style) = self.style(plaintext, value)
            && let Ok(text) = str::from_utf8(plaintext)
            && self.restyle(text, value.kind, style, out)
        {
            return Spelled::InPlace;
        }
        let container = match (self.flow, self.around.kind) {
            (true, _) => ParentKind::Flow,
            (_, Collection::Mapping) => ParentKind::Mapping,
            (_, Collection::Sequence) => ParentKind::Sequence,
        };
        let place = ScalarContext {
            container,
            // A flow collection may be one long line, which is not to be counted for every value.
            column: match container {
                ParentKind::Flow => 0,
                _ => yaml::source::column(self.text, self.around.start),
            },
            step: yaml::emit::DEFAULT_STEP,
        };
        let start = out.len();
        let style = spell(out, Some(value), place);
        match (self.style, style) {
            (TokenStyle::Block { .. }, _) => Spelled::WholeScalar {
                comment_at: out.len() - start,
            },
            (_, SpelledForm::MultiLine { first_line_end }) => Spelled::WholeScalar {
                comment_at: first_line_end - start,
            },
            (_, SpelledForm::Line) => Spelled::InPlace,
        }
    }

    /// The style to try first; `None` if the usual spelling is already in that style.
    fn style(&self, plaintext: &[u8], value: &Value<'_>) -> Option<SourceStyle<'a>> {
        if value.kind != Type::Str {
            // A plaintext that is not canonical is the source's own spelling.
            return (plaintext != &*value.bytes).then_some(SourceStyle::Plain);
        }
        match self.style {
            TokenStyle::Plain => None,
            TokenStyle::SingleQuoted if self.flow => None,
            TokenStyle::SingleQuoted => Some(SourceStyle::SingleQuoted),
            TokenStyle::DoubleQuoted => Some(SourceStyle::DoubleQuoted),
            TokenStyle::Block { header, indent } => Some(SourceStyle::Block {
                header: yaml::source::header(header).indicators(),
                column: indent,
            }),
        }
    }

    fn restyle(&self, text: &str, kind: Type, style: SourceStyle<'_>, out: &mut String) -> bool {
        let start = out.len();
        if !restyle(out, text, kind, None, style) {
            return false;
        }
        if let TokenStyle::Block { header, .. } = self.style
            && let newline @ ("\r\n" | "\r") = yaml::source::line_break(header)
        {
            let lines = out.split_off(start);
            out.push_str(&lines.replace('\n', newline));
        }
        true
    }
}

/// Where a value belongs that [`ScalarSlot::spell`] has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spelled {
    /// In [`ScalarSlot::range`].
    InPlace,
    /// In place of the whole scalar, including the header of a block scalar.
    WholeScalar {
        /// A comment on the scalar's line goes after this many bytes of what was written.
        comment_at: usize,
    },
}

/// A block scalar keeps its header, unless nothing shows how far its content is indented.
fn block_style<'a>(source: &'a str, leaf: &Leaf<'_>) -> TokenStyle<'a> {
    let header = yaml::source::header(source).line();
    let value = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
    let in_value = value.split(|byte| *byte == b'\n').find_map(leading_spaces);
    let content = &source.as_bytes()[header.len()..];
    // A carriage return alone ends a line too.
    let in_source = content
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .find_map(leading_spaces);
    match (in_source, in_value) {
        (Some(source), Some(value)) if source >= value => TokenStyle::Block {
            header,
            indent: source - value,
        },
        _ => TokenStyle::Plain,
    }
}

/// How many spaces a line begins with; `None` for one that is blank.
fn leading_spaces(line: &[u8]) -> Option<usize> {
    let blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    (!blank).then(|| line.iter().take_while(|byte| **byte == b' ').count())
}
