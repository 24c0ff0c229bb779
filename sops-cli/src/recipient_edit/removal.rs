//! Removes a recipient from one list or string.

use sops_core::Document;
use sops_core::document::{NodeRef, Result, Shape};

use super::adding::{not_editable, path_of};
use super::occurrence::{Place, line_end, line_start, next_line, parts};

/// The text without the recipient.
pub(super) fn without_recipient(document: &Document<'_>, place: &Place<'_, '_>) -> Result<String> {
    let text = document.text();
    if place.count > 1 {
        return without_part(text, place.item.origin(), &place.found.recipient);
    }
    let is_list = place.field.shape() == Shape::Sequence;
    if is_list && place.field.items().count() > 1 {
        return match own_lines(text, place.item, "-") {
            Some(lines) if !place.item.is_aliased() => Ok(cut(text, lines)),
            _ => unset(document, place.item),
        };
    }
    // An empty list is not valid, so the key goes with the last recipient.
    let field = place.field;
    let key = field.key_offset();
    let lines = match is_list {
        true => list_lines(text, field, key),
        false => own_lines(text, field, "age:").or_else(|| own_lines(text, field, "pgp:")),
    };
    match lines {
        Some(lines) if !field.is_aliased() => Ok(cut(text, lines)),
        _ => unset(document, own_field(place)),
    }
}

/// The field in the mapping that has it, rather than where an alias leads.
fn own_field<'d, 'a>(place: &Place<'d, 'a>) -> NodeRef<'d, 'a> {
    let mut entries = place.holder.node.entries();
    let entry = entries.find(|(name, _)| *name == place.found.field);
    entry.map_or(place.field, |(_, node)| node)
}

fn unset(document: &Document<'_>, node: NodeRef<'_, '_>) -> Result<String> {
    let changed = document.unset(&path_of(node, None)?)?;
    String::from_utf8(changed.to_vec()).map_err(|_| not_editable())
}

/// The lines of a node that is alone on its line after `before`, with an optional comment.
fn own_lines(text: &str, node: NodeRef<'_, '_>, before: &str) -> Option<std::ops::Range<usize>> {
    let span = node.span();
    let start = line_start(text, span.start);
    if span.is_empty() || text[span.clone()].contains('\n') {
        return None;
    }
    // An anchor that no alias uses goes with its value.
    let head = text[start..span.start].trim().split_once('&');
    let head = head.map_or(text[start..span.start].trim(), |(head, _)| head.trim());
    let rest = text[span.end..line_end(text, span.end)].trim_start();
    let rest = match head {
        // The entry is in brackets that span several lines.
        "" => rest.strip_prefix(',').unwrap_or(rest).trim_start(),
        _ => rest,
    };
    let is_item = head.is_empty() && before == "-";
    let is_alone = (head == before || is_item) && (rest.is_empty() || rest.starts_with('#'));
    is_alone.then(|| start..next_line(text, span.end))
}

/// The lines of a key with a list of one item on the line below.
fn list_lines(text: &str, list: NodeRef<'_, '_>, key: usize) -> Option<std::ops::Range<usize>> {
    let item = own_lines(text, list.items().next()?, "-")?;
    let start = line_start(text, key);
    let head = text[start..line_end(text, key)].trim();
    let is_alone = head == "age:" || head == "pgp:";
    (is_alone && next_line(text, key) == item.start).then_some(start..item.end)
}

/// The text without a range. If the text has no line break at its end, the result has none either.
fn cut(text: &str, range: std::ops::Range<usize>) -> String {
    let before = &text[..range.start];
    let rest = &text[range.end..];
    if rest.is_empty() && !text.ends_with('\n') {
        return before.trim_end_matches(['\r', '\n']).to_owned();
    }
    [before, rest].concat()
}

/// The text without one of several recipients in a string, and without its comma.
fn without_part(text: &str, string: NodeRef<'_, '_>, recipient: &str) -> Result<String> {
    let span = string.span();
    let source = &text[span.clone()];
    let value = string.as_str().ok_or_else(not_editable)?;
    let mut ends = Vec::new();
    let mut from = 0;
    for part in parts(value) {
        let at = source[from..].find(part).ok_or_else(not_editable)? + from;
        from = at + part.len();
        ends.push((part, span.start + at, span.start + from));
    }
    let index = ends.iter().position(|(part, ..)| *part == recipient);
    let index = index.ok_or_else(not_editable)?;
    let range = match ends.get(index + 1) {
        Some((_, next, _)) => ends[index].1..*next,
        None => ends[index - 1].2..ends[index].2,
    };
    Ok([&text[..range.start], &text[range.end..]].concat())
}
