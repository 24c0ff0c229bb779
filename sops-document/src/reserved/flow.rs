//! The reserved entry as a member of a flow mapping: in JSON, and in YAML between braces.
//!
//! It goes behind the last member. Comments that stand there stay before it, where SOPS finds them for what they were: then the
//! entry has a line for itself before the bracket.

use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::{Top, compact, pretty};
use crate::edit::lexical::skip_blanks;
use crate::edit::site::{content_end, last_child};
use crate::format::Format;
use crate::yaml::source;
use crate::{Document, Item, Style};

/// Where the entry goes.
struct Site {
    at: usize,
    /// A comma goes before it.
    comma: bool,
    /// It has a line for itself.
    own_line: bool,
}

impl Site {
    /// The site in the flow mapping whose `Open` is at `top` and which ends at `end`.
    fn of(document: &Document<'_>, top: usize, end: usize) -> Self {
        let text = document.text;
        let is_empty = document.children(top).next().is_none();
        let members_end = if is_empty {
            document.node_start(top) + 1
        } else {
            members_end(document, top)
        };
        let Some(between) = Between::of(text, members_end..end - 1) else {
            return Self {
                at: members_end,
                comma: !is_empty,
                own_line: false,
            };
        };
        // A comma behind the comments stays the last one; one before them is behind the last member.
        let behind = between.own_comma();
        Self {
            at: source::line_start(text, behind.unwrap_or(end - 1)),
            comma: !is_empty && (behind.is_some() || between.comma.is_none()),
            own_line: true,
        }
    }
}

/// Where the last member of the mapping at `top` ends.
fn members_end(document: &Document<'_>, top: usize) -> usize {
    let last = last_child(document, top);
    let end = content_end(document, last);
    match &document.tape[last] {
        // A comma directly behind a tag or a `:` would be part of the tag or the key.
        Item::Leaf(leaf) if leaf.span.range().is_empty() || leaf.style == Style::Tagged => {
            let rest = &document.text[end..];
            end + rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()
        }
        _ => end,
    }
}

/// What stands between two members, or between the last one and the bracket: comments, and a comma or none.
struct Between {
    comma: Option<usize>,
    /// Where the last comment begins.
    comment: usize,
}

impl Between {
    /// `None` where no comment is in the range.
    fn of(text: &str, range: Range<usize>) -> Option<Self> {
        let (mut comma, mut comment) = (None, None);
        let mut at = range.start;
        while at < range.end {
            match text.as_bytes()[at] {
                b',' => comma = Some(at),
                b'#' => {
                    comment = Some(at);
                    at = source::line_end(text, at);
                }
                _ => {}
            }
            at += 1;
        }
        comment.map(|comment| Self { comma, comment })
    }

    /// The comma, if it stands behind the comments.
    fn own_comma(&self) -> Option<usize> {
        self.comma.filter(|comma| *comma > self.comment)
    }
}

/// Where the text changes when the entry is put into the mapping.
pub(super) fn offset(document: &Document<'_>, top: usize, end: usize) -> usize {
    Site::of(document, top, end).at
}

/// Appends the entry of the flow mapping at the top of the document.
pub(super) fn insert(
    document: &Document<'_>,
    top: &Top,
    key: &str,
    tree: &Map<String, Json>,
    out: &mut String,
) {
    let span = &top.span;
    let site = Site::of(document, top.index, span.end);
    let inside = &document.text[span.start + 1..span.end - 1];
    // White space before the first member is what goes before this one too.
    let lead = &inside[..inside.len() - inside.trim_start_matches([' ', '\t', '\r', '\n']).len()];
    let indent = lead.rsplit(['\n', '\r']).next().unwrap_or_default();
    if site.own_line {
        out.push_str(if lead.len() > indent.len() {
            indent
        } else {
            ""
        });
        out.push_str(if site.comma { ", " } else { "" });
    } else if site.comma {
        out.push(',');
        out.push_str(lead);
    }
    let is_yaml = document.format == Format::Yaml;
    let multi_line = !is_yaml && lead.contains('\n') && site.comma;
    let value = if multi_line {
        pretty(tree, indent)
    } else {
        compact(tree)
    };
    out.push_str(&Json::from(key).to_string());
    out.push_str(if multi_line || is_yaml { ": " } else { ":" });
    if lead.contains("\r\n") {
        out.push_str(&value.replace('\n', "\r\n"));
    } else {
        out.push_str(&value);
    }
    if site.own_line {
        out.push_str(source::first_line_break(document.text));
    }
}

/// What to take out for the entry whose key is at `key` and whose value ends at `end`; what stands before it ends at `before`.
///
/// With the entry goes the comma before it or, where that belongs to what comes before or is none, the one behind it.
pub(crate) fn entry(text: &str, before: usize, key: usize, end: usize) -> Range<usize> {
    let Some(between) = Between::of(text, before..key) else {
        if let Some(comma) = text[before..key].find(',') {
            return before + comma..end;
        }
        return match comma_behind(text, end) {
            Some(comma) => key..text.len() - text[comma..].trim_start().len(),
            // Alone in a mapping it stands directly behind the brace, unless `sops` wrote it, which then spells `{}`.
            None if before < key => before..skip_white_space(text, end),
            None => before..end,
        };
    };
    let (start, end) = match between.own_comma() {
        Some(comma) => (comma, end),
        None => (key, comma_behind(text, end).unwrap_or(end)),
    };
    let line = source::line_start(text, start);
    let line_end = source::line_end(text, end);
    let is_line = text[line..start].trim().is_empty() && text[end..line_end].trim().is_empty();
    if is_line {
        line..source::after_break(text, line_end)
    } else {
        start..end
    }
}

/// Where the white space behind `at` ends.
fn skip_white_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t', '\r', '\n']).len()
}

/// The offset behind the comma that follows the entry that ends at `end`.
fn comma_behind(text: &str, end: usize) -> Option<usize> {
    let comma = skip_blanks(text, end);
    text[comma..].starts_with(',').then_some(comma + 1)
}
