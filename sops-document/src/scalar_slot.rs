//! How the text around a scalar decides what an encrypted value looks like there and what a decrypted one does.

use std::ops::Range;

use crate::canonical;
use crate::format::Format;
use crate::value::{Type, Value};
use crate::yaml::restyle::{self, spell_in_style};
use crate::yaml::spell::{self, Container, spell};
use crate::{Collection, Document, Leaf, Style, dotenv, ini, json, yaml};

/// The style that stays in the file around a value while it is encrypted.
#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// A block scalar: its header's line, and how many columns its content is indented.
    Block {
        header: &'a str,
        indent: usize,
    },
}

/// The container that a scalar stands in: its kind, and where it begins in the text.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// Its kind.
    pub kind: Collection,
    /// The offset that it begins at.
    pub start: usize,
}

/// A place for a scalar.
#[derive(Clone, Copy, Debug)]
pub struct ScalarSlot<'a> {
    format: Format,
    form: Form<'a>,
    flow: bool,
    around: Surroundings,
    text: &'a str,
    span: (usize, usize),
}

impl<'a> ScalarSlot<'a> {
    /// The place that a plaintext leaf has once it is encrypted.
    pub fn of_value(document: &Document<'a>, leaf: &Leaf<'_>, around: Surroundings) -> Self {
        let form = match (document.format, leaf.style, leaf.flow) {
            (Format::Json, ..) | (_, Style::DoubleQuoted, _) => Form::DoubleQuoted,
            // A plain scalar of a flow collection cannot hold brackets and commas, so quotes stand for it.
            (_, Style::Plain | Style::SingleQuoted | Style::Tagged, true)
            | (_, Style::SingleQuoted, false) => Form::SingleQuoted,
            (_, Style::Plain | Style::Tagged, false) => Form::Plain,
            (_, Style::Literal | Style::Folded, _) => block_form(document.source(leaf.span), leaf),
        };
        Self::new(document, leaf, around, form)
    }

    /// Where [`ScalarSlot::range`] begins for a plaintext leaf: a comment behind a block's header, if that stays, stands before it.
    pub fn start_of_value(document: &Document<'_>, leaf: &Leaf<'_>) -> usize {
        let start = leaf.span.range().start;
        match leaf.style {
            Style::Literal | Style::Folded => match block_form(document.source(leaf.span), leaf) {
                Form::Block { header, .. } => start + header.len(),
                _ => start,
            },
            _ => start,
        }
    }

    /// The place that an encrypted leaf has.
    pub fn of_token(document: &Document<'a>, leaf: &Leaf<'_>, around: Surroundings) -> Self {
        let form = match leaf.style {
            Style::Plain | Style::Tagged => Form::Plain,
            Style::SingleQuoted => Form::SingleQuoted,
            Style::DoubleQuoted => Form::DoubleQuoted,
            Style::Literal | Style::Folded => block_form(document.source(leaf.span), leaf),
        };
        Self::new(document, leaf, around, form)
    }

    fn new(document: &Document<'a>, leaf: &Leaf<'_>, around: Surroundings, form: Form<'a>) -> Self {
        let span = leaf.span.range();
        Self {
            format: document.format,
            form,
            flow: leaf.flow,
            around,
            text: document.text,
            span: (span.start, span.end),
        }
    }

    /// What of the text the value takes the place of: all of the scalar, but for the header of a block that stays.
    pub fn range(&self) -> Range<usize> {
        let (start, end) = self.span;
        match self.form {
            Form::Block { header, .. } => start + header.len()..end,
            // A block scalar that cannot stay one ends its line, which what takes its place must not.
            _ if self.format == Format::Yaml => {
                start..end - yaml::source::line_break(&self.text[start..end]).len()
            }
            _ => start..end,
        }
    }

    /// The source text that the value takes the place of.
    pub fn source(&self) -> &'a str {
        &self.text[self.range()]
    }

    /// Writes an encrypted value in this form.
    pub fn write_token(&self, out: &mut String, value: impl FnOnce(&mut String)) {
        match self.form {
            Form::Plain => {
                out.push_str(self.anchor());
                value(out);
            }
            Form::SingleQuoted => {
                out.push_str(self.anchor());
                out.push('\'');
                value(out);
                out.push('\'');
            }
            Form::DoubleQuoted => {
                out.push('"');
                value(out);
                out.push('"');
            }
            Form::Block { indent, .. } => {
                out.extend(std::iter::repeat_n(' ', indent));
                value(out);
                out.push_str(yaml::source::line_break(self.source()));
            }
        }
    }

    /// The anchor of YAML that stays before an encrypted value.
    fn anchor(&self) -> &'a str {
        match self.format {
            Format::Yaml => yaml::source::anchor_before(self.source()),
            _ => "",
        }
    }

    /// What to encrypt for a value so that its spelling comes back: the source text where Go reads the same value from it, otherwise the
    /// canonical form. `scratch` is a buffer that calls can share.
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

    /// Writes a decrypted value as it is spelled here unless a kept spelling says otherwise. `plaintext` is what was
    /// encrypted, `value` its canonical form.
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
        let in_quotes = match self.form {
            Form::SingleQuoted => ini::spell::spell_in_quotes(out, value, '\''),
            Form::DoubleQuoted => ini::spell::spell_in_quotes(out, value, '"'),
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
            && self.spell_in_style(text, value.kind, style, out)
        {
            return Spelled::InPlace;
        }
        let container = match (self.flow, self.around.kind) {
            (true, _) => Container::Flow,
            (_, Collection::Mapping) => Container::Mapping,
            (_, Collection::Sequence) => Container::Sequence,
        };
        let place = spell::Place {
            container,
            // A flow collection may be one long line, which is not to be counted for every value.
            column: match container {
                Container::Flow => 0,
                _ => yaml::source::column(self.text, self.around.start),
            },
            step: yaml::emit::DEFAULT_STEP,
        };
        let start = out.len();
        let form = spell(out, Some(value), place);
        match (self.form, form) {
            (Form::Block { .. }, _) => Spelled::Anew {
                comment_at: out.len() - start,
            },
            (_, spell::Form::Block { header_end }) => Spelled::Anew {
                comment_at: header_end - start,
            },
            (_, spell::Form::Line) => Spelled::InPlace,
        }
    }

    /// The style in the file to try first; `None` where SOPS's own spelling is what the style stands for.
    fn style(&self, plaintext: &[u8], value: &Value<'_>) -> Option<restyle::Style<'a>> {
        if value.kind != Type::Str {
            // A plaintext that is not canonical is the source's own spelling.
            return (plaintext != &*value.bytes).then_some(restyle::Style::Plain);
        }
        match self.form {
            Form::Plain => None,
            Form::SingleQuoted if self.flow => None,
            Form::SingleQuoted => Some(restyle::Style::SingleQuoted),
            Form::DoubleQuoted => Some(restyle::Style::DoubleQuoted),
            Form::Block { header, indent } => Some(restyle::Style::Block {
                header: yaml::source::header(header).indicators(),
                column: indent,
            }),
        }
    }

    fn spell_in_style(
        &self,
        text: &str,
        kind: Type,
        style: restyle::Style<'_>,
        out: &mut String,
    ) -> bool {
        let start = out.len();
        if !spell_in_style(out, text, kind, None, style) {
            return false;
        }
        if let Form::Block { header, .. } = self.form
            && let newline @ ("\r\n" | "\r") = yaml::source::line_break(header)
        {
            let lines = out.split_off(start);
            out.push_str(&lines.replace('\n', newline));
        }
        true
    }
}

/// Where a decrypted value went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelled {
    /// Into [`ScalarSlot::range`].
    InPlace,
    /// It takes the place of the whole scalar, a block's header included; a comment behind the scalar belongs behind this
    /// many bytes of what was written.
    Anew {
        /// The offset in what was written.
        comment_at: usize,
    },
}

/// A block scalar keeps its header, unless nothing shows how its content is indented.
fn block_form<'a>(source: &'a str, leaf: &Leaf<'_>) -> Form<'a> {
    let header = yaml::source::header(source).line();
    let value = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
    let in_value = value.split(|byte| *byte == b'\n').find_map(leading_spaces);
    let content = &source.as_bytes()[header.len()..];
    // A carriage return alone ends a line too.
    let in_source = content
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .find_map(leading_spaces);
    match (in_source, in_value) {
        (Some(source), Some(value)) if source >= value => Form::Block {
            header,
            indent: source - value,
        },
        _ => Form::Plain,
    }
}

/// How many spaces a line begins with; `None` for one that is blank.
fn leading_spaces(line: &[u8]) -> Option<usize> {
    let blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    (!blank).then(|| line.iter().take_while(|byte| **byte == b' ').count())
}
