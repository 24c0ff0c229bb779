//! Removes an entry from a flow collection, with its comma and, if it is alone on a line, the line.

use super::style::line_break;
use crate::Item;
use crate::edit::site::{Site, content_end, has_brackets, next, previous};
use crate::edit::text_edits::TextEdits;
use crate::yaml::lexical::{begins_line, skip_space_and_comments, trailing_comment};
use crate::yaml::source;

/// Removes the entry or item at `site` from its flow collection.
pub(in crate::edit) fn remove(site: &Site, edits: &mut TextEdits<'_, '_>) {
    let (document, text) = (edits.document, edits.text());
    let end = site.content.end;
    if !has_brackets(document, site.container) {
        // A single pair that is an item of a sequence.
        return edits.replace(site.entry..end, "{}");
    }
    let kept = inner_comments(text, site);
    let (before, after) = (previous(document, site.node), next(document, site.node));
    if before.is_none() && after.is_none() && kept.is_empty() && leave_empty(site, edits) {
        return;
    }
    let comma = skip_space_and_comments(text, end);
    if !text[comma..].starts_with(',') {
        return match before {
            Some(before) => remove_last(site, content_end(document, before), kept, edits),
            None => edits.replace(site.entry..end, kept),
        };
    }
    let rest = text.len() - text[comma + 1..].trim_start_matches([' ', '\t']).len();
    let line_ends = text[rest..].is_empty() || text[rest..].starts_with(['\n', '\r']);
    let own_line = begins_line(text, site.entry);
    if !kept.is_empty() || !text[end..comma].trim().is_empty() {
        // Comments before the comma stay where they are.
        edits.replace(site.entry..end, kept);
        edits.remove(comma..comma + 1);
    } else if own_line && line_ends {
        let line = source::line_start(text, site.entry);
        edits.remove(line..source::after_break(text, rest));
    } else if !own_line && before.is_some() && (line_ends || after.is_none()) {
        let start = text[..site.entry].trim_end_matches([' ', '\t']).len();
        edits.remove(start..comma + 1);
    } else if line_ends {
        edits.remove(site.entry..text.len() - text[rest..].trim_start().len());
    } else {
        edits.remove(site.entry..rest);
    }
}

/// Removes everything between the brackets around the only entry. Returns `false` if there are
/// comments.
fn leave_empty(site: &Site, edits: &mut TextEdits<'_, '_>) -> bool {
    let (document, text) = (edits.document, edits.text());
    let Item::Open { span, .. } = &document.tape[site.container] else {
        return false;
    };
    let inner = span.range().start + 1..span.range().end - 1;
    let after = text[site.content.end..inner.end].trim();
    let is_blank = text[inner.start..site.entry].trim().is_empty() && matches!(after, "" | ",");
    if is_blank {
        edits.remove(inner);
    }
    is_blank
}

/// Removes the last entry, which no comma follows. The entry before it ends at `before`.
fn remove_last(site: &Site, before: usize, kept: String, edits: &mut TextEdits<'_, '_>) {
    let text = edits.text();
    let end = site.content.end;
    let comma = skip_space_and_comments(text, before);
    if text[comma + 1..site.entry].trim().is_empty() && kept.is_empty() {
        return edits.remove(comma..end);
    }
    // Only YAML has comments. It would allow the comma to stay, but that would look odd.
    edits.remove(comma..comma + 1);
    match trailing_comment(text, end) {
        Some(comment) => edits.replace(site.entry..comment.start, kept),
        None if begins_line(text, site.entry) && kept.is_empty() => {
            let line = source::line_start(text, site.entry);
            edits.remove(line - source::line_break(&text[..line]).len()..end);
        }
        None => edits.replace(site.entry..end, kept),
    }
}

/// The comments between the key and the value of an entry, each with a line break. They move to
/// where the entry began.
fn inner_comments(text: &str, site: &Site) -> String {
    let mut kept = String::new();
    let is_inner = |comment: &&std::ops::Range<usize>| comment.start > site.entry;
    for comment in site.properties.comments.iter().filter(is_inner) {
        if kept.is_empty() && !text[..site.entry].ends_with([' ', '\t', '\n']) {
            kept.push(' ');
        }
        kept.push_str(&text[comment.clone()]);
        kept.push_str(line_break(text));
    }
    kept
}
