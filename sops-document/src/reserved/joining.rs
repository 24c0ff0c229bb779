//! Blank lines after a reserved entry that would become part of a block scalar before it.

use std::ops::Range;

use crate::blank_lines::width;
use crate::block_scalar::BlockScalar;
use crate::document::Document;
use crate::format::Format;
use crate::tape::{Item, Leaf, Style};
use crate::yaml::source::{after_break, header, line_end};

/// The end of the lines after a reserved entry that would become part of the block scalar before
/// it, or else the end of the entry.
pub(super) fn joining_end(document: &Document<'_>, index: usize, entry: &Range<usize>) -> usize {
    let Some(Item::Document { close, .. }) = document.tape.get(index) else {
        return entry.end;
    };
    let text = document.text;
    let next = &text[entry.end..line_end(text, entry.end)];
    if document.format != Format::Yaml || entry.end == text.len() || width(next).is_none() {
        return entry.end;
    }
    let content_end = text[..entry.start].trim_end().len();
    let is_before = |leaf: &Leaf<'_>| {
        let Range { start, end } = leaf.span.range();
        let is_block = matches!(leaf.style, Style::Literal | Style::Folded);
        is_block
            && end <= entry.start
            && end.max(start + header(&text[start..]).len()) >= content_end
    };
    let leaf = document.tape[index..*close as usize]
        .iter()
        .rev()
        .find_map(|item| match item {
            Item::Leaf(leaf) if is_before(leaf) => Some(leaf),
            _ => None,
        });
    let Some(leaf) = leaf else { return entry.end };
    let header = header(&text[leaf.span.range().start..]);
    let column = match BlockScalar::of_token(document, leaf) {
        Some(block) => block.indent,
        // Without content, only an indicator says where it would be.
        None => {
            let indicator = header
                .indicators()
                .chars()
                .find_map(|sign| sign.to_digit(10));
            indicator.map_or(usize::MAX, |columns| columns as usize)
        }
    };
    let (mut at, mut joined) = (entry.end, entry.end);
    while at < text.len() {
        let end = line_end(text, at);
        let Some(width) = width(&text[at..end]) else {
            break;
        };
        at = after_break(text, end);
        if header.keeps() || width > column {
            joined = at;
        }
    }
    joined
}
