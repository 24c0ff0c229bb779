//! Blank lines that become part of a block scalar before them, among them those that follow it only
//! once a reserved entry is removed.

use std::ops::Range;

use crate::block_scalar::BlockScalar;
use crate::document::{Document, ReservedEntry};
use crate::format::Format;
use crate::tape::{Item, Leaf, Style};
use crate::yaml::source::{Chomping, after_break, header, line_end};

/// The blank lines after a scalar.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlankLines {
    any: bool,
    /// The number of columns in the widest line.
    width: usize,
}

impl BlankLines {
    /// The lines that follow a scalar in block style that ends at `end`, without reserved entries.
    pub(crate) fn after(document: &Document<'_>, end: usize) -> Self {
        let text = document.text;
        let mut lines = Self::default();
        let mut at = match text[..end].ends_with(['\n', '\r']) {
            true => end,
            false => after_break(text, line_end(text, end)),
        };
        while at < text.len() {
            let end = line_end(text, at);
            if let Some(width) = width(&text[at..end]) {
                lines.any = true;
                lines.width = lines.width.max(width);
                at = after_break(text, end);
            } else if let Some(entry) = removed_at(document, at) {
                at = entry.end;
            } else {
                break;
            }
        }
        lines
    }

    /// Whether a block scalar would hold some of the lines, if its content is in `column`.
    pub(crate) fn join(self, chomping: Chomping, column: usize) -> bool {
        self.width > column || self.any && chomping == Chomping::Keep
    }
}

/// The end of the lines after a reserved entry that would become part of the block scalar before
/// it; the end of the entry if there are none.
pub(crate) fn joining_end(document: &Document<'_>, index: usize, entry: &Range<usize>) -> usize {
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

/// The reserved entry that starts at `at` and is removed as a whole.
fn removed_at(document: &Document<'_>, at: usize) -> Option<Range<usize>> {
    let reserved: &[ReservedEntry] = &document.reserved;
    let found = reserved.binary_search_by_key(&at, |reserved| reserved.entry.start);
    let reserved = &reserved[found.ok()?];
    let stays = document.reserved_comment(reserved).is_some();
    (!stays && !reserved.entry.is_empty()).then(|| reserved.entry.clone())
}

/// How wide a blank line is; `None` if the line isn't blank. The line is content where this is more
/// than the column of the content, so a tab counts only after the spaces.
fn width(line: &str) -> Option<usize> {
    let after_spaces = line.trim_start_matches(' ');
    let spaces = line.len() - after_spaces.len();
    let is_blank = after_spaces.trim_matches([' ', '\t']).is_empty();
    is_blank.then_some(spaces + usize::from(!after_spaces.is_empty()))
}
