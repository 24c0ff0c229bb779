//! Adds an entry at the end of a block collection, or the first entry of a document.

use super::comments_end;
use crate::edit::layout::{BlockLayout, indent, needs_line_break};
use crate::edit::site::{Site, content_end, innermost_last, last_child};
use crate::edit::text_edits::TextEdits;
use crate::tree::{Entry, Node};
use crate::yaml::source;
use crate::{Item, Style};

/// Appends an entry or item to the block collection at `container`.
pub(in crate::edit) fn append(
    container: usize,
    key: Option<&str>,
    value: &Node,
    edits: &mut TextEdits<'_, '_>,
) {
    let (document, text) = (edits.document, edits.text());
    let last = last_child(document, container);
    let column = Site::of(document, last).column(text);
    let layout = BlockLayout::of(edits, container);
    let content = content_end(document, last);
    let end = comments_end(text, source::line_end(text, content), column);
    close_block_scalar(last, content, edits);
    let mut lines = String::from("\n");
    indent(&mut lines, column);
    match key {
        Some(key) => {
            let entry = Entry {
                key: key.to_owned(),
                value: value.clone(),
            };
            layout.write_entry(&mut lines, &entry, column);
        }
        None => layout.write_item(&mut lines, value, column),
    }
    if end == text.len() && needs_line_break(value) {
        lines.push('\n');
    }
    edits.insert(end, layout.with_breaks(&lines));
}

/// Writes the top mapping of an empty document at offset `at`.
pub(in crate::edit) fn create(at: usize, value: &Node, edits: &mut TextEdits<'_, '_>) {
    let text = edits.text();
    let layout = BlockLayout::of(edits, 0).above(text, at);
    let begins_line = at == 0 || text[..at].ends_with(['\n', '\r', '\u{feff}']);
    let mut lines = String::new();
    if !begins_line {
        lines.push('\n');
    }
    layout.write_block(&mut lines, value, 0);
    if begins_line || at == text.len() && needs_line_break(value) {
        lines.push('\n');
    }
    edits.insert(at, layout.with_breaks(&lines));
}

/// Makes a block scalar at the end of the text strip line breaks, if it lacks its last one: the
/// lines that follow would add a line break to the value.
fn close_block_scalar(last: usize, content: usize, edits: &mut TextEdits<'_, '_>) {
    let document = edits.document;
    let Item::Leaf(leaf) = &document.tape[innermost_last(document, last)] else {
        return;
    };
    let source = document.source(leaf.span);
    let is_open = matches!(leaf.style, Style::Literal | Style::Folded)
        && content == document.text.len()
        && !source.ends_with(['\n', '\r']);
    if is_open {
        let indicators = source::header(source).indicators();
        let start = leaf.span.range().start;
        let strip = indicators.replace(['+', '-'], "") + "-";
        edits.replace(start..start + indicators.len(), strip);
    }
}
