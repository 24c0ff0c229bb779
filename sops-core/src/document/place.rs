//! How the text around a scalar decides what an encrypted value looks like there and what a decrypted one does.

use std::borrow::Cow;

use crate::document::{Document, Leaf, Style, json, yaml};
use crate::format::Format;
use crate::golang;
use crate::value::{Type, Value};

/// The style that stays in the file around a value while it is encrypted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form<'a> {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// A block scalar: its header's line, and how many columns its content is indented.
    Block {
        header: &'a str,
        indent: usize,
    },
}

/// A place for a scalar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) format: Format,
    pub(crate) form: Form<'a>,
    pub(crate) flow: bool,
    /// The whole source text and where the scalar's container begins in it, for the container's column.
    text: &'a str,
    container: usize,
}

impl<'a> Place<'a> {
    /// The place that a plaintext leaf has once it is encrypted.
    pub(crate) fn to_encrypt(document: &Document<'a>, leaf: &Leaf<'_>, container: usize) -> Self {
        let form = match (document.format, leaf.style, leaf.flow) {
            (Format::Json, ..) | (_, Style::DoubleQuoted, _) => Form::DoubleQuoted,
            // A plain scalar of a flow collection cannot hold brackets and commas, so quotes stand for it.
            (_, Style::Plain | Style::SingleQuoted | Style::Tagged, true)
            | (_, Style::SingleQuoted, false) => Form::SingleQuoted,
            (_, Style::Plain | Style::Tagged, false) => Form::Plain,
            (_, Style::Literal | Style::Folded, _) => block_form(document.source(leaf.span), leaf),
        };
        Self {
            format: document.format,
            form,
            flow: leaf.flow,
            text: document.text,
            container,
        }
    }

    /// The place that an encrypted leaf has.
    pub(crate) fn to_decrypt(document: &Document<'a>, leaf: &Leaf<'_>, container: usize) -> Self {
        let form = match leaf.style {
            Style::Plain | Style::Tagged => Form::Plain,
            Style::SingleQuoted => Form::SingleQuoted,
            Style::DoubleQuoted => Form::DoubleQuoted,
            Style::Literal | Style::Folded => block_form(document.source(leaf.span), leaf),
        };
        Self {
            format: document.format,
            form,
            flow: leaf.flow,
            text: document.text,
            container,
        }
    }

    /// Writes an encrypted value in this form.
    pub(crate) fn write_encrypted(
        &self,
        source: &str,
        out: &mut String,
        value: impl FnOnce(&mut String),
    ) {
        match self.form {
            Form::Plain => {
                out.push_str(yaml::source::anchor_before(source));
                value(out);
            }
            Form::SingleQuoted => {
                out.push_str(yaml::source::anchor_before(source));
                out.push('\'');
                value(out);
                out.push('\'');
            }
            Form::DoubleQuoted => {
                out.push('"');
                value(out);
                out.push('"');
            }
            Form::Block { header, indent } => {
                out.push_str(header);
                out.extend(std::iter::repeat_n(' ', indent));
                value(out);
                out.push_str(yaml::source::line_break(header));
            }
        }
    }

    /// Writes a decrypted value as it is spelled here unless a kept spelling says otherwise. `plaintext` is what was
    /// encrypted, `value` its canonical form.
    pub(crate) fn spell(&self, plaintext: &[u8], value: &Value<'_>, out: &mut String) {
        match self.format {
            Format::Json => json::emit::spell_decrypted(plaintext, value, out),
            Format::Yaml => self.spell_yaml(plaintext, value, out),
        }
    }

    fn spell_yaml(&self, plaintext: &[u8], value: &Value<'_>, out: &mut String) {
        if value.kind != Type::Str {
            if let Some(spelling) = own_spelling(plaintext, value) {
                out.push_str(spelling);
                return;
            }
        } else if let Ok(text) = std::str::from_utf8(&value.bytes)
            && yaml::spell::spell_in_form(self.form, self.flow, text, out)
        {
            return;
        }
        if self.flow {
            yaml::spell::spell_flow(value, out);
        } else {
            yaml::spell::spell(value, yaml::source::column(self.text, self.container), out);
        }
    }
}

/// The plaintext itself, where it is not the canonical form but YAML reads it as the same value.
fn own_spelling<'p>(plaintext: &'p [u8], value: &Value<'_>) -> Option<&'p str> {
    if plaintext == &*value.bytes {
        return None;
    }
    let text = std::str::from_utf8(plaintext).ok()?;
    let read = yaml::resolve::resolve(text, true, None).ok()??;
    (read == *value).then_some(text)
}

/// What to encrypt for a value so that its spelling comes back: the canonical form, or the source where Go reads it as the
/// same value.
pub(crate) fn plaintext<'v>(
    place: &Place<'_>,
    source: &'v str,
    value: &'v Value<'_>,
    scratch: &mut String,
) -> &'v [u8] {
    if value.kind == Type::Str {
        return &value.bytes;
    }
    scratch.clear();
    place.spell(&value.bytes, value, scratch);
    if scratch != source
        && golang::canonical(value.kind, source.as_bytes()) == Some(Cow::Borrowed(&value.bytes))
    {
        return source.as_bytes();
    }
    &value.bytes
}

/// A block scalar keeps its header, unless nothing shows how its content is indented.
fn block_form<'a>(source: &'a str, leaf: &Leaf<'_>) -> Form<'a> {
    let header = yaml::source::header(source).line();
    let value = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
    let in_value = value.split(|byte| *byte == b'\n').find_map(leading_spaces);
    let in_source = source.as_bytes()[header.len()..]
        .split(|byte| *byte == b'\n')
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
