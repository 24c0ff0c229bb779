//! Edits block collections, whose structure follows from lines and columns.

mod append;
mod remove;
mod replace;

use std::ops::Range;

pub(super) use self::append::{append, create};
pub(super) use self::remove::remove;
pub(super) use self::replace::{replace, replace_top};
use super::site::Site;
use crate::yaml::lexical::trailing_comment;
use crate::yaml::source;
use crate::{Document, Item, Style};

fn is_block_collection(document: &Document<'_>, node: usize) -> bool {
    matches!(document.tape[node], Item::Open { flow: false, .. })
}

/// The end of the value at `site`. A block collection includes the comment after its last content
/// and the comments below that are indented deeper than the entry.
fn value_end(document: &Document<'_>, site: &Site) -> usize {
    if !is_block_collection(document, site.node) {
        return site.content.end;
    }
    let text = document.text;
    comments_end(
        text,
        source::line_end(text, site.content.end),
        site.column(text) + 1,
    )
}

/// The end of the last comment line below the line end at `end`, if the comments are in `column` or
/// deeper and only blank lines are between them.
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

/// The comment in the header of a block scalar, which is inside its content.
fn header_comment(document: &Document<'_>, site: &Site) -> Option<Range<usize>> {
    let Item::Leaf(leaf) = &document.tape[site.node] else {
        return None;
    };
    if !matches!(leaf.style, Style::Literal | Style::Folded) {
        return None;
    }
    let indicators = source::header(document.source(leaf.span)).indicators();
    trailing_comment(document.text, leaf.span.range().start + indicators.len())
}

/// The comments between the indicator of a block collection and its first entry that do not belong
/// to the collection: on the indicator's line, and those that are not deeper than the entry.
fn outer_comments(text: &str, site: &Site) -> impl Iterator<Item = Range<usize>> {
    let line_end = source::line_end(text, site.indicator.unwrap_or(site.entry));
    let column = site.column(text);
    let is_outer = move |comment: &&Range<usize>| {
        comment.start < line_end || source::column(text, comment.start) <= column
    };
    site.properties.comments.iter().filter(is_outer).cloned()
}
