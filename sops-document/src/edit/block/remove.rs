//! Removes an entry from a block collection, with its lines.

use std::ops::Range;

use super::{header_comment, is_block_collection, outer_comments, value_end};
use crate::edit::layout::{BlockLayout, indent};
use crate::edit::site::{Site, container, innermost_last, next, previous};
use crate::edit::text_edits::TextEdits;
use crate::yaml::lexical::{begins_line, trailing_comment};
use crate::yaml::source;
use crate::{Collection, Document, Item, Style};

/// Removes the entry or item at `site` from its block collection. Removing the last one leaves `{}`
/// or `[]`.
pub(in crate::edit) fn remove(site: &Site, edits: &mut TextEdits<'_, '_>) {
    let document = edits.document;
    let removal = Removal::of(site, edits);
    match (previous(document, site.node), next(document, site.node)) {
        (None, None) => removal.leave_empty(edits),
        // The first entry follows the `-` of an item; the second one moves there.
        (None, Some(second)) if !begins_line(document.text, site.entry) => {
            removal.move_up(Site::of(document, second).entry, edits);
        }
        _ => removal.take_lines(edits),
    }
}

/// The text that is removed with an entry: everything from its start to the end of its last line,
/// except some comments.
struct Removal<'s> {
    site: &'s Site,
    extent: Range<usize>,
    /// The comments that Go's library does not assign to the value, which stay. Each is on its own
    /// line; the first is not indented.
    kept: String,
}

impl<'s> Removal<'s> {
    fn of(site: &'s Site, edits: &TextEdits<'_, '_>) -> Self {
        let (document, text) = (edits.document, edits.text());
        let end = source::line_end(text, value_end(document, site));
        let comments: Vec<_> = if is_block_collection(document, site.node) {
            outer_comments(text, site).collect()
        } else {
            let below =
                header_comment(document, site).or_else(|| trailing_comment(text, site.content.end));
            site.properties
                .comments
                .iter()
                .cloned()
                .chain(below)
                .collect()
        };
        let mut kept = String::new();
        for comment in comments {
            if !kept.is_empty() {
                kept.push('\n');
                indent(&mut kept, site.column(text));
            }
            kept.push_str(&text[comment]);
        }
        let kept = BlockLayout::of(edits, site.container).with_breaks(&kept);
        Self {
            site,
            extent: site.entry..end,
            kept,
        }
    }

    /// Removes an entry that begins its line.
    fn take_lines(self, edits: &mut TextEdits<'_, '_>) {
        if !self.kept.is_empty() {
            return edits.replace(self.extent, self.kept);
        }
        let text = edits.text();
        let mut start = source::line_start(text, self.extent.start);
        if text[start..].starts_with('\u{feff}') {
            start += '\u{feff}'.len_utf8();
        }
        let mut end = source::after_break(text, self.extent.end);
        match block_scalar_before(edits.document, self.site.node) {
            // Otherwise, the blank lines below would become part of its value.
            Some(scalar) if scalar.keeps && scalar.end == start => {
                let blank = text[end..].len() - text[end..].trim_start().len();
                end = source::line_start(text, end + blank).max(end);
            }
            // The line break before the entry is part of its value.
            Some(_) => {}
            // The last line had no line break, so the new last line gets none either.
            None if end == self.extent.end => {
                start -= source::line_break(&text[..start]).len();
            }
            None => {}
        }
        edits.remove(start..end);
    }

    /// Removes the first of several entries that follow a `-`. The entry at `second` comes next.
    fn move_up(self, second: usize, edits: &mut TextEdits<'_, '_>) {
        let text = edits.text();
        let between = &text[self.extent.end.min(second)..second];
        if !self.kept.is_empty() {
            edits.replace(self.extent, self.kept);
        } else if between.trim().is_empty() {
            edits.remove(self.extent.start..second);
        } else {
            let start = text[..self.extent.start]
                .trim_end_matches([' ', '\t'])
                .len();
            edits.remove(start..self.extent.end);
        }
    }

    /// Removes the only entry, which makes the collection empty.
    fn leave_empty(self, edits: &mut TextEdits<'_, '_>) {
        let (document, text) = (edits.document, edits.text());
        let empty = match self.site.kind {
            Collection::Mapping => "{}",
            Collection::Sequence => "[]",
        };
        let around = container(document, self.site.container);
        let is_top = matches!(document.tape[around], Item::Document { .. });
        if !is_top && begins_line(text, self.site.entry) {
            let collection = Site::of(document, self.site.container);
            edits.insert(collection.properties.end, format!(" {empty}"));
            return self.take_lines(edits);
        }
        let separator = if self.kept.is_empty() { "" } else { " " };
        edits.replace(self.extent, format!("{empty}{separator}{}", self.kept));
    }
}

/// The block scalar that ends the previous node.
struct BlockScalar {
    /// Whether all trailing line breaks are part of its value.
    keeps: bool,
    end: usize,
}

fn block_scalar_before(document: &Document<'_>, node: usize) -> Option<BlockScalar> {
    match &document.tape[innermost_last(document, previous(document, node)?)] {
        Item::Leaf(leaf) if matches!(leaf.style, Style::Literal | Style::Folded) => {
            Some(BlockScalar {
                keeps: source::header(document.source(leaf.span)).keeps(),
                end: leaf.span.range().end,
            })
        }
        _ => None,
    }
}
