//! Replaces the value of a node in a block collection.

use std::ops::Range;

use super::{header_comment, is_block_collection, outer_comments, value_end};
use crate::Collection;
use crate::edit::layout::{BlockLayout, has_entries, indent, needs_line_break};
use crate::edit::scalar;
use crate::edit::site::Site;
use crate::edit::text_edits::{Anchor, TextEdits};
use crate::tree::Node;
use crate::yaml::lexical::begins_line;
use crate::yaml::source;

/// Replaces the node at `site` with `new`.
pub(in crate::edit) fn replace(
    site: &Site,
    new: &Node,
    anchor: Anchor<'_>,
    edits: &mut TextEdits<'_, '_>,
) {
    edits.remove_properties(site, new, anchor);
    if let (Node::Scalar(Some(value)), Anchor::Keep | Anchor::Drop) = (new, anchor)
        && scalar::replace(site, value, edits)
    {
        return;
    }
    let text = edits.text();
    let extent = site.content.start..value_end(edits.document, site);
    let replacement = BlockReplacement {
        site,
        new,
        anchor: match anchor {
            Anchor::Add(name) => Some(format!("&{name}")),
            Anchor::Keep | Anchor::Drop => None,
        },
        layout: BlockLayout::of(edits, site.container).above(text, extent.end),
        extent,
    };
    let own_line = begins_line(text, site.content.start) && !site.content.is_empty();
    match (has_entries(new), own_line) {
        (true, true) => replacement.block_in_place(edits),
        (true, false) => replacement.block_after_indicator(edits),
        (false, true) if is_block_collection(edits.document, site.node) => {
            replacement.collapse(edits);
        }
        (false, _) => replacement.inline(edits),
    }
}

/// Replaces `{}` at the top of a document with `new`.
pub(in crate::edit) fn replace_top(
    extent: Range<usize>,
    new: &Node,
    edits: &mut TextEdits<'_, '_>,
) {
    let text = edits.text();
    let layout = BlockLayout::of(edits, 0).above(text, extent.end);
    let mut written = String::new();
    let mut start = extent.start;
    if !begins_line(text, extent.start) {
        written.push('\n');
        start = text[..start].trim_end_matches([' ', '\t']).len();
    }
    layout.write_block(&mut written, new, 0);
    let line_end = source::line_end(text, extent.end);
    if line_end == text.len() && needs_line_break(new) {
        written.push('\n');
    }
    let (first, rest) = split_lines(&written);
    edits.replace(start..extent.end, first);
    edits.insert(line_end, layout.with_breaks(rest));
}

/// Splits off the first line. The rest begins with a line break.
fn split_lines(text: &str) -> (&str, &str) {
    text.split_at(text.find('\n').unwrap_or(text.len()))
}

struct BlockReplacement<'s> {
    site: &'s Site,
    new: &'s Node,
    /// The anchor of the new node.
    anchor: Option<String>,
    /// The range of the old value.
    extent: Range<usize>,
    layout: BlockLayout,
}

impl BlockReplacement<'_> {
    /// Writes a collection on its own lines in place of a value.
    fn block_in_place(&self, edits: &mut TextEdits<'_, '_>) {
        let text = edits.text();
        let (outer, inner) = (
            self.site.column(text),
            source::column(text, self.extent.start),
        );
        let in_mapping = self.site.kind == Collection::Mapping;
        let sequence = matches!(self.new, Node::Sequence(_));
        // A sequence may be in the same column as its key, a mapping may not.
        let fits = inner > outer || inner == outer && sequence && in_mapping;
        let column = if fits {
            inner
        } else {
            self.layout.content_column(self.site.kind, outer, self.new)
        };
        let mut lines = String::new();
        indent(&mut lines, column);
        self.layout.write_block(&mut lines, self.new, column);
        let extent = source::line_start(text, self.extent.start)..self.extent.end;
        if is_block_collection(edits.document, self.site.node) {
            edits.replace(extent, self.layout.with_breaks(&lines));
        } else {
            self.put(&lines, extent, edits);
        }
        if let Some(anchor) = &self.anchor {
            edits.insert(self.site.properties.end, format!(" {anchor}"));
        }
    }

    /// Writes a collection in place of a value that begins on the line of its indicator.
    fn block_after_indicator(&self, edits: &mut TextEdits<'_, '_>) {
        let text = edits.text();
        let site = self.site;
        let mut lines = String::new();
        // The value goes directly after the `-` of an item, if there is nothing else.
        if site.kind == Collection::Sequence
            && site.properties.is_empty()
            && self.anchor.is_none()
            && !site.content.is_empty()
        {
            let column = source::column(text, site.content.start);
            self.layout.write_block(&mut lines, self.new, column);
            return self.put(&lines, self.extent.clone(), edits);
        }
        if let Some(anchor) = &self.anchor {
            lines.push(' ');
            lines.push_str(anchor);
        }
        let column = self
            .layout
            .content_column(site.kind, site.column(text), self.new);
        lines.push('\n');
        indent(&mut lines, column);
        self.layout.write_block(&mut lines, self.new, column);
        let blanks = text[site.properties.end..self.extent.start]
            .trim()
            .is_empty();
        let start = if blanks {
            site.properties.end
        } else {
            self.extent.start
        };
        self.put(&lines, start..self.extent.end, edits);
    }

    /// Writes a scalar or an empty collection in place of a value on the line of its indicator.
    fn inline(&self, edits: &mut TextEdits<'_, '_>) {
        let text = edits.text();
        let mut extent = self.extent.clone();
        let mut written = self.inline_value(text);
        if self.site.content.is_empty() {
            // The value is an omitted null, so there may be no space after the indicator.
            written.insert(0, ' ');
            let line_end = source::line_end(text, extent.end);
            if text[extent.end..line_end].trim().is_empty() {
                extent.end = line_end;
            }
        }
        self.put(&written, extent, edits);
    }

    /// Writes a scalar or an empty collection after the indicator, in place of a block collection
    /// on its own lines.
    fn collapse(&self, edits: &mut TextEdits<'_, '_>) {
        let text = edits.text();
        let written = self.inline_value(text);
        let (first, rest) = split_lines(&written);
        let at = self.site.properties.end;
        edits.insert(at, format!(" {first}"));
        let line_end = source::line_end(text, at);
        edits.insert(line_end, self.layout.with_breaks(rest));
        let mut done = line_end;
        for comment in outer_comments(text, self.site).filter(|comment| comment.start > line_end) {
            let line = source::line_start(text, comment.start);
            edits.remove(done..line - source::line_break(&text[..line]).len());
            done = comment.end;
        }
        edits.remove(done..self.extent.end);
    }

    fn inline_value(&self, text: &str) -> String {
        let mut written = String::new();
        if let Some(anchor) = &self.anchor {
            written.push_str(anchor);
            written.push(' ');
        }
        let column = self.site.column(text);
        self.layout
            .write_inline(&mut written, self.new, self.site.kind, column);
        written
    }

    /// Replaces `extent` with the first line of `written`. The other lines go below the line in
    /// which `extent` ends, after its comment.
    fn put(&self, written: &str, extent: Range<usize>, edits: &mut TextEdits<'_, '_>) {
        let text = edits.text();
        let (first, rest) = split_lines(written);
        let mut first = first.to_owned();
        if let Some(comment) = header_comment(edits.document, self.site) {
            first.push(' ');
            first.push_str(&text[comment]);
        }
        let line_end = source::line_end(text, extent.end);
        edits.replace(extent, first);
        let mut rest = self.layout.with_breaks(rest);
        if line_end == text.len() && needs_line_break(self.new) && !rest.is_empty() {
            rest.push_str(self.layout.line_break);
        }
        edits.insert(line_end, rest);
    }
}
