//! Changes in block collections, where lines and columns tell what belongs together.

use std::ops::Range;

use super::layout::{Layout, has_open_end, indent, is_block_collection, needs_line_break};
use super::site::{
    Site, begins_line, content_end, innermost_last, last_child, next, previous, trailing_comment,
};
use super::{Anchor, Changes, scalar};
use crate::document::yaml::source;
use crate::document::{Collection, Document, Item, Style};
use crate::tree::{Entry, Node};

/// Puts `new` in the place of a node in a block collection.
pub(super) fn replace(
    document: &Document<'_>,
    site: &Site,
    new: &Node,
    anchor: Anchor<'_>,
    changes: &mut Changes,
) {
    let text = document.text;
    changes.properties(document, site, new, anchor);
    let layout = Layout::of(document, site.container);
    let column = site.column(text);
    let is_block = is_block_collection(new) && !has_open_end(new);
    let old_is_block = matches!(document.tape[site.node], Item::Open { flow: false, .. });
    if let (Node::Scalar(Some(value)), Anchor::Keep | Anchor::Drop) = (new, anchor)
        && scalar::replace(document, site, value, changes)
    {
        return;
    }
    let extent = site.content.start..if old_is_block {
        inner_end(text, site.content.end, column)
    } else {
        site.content.end
    };
    let own_line = site.on_own_line(text) && !extent.is_empty();
    let inner = source::column(text, site.content.start);
    let mut written = Written::default();
    if let Anchor::Add(name) = anchor {
        written.first = format!("&{name}");
    }
    match (is_block, own_line) {
        // Where the old content stands, if that column will do.
        (true, true) => {
            let sequence = matches!(new, Node::Sequence(_));
            let fits =
                inner > column || inner == column && sequence && site.kind == Collection::Mapping;
            let inner = if fits {
                inner
            } else {
                layout.content_column(site.kind, column, new)
            };
            let mut lines = String::new();
            indent(&mut lines, inner);
            layout.write_block(&mut lines, new, inner);
            let line_start = source::line_start(text, extent.start);
            if old_is_block {
                changes.replace(line_start..extent.end, layout.with_breaks(&lines));
            } else {
                let (first, rest) = lines.split_once('\n').unwrap_or((&lines, ""));
                let rest = if rest.is_empty() {
                    String::new()
                } else {
                    format!("\n{rest}")
                };
                let written = Written {
                    first: first.to_owned(),
                    rest,
                };
                written.put(
                    document,
                    site,
                    line_start..extent.end,
                    &layout,
                    new,
                    changes,
                );
            }
            if let Anchor::Add(name) = anchor {
                changes.replace(
                    site.properties.end..site.properties.end,
                    format!(" &{name}"),
                );
            }
        }
        // Behind the `-` of an item, if nothing else is there.
        (true, false)
            if site.kind == Collection::Sequence
                && site.properties.is_empty()
                && !matches!(anchor, Anchor::Add(_))
                && !extent.is_empty() =>
        {
            layout.write_block(&mut written.first, new, inner);
            written.split();
            written.put(document, site, extent, &layout, new, changes);
        }
        (true, false) => {
            let inner = layout.content_column(site.kind, column, new);
            written.rest.push('\n');
            indent(&mut written.rest, inner);
            layout.write_block(&mut written.rest, new, inner);
            let from = site.properties.end;
            let blanks = |from: usize, to: usize| text[from..to].trim().is_empty();
            let start = if blanks(from, extent.start) {
                from
            } else {
                extent.start
            };
            if !written.first.is_empty() {
                written.first.insert(0, ' ');
            }
            written.put(document, site, start..extent.end, &layout, new, changes);
        }
        (false, own_line) => {
            if !written.first.is_empty() {
                written.first.push(' ');
            }
            layout.write_inline(&mut written.first, new, site.kind, column);
            written.split();
            if own_line && old_is_block {
                collapse(document, site, extent, &layout, written, changes);
            } else if extent.is_empty() {
                written.first.insert(0, ' ');
                let line_end = source::line_end(text, extent.end);
                let blank = text[extent.end..line_end].trim().is_empty();
                let end = if blank { line_end } else { extent.end };
                written.put(document, site, extent.start..end, &layout, new, changes);
            } else {
                written.put(document, site, extent, &layout, new, changes);
            }
        }
    }
}

/// What is written for a value: behind the indicator, and in the lines below with the `\n` before them.
#[derive(Default)]
struct Written {
    first: String,
    rest: String,
}

impl Written {
    /// Moves what follows the first line of `first` to `rest`.
    fn split(&mut self) {
        if let Some(at) = self.first.find('\n') {
            self.rest.insert_str(0, &self.first[at..]);
            self.first.truncate(at);
        }
    }

    /// Puts the first line in the place of `extent` and the others below the line, behind its comment.
    fn put(
        mut self,
        document: &Document<'_>,
        site: &Site,
        extent: Range<usize>,
        layout: &Layout,
        new: &Node,
        changes: &mut Changes,
    ) {
        let text = document.text;
        // The comment of a block scalar's header is within the content.
        if let Some(comment) = header_comment(document, site) {
            self.first.push(' ');
            self.first.push_str(&text[comment]);
        }
        let line_end = source::line_end(text, extent.end);
        changes.replace(extent, std::mem::take(&mut self.first));
        if line_end == text.len() && needs_line_break(new) && !self.rest.is_empty() {
            self.rest.push('\n');
        }
        changes.replace(line_end..line_end, layout.with_breaks(&self.rest));
    }
}

/// Writes a value behind the indicator of an entry whose block collection, on lines of its own, goes.
fn collapse(
    document: &Document<'_>,
    site: &Site,
    extent: Range<usize>,
    layout: &Layout,
    written: Written,
    changes: &mut Changes,
) {
    let text = document.text;
    let at = site.properties.end;
    changes.replace(at..at, format!(" {}", written.first));
    let line_end = source::line_end(text, at);
    changes.replace(line_end..line_end, layout.with_breaks(&written.rest));
    remove_lines(
        text,
        outer_comments(text, site, line_end),
        line_end,
        extent.end,
        changes,
    );
}

/// Takes the text from the end of one line to the end of another out, but for comments that stay on lines of their own.
fn remove_lines(
    text: &str,
    kept: Vec<Range<usize>>,
    from: usize,
    to: usize,
    changes: &mut Changes,
) {
    let mut done = from;
    for comment in kept {
        let line = source::line_start(text, comment.start);
        let before = line - source::line_break(&text[..line]).len();
        changes.replace(done..before.max(done), String::new());
        done = comment.end;
    }
    changes.replace(done..to, String::new());
}

/// The comments between a site's indicator and its block collection that do not belong to the collection, being no deeper
/// than the entry, from offset `from` on.
fn outer_comments(text: &str, site: &Site, from: usize) -> Vec<Range<usize>> {
    let column = site.column(text);
    let outer = |comment: &&Range<usize>| {
        comment.start >= from && source::column(text, comment.start) <= column
    };
    site.properties
        .comments
        .iter()
        .filter(outer)
        .cloned()
        .collect()
}

/// The end of a block collection whose last content ends at `end`, with the comments that belong to it: the one behind the
/// content, and those below it that are deeper than `column`.
fn inner_end(text: &str, end: usize, column: usize) -> usize {
    comments_end(text, source::line_end(text, end), column + 1)
}

/// The end of the last line, from the line end at `end` on, that is a comment in `column` or deeper; nothing but blank lines
/// lies between.
fn comments_end(text: &str, end: usize, column: usize) -> usize {
    let (mut last, mut at) = (end, end);
    loop {
        let start = source::after_break(text, at);
        if start == at {
            return last;
        }
        at = source::line_end(text, start);
        let line = text[start..at].trim_start();
        let indentation = at - start - line.len();
        if line.starts_with('#') && indentation >= column {
            last = at;
        } else if !line.is_empty() {
            return last;
        }
    }
}

/// The comment in the header of a block scalar.
fn header_comment(document: &Document<'_>, site: &Site) -> Option<Range<usize>> {
    let Item::Leaf(leaf) = &document.tape[site.node] else {
        return None;
    };
    if !matches!(leaf.style, Style::Literal | Style::Folded) {
        return None;
    }
    let start = leaf.span.range().start;
    let indicators = source::header(document.source(leaf.span)).indicators();
    trailing_comment(document.text, start + indicators.len())
}

/// Appends an entry or item to the block collection at `container`.
pub(super) fn append(
    document: &Document<'_>,
    container: usize,
    key: Option<&str>,
    value: &Node,
    changes: &mut Changes,
) {
    let text = document.text;
    let last = last_child(document, container);
    let site = Site::of(document, last);
    let layout = Layout::of(document, container);
    let column = site.column(text);
    let content = content_end(document, last);
    let end = comments_end(text, source::line_end(text, content), column);
    close_block_scalar(document, last, content, changes);
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
    changes.replace(end..end, layout.with_breaks(&lines));
}

/// Writes the top mapping of a document that is empty.
pub(super) fn create(document: &Document<'_>, at: usize, value: &Node, changes: &mut Changes) {
    let text = document.text;
    let layout = Layout::of(document, 0);
    let mut lines = String::new();
    let begins_line = begins_line(text, at)
        && source::line_start(text, at) <= at
        && (at == 0 || text[..at].ends_with(['\n', '\r', '\u{feff}']));
    if !begins_line {
        lines.push('\n');
    }
    layout.write_block(&mut lines, value, 0);
    if begins_line || needs_line_break(value) && at == text.len() {
        lines.push('\n');
    }
    changes.replace(at..at, layout.with_breaks(&lines));
}

/// Puts `new` in the place of `{}` at the top of a document.
pub(super) fn replace_top(
    document: &Document<'_>,
    extent: Range<usize>,
    new: &Node,
    changes: &mut Changes,
) {
    let text = document.text;
    let layout = Layout::of(document, 0);
    let mut lines = String::new();
    if !begins_line(text, extent.start) {
        lines.push('\n');
    }
    layout.write_block(&mut lines, new, 0);
    let line_end = source::line_end(text, extent.end);
    let (first, rest) = lines.split_at(lines.find('\n').unwrap_or(lines.len()));
    let end = if line_end == text.len() && needs_line_break(new) {
        "\n"
    } else {
        ""
    };
    changes.replace(
        source::line_start(text, extent.start)
            .max(text[..extent.start].trim_end_matches([' ', '\t']).len())..extent.end,
        first.to_owned(),
    );
    changes.replace(
        line_end..line_end,
        layout.with_breaks(&format!("{rest}{end}")),
    );
}

/// A block scalar at the end of the text without a line break would get one more when lines follow.
fn close_block_scalar(document: &Document<'_>, last: usize, content: usize, changes: &mut Changes) {
    let Item::Leaf(leaf) = &document.tape[innermost_last(document, last)] else {
        return;
    };
    let open =
        matches!(leaf.style, Style::Literal | Style::Folded) && content == document.text.len();
    if !open || document.source(leaf.span).ends_with(['\n', '\r']) {
        return;
    }
    let indicators = source::header(document.source(leaf.span)).indicators();
    let start = leaf.span.range().start;
    let mut closed = indicators.replace(['+', '-'], "");
    closed.push('-');
    changes.replace(start..start + indicators.len(), closed);
}

/// Takes an entry or item out of its block collection; the last one leaves `{}` or `[]`.
pub(super) fn remove(document: &Document<'_>, site: &Site, changes: &mut Changes) {
    let text = document.text;
    let extent = Extent::of(document, site);
    let (before, behind) = (previous(document, site.node), next(document, site.node));
    let layout = Layout::of(document, site.container);
    if before.is_none() && behind.is_none() {
        let empty = if site.kind == Collection::Mapping {
            "{}"
        } else {
            "[]"
        };
        return remove_only(document, site, extent, empty, &layout, changes);
    }
    let behind = match behind {
        Some(behind) if !begins_line(text, site.entry) => behind,
        _ => return extent.take_lines(document, site, &layout, changes),
    };
    // The first entry stands behind the `-` of an item: the second one moves there.
    let second = Site::of(document, behind).entry;
    let between = &text[source::line_end(text, extent.end).min(second)..second];
    if extent.kept.is_empty() && between.trim().is_empty() {
        changes.replace(site.entry..second, String::new());
    } else {
        let kept = extent.kept_lines(text, site.column(text), &layout);
        let start = if kept.is_empty() {
            text[..site.entry].trim_end_matches([' ', '\t']).len()
        } else {
            site.entry
        };
        changes.replace(start..extent.end, kept);
    }
}

/// What goes with an entry: from its begin to the end of its last line.
struct Extent {
    start: usize,
    end: usize,
    /// The comments that SOPS, to which they are no part of the value, would keep.
    kept: Vec<Range<usize>>,
}

impl Extent {
    fn of(document: &Document<'_>, site: &Site) -> Self {
        let text = document.text;
        let column = site.column(text);
        let old_is_block = matches!(document.tape[site.node], Item::Open { flow: false, .. });
        let properties = site.properties.comments.iter().cloned();
        if old_is_block {
            let indicator_end = source::line_end(text, site.indicator.unwrap_or(site.entry));
            let kept = properties
                .filter(|comment| {
                    comment.start < indicator_end || source::column(text, comment.start) <= column
                })
                .collect();
            return Self {
                start: site.entry,
                end: inner_end(text, site.content.end, column),
                kept,
            };
        }
        let mut kept: Vec<_> = properties.collect();
        kept.extend(
            header_comment(document, site).or_else(|| trailing_comment(text, site.content.end)),
        );
        Self {
            start: site.entry,
            end: source::line_end(text, site.content.end),
            kept,
        }
    }

    /// The kept comments, each on a line of its own, the first not indented.
    fn kept_lines(&self, text: &str, column: usize, layout: &Layout) -> String {
        let mut lines = String::new();
        for comment in &self.kept {
            if !lines.is_empty() {
                lines.push('\n');
                indent(&mut lines, column);
            }
            lines.push_str(&text[comment.clone()]);
        }
        layout.with_breaks(&lines)
    }

    /// Takes the lines of an entry that begins its line.
    fn take_lines(
        &self,
        document: &Document<'_>,
        site: &Site,
        layout: &Layout,
        changes: &mut Changes,
    ) {
        let text = document.text;
        if !self.kept.is_empty() {
            let kept = self.kept_lines(text, site.column(text), layout);
            return changes.replace(self.start..self.end, kept);
        }
        let mut start = source::line_start(text, self.start);
        if text[start..].starts_with('\u{feff}') {
            start += '\u{feff}'.len_utf8();
        }
        let mut end = source::after_break(text, self.end);
        match block_scalar_before(document, site.node) {
            // Blank lines behind would become part of its value.
            Some(scalar) if scalar.keeps && scalar.end == start => {
                let blank = text[end..].len() - text[end..].trim_start().len();
                end = source::line_start(text, end + blank).max(end);
            }
            // Its line break is part of its value.
            Some(_) => {}
            // The last line had no line break, so the one before it is to have none.
            None if end == self.end => start -= source::line_break(&text[..start]).len(),
            None => {}
        }
        changes.replace(start..end, String::new());
    }
}

/// The block scalar that the node before another ends in.
struct BlockScalar {
    /// Whether all line breaks at its end are part of its value.
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

/// Takes the only entry out of a collection, which becomes `empty`.
fn remove_only(
    document: &Document<'_>,
    site: &Site,
    extent: Extent,
    empty: &str,
    layout: &Layout,
    changes: &mut Changes,
) {
    let text = document.text;
    let top = matches!(
        document.tape[super::site::container(document, site.container)],
        Item::Document { .. }
    );
    let own_line = begins_line(text, site.entry);
    if !top && own_line {
        let outer = Site::of(document, site.container);
        let at = outer.properties.end;
        changes.replace(at..at, format!(" {empty}"));
        return extent.take_lines(document, site, layout, changes);
    }
    let mut written = empty.to_owned();
    let kept = extent.kept_lines(text, site.column(text), layout);
    if !kept.is_empty() {
        written.push(' ');
        written.push_str(&kept);
    }
    changes.replace(extent.start..extent.end, written);
}

impl Layout {
    /// The text with the file's line breaks.
    fn with_breaks(&self, text: &str) -> String {
        match self.line_break {
            "\n" => text.to_owned(),
            other => text.replace('\n', other),
        }
    }
}
