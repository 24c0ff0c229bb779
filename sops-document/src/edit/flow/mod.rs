//! Edits flow collections, whose parts are separated by commas. JSON consists of them.

mod remove;
mod style;

use std::ops::Range;

pub(super) use self::remove::remove;
use self::style::FlowStyle;
use super::scalar;
use super::site::{Site, content_end, has_brackets, last_child};
use super::text_edits::{Anchor, TextEdits};
use crate::Item;
use crate::error::Result;
use crate::tree::Node;
use crate::yaml::lexical::skip_space_and_comments;

/// Replaces the node at `site` with `new`.
pub(super) fn replace(
    site: &Site,
    new: &Node,
    anchor: Anchor<'_>,
    edits: &mut TextEdits<'_, '_>,
) -> Result<()> {
    edits.remove_properties(site, new, anchor);
    if let (Node::Scalar(Some(value)), Anchor::Keep | Anchor::Drop) = (new, anchor)
        && scalar::replace(site, value, edits)
    {
        return Ok(());
    }
    let mut written = String::new();
    if let Anchor::Add(name) = anchor {
        written = format!("&{name} ");
    }
    let style = FlowStyle::of(edits.document, site.container, site.entry);
    style.write(&mut written, new)?;
    if !site.content.is_empty() {
        edits.replace(site.content.clone(), written);
        return Ok(());
    }
    let (text, at) = (edits.text(), site.content.end);
    let blanks = text[at..].len() - text[at..].trim_start_matches([' ', '\t']).len();
    let closed = text[at + blanks..].starts_with([',', ']', '}']);
    let end = if closed { at + blanks } else { at };
    let lead = if site.indicator.is_some() { " " } else { ": " };
    edits.replace(at..end, format!("{lead}{written}"));
    Ok(())
}

/// Appends an entry or item to the flow collection at `container`.
pub(super) fn append(
    container: usize,
    key: Option<&str>,
    value: &Node,
    edits: &mut TextEdits<'_, '_>,
) -> Result<()> {
    let (document, text) = (edits.document, edits.text());
    let Item::Open { span, .. } = &document.tape[container] else {
        return Ok(());
    };
    let span = span.range();
    if document.children(container).next().is_none() {
        return append_first(container, span, key, value, edits);
    }
    let last = last_child(document, container);
    let style = FlowStyle::of(document, container, Site::of(document, last).entry);
    let mut written = String::new();
    style.write_entry(&mut written, key, value)?;
    let end = content_end(document, last);
    let separator = style.separators.comma;
    if !has_brackets(document, container) {
        // A pair in a sequence needs braces once it has two entries.
        edits.insert(span.start, "{");
        edits.insert(end, format!("{separator}{written}}}"));
        return Ok(());
    }
    let comma = skip_space_and_comments(text, end);
    let comma = text[comma..].starts_with(',').then_some(comma + 1);
    // Go's YAML library would take a `:` directly before a comma as part of the key.
    let gap = if text[..end].ends_with(':') { " " } else { "" };
    match (&style.lines, comma) {
        (Some(lines), comma) => {
            let bracket = span.end - 1;
            let at = text[..bracket].trim_end().len();
            if comma.is_none() {
                edits.insert(end, format!("{gap},"));
            }
            let close = if comma.is_some() { "," } else { "" };
            edits.insert(at, format!("{}{written}{close}", lines.entry));
        }
        (None, Some(comma)) => edits.insert(comma, format!("{}{written},", &separator[1..])),
        (None, None) => edits.insert(end, format!("{gap}{separator}{written}")),
    }
    Ok(())
}

/// Writes the first entry or item of the empty collection at `container`.
fn append_first(
    container: usize,
    span: Range<usize>,
    key: Option<&str>,
    value: &Node,
    edits: &mut TextEdits<'_, '_>,
) -> Result<()> {
    let inner = span.start + 1..span.end - 1;
    let style = FlowStyle::of_first(edits.document, container);
    let mut written = String::new();
    style.write_entry(&mut written, key, value)?;
    if !edits.text()[inner.clone()].trim().is_empty() {
        // The collection contains comments, the last of which ends with a line break.
        edits.insert(inner.end, written);
    } else if let Some(lines) = &style.lines {
        edits.replace(inner, format!("{}{written}{}", lines.entry, lines.close));
    } else {
        edits.replace(inner, written);
    }
    Ok(())
}
