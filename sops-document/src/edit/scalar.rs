//! Replaces a scalar and keeps its style: quotes stay quotes, and a block scalar stays a block
//! scalar.

use super::site::Site;
use super::text_edits::TextEdits;
use crate::format::Format;
use crate::value::{Type, Value};
use crate::yaml::restyle::{SourceStyle, restyle};
use crate::yaml::source;
use crate::{Item, Leaf, Style};

/// Replaces the scalar at `site` with `value`, in the style of the scalar. Returns `false` and
/// changes nothing if that style can't hold the value, or if the usual spelling of the value has
/// the same style anyway.
pub(super) fn replace(site: &Site, value: &Value<'_>, edits: &mut TextEdits<'_, '_>) -> bool {
    let document = edits.document;
    let (Item::Leaf(leaf), Type::Str, Ok(text), Format::Yaml) = (
        &document.tape[site.node],
        value.kind,
        str::from_utf8(&value.bytes),
        document.format,
    ) else {
        return false;
    };
    let style = match leaf.style {
        Style::SingleQuoted => SourceStyle::SingleQuoted,
        Style::DoubleQuoted => SourceStyle::DoubleQuoted,
        Style::Literal | Style::Folded => return replace_block(leaf, text, edits),
        Style::Plain | Style::Tagged => return false,
    };
    let mut written = String::new();
    let fits = restyle(&mut written, text, Type::Str, None, style);
    if fits {
        edits.replace(leaf.span.range(), written);
    }
    fits
}

/// Replaces a block scalar, whose indentation and comment stay. The chomping indicator changes if
/// the new text requires it.
fn replace_block(leaf: &Leaf<'_>, text: &str, edits: &mut TextEdits<'_, '_>) -> bool {
    let document = edits.document;
    let source = document.source(leaf.span);
    let header = source::header(source);
    let Some(column) = content_column(&source[header.len()..], leaf) else {
        return false;
    };
    let indicators = header.indicators();
    let clip = indicators.replace(['+', '-'], "");
    let strip = format!("{clip}-");
    let mut written = String::new();
    let spelled = [indicators, &clip, &strip].into_iter().find(|header| {
        let style = SourceStyle::Block { header, column };
        restyle(&mut written, text, Type::Str, None, style)
    });
    let Some(spelled) = spelled else {
        return false;
    };
    let start = leaf.span.range().start;
    edits.replace(start..start + indicators.len(), spelled);
    if !source.ends_with(['\n', '\r']) && !text.ends_with('\n') {
        written.truncate(written.trim_end_matches('\n').len());
    }
    if header.line().ends_with("\r\n") {
        written = written.replace('\n', "\r\n");
    }
    edits.replace(start + header.len()..leaf.span.range().end, written);
    true
}

/// The columns by which the lines of a block scalar are indented: the difference between the first
/// line that is not blank in the source and in the value.
fn content_column(content: &str, leaf: &Leaf<'_>) -> Option<usize> {
    let value = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
    let first = |text: &[u8]| {
        let spaces = |line: &[u8]| line.iter().take_while(|byte| **byte == b' ').count();
        text.split(|byte| *byte == b'\n')
            .find(|line| !line.trim_ascii().is_empty())
            .map(spaces)
    };
    first(content.as_bytes())?
        .checked_sub(first(value)?)
        .filter(|column| *column > 0)
}
