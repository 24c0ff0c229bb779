//! Tabs before the text of a line that YAML 1.2 allows and Go's library rejects.
//!
//! In block collections, Go's library rejects tabs at the start of a line, even an empty line, and
//! after `-`, `?` and `:`. In a block scalar, it rejects them before a line has shown the
//! indentation. Tabs in a value that is encrypted don't matter.

use std::collections::HashSet;
use std::ops::Range;

use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::yaml::source;
use crate::{Document, Item, Leaf, Style};

/// Rejects a tab that Go's library rejects, if the tab stays in the file; `is_replaced` says
/// whether a token replaces an item of the tape.
pub(crate) fn refuse_foreign_tabs(
    document: &Document<'_>,
    is_replaced: impl Fn(usize, &Leaf<'_>) -> bool,
) -> Result<()> {
    let text = document.text;
    let part = &text[document.part()];
    if document.format != Format::Yaml || !part.contains('\t') {
        return Ok(());
    }
    let zones = zones(document, is_replaced);
    let comments: HashSet<usize> = document.comments().map(|range| range.start).collect();
    let (mut start, mut is_comment) = (document.part.start, false);
    for line in part.split_inclusive('\n') {
        let tab = leading_tab(line.as_bytes()).map(|tab| (start + tab, tab));
        let content = start + line.len() - line.trim_start().len();
        start += line.len();
        // A comment continues after tabs.
        let was_comment = std::mem::replace(&mut is_comment, comments.contains(&content));
        let Some((at, spaces)) = tab.filter(|_| !(was_comment && is_comment)) else {
            continue;
        };
        // A reserved entry goes before an incomplete line.
        let is_rest = line.trim_ascii().is_empty() && !line.ends_with('\n');
        let before = zones.partition_point(|zone| zone.range.start <= at);
        let is_allowed = zones[..before]
            .last()
            .is_some_and(|zone| zone.range.contains(&at) && spaces >= zone.indent);
        if is_rest || !is_allowed {
            return Err(Error::Unsupported {
                location: Location::of(text, at),
                message: "a tab at the start of a line, which Go's YAML library does not read here; indent with spaces, and leave blank lines empty"
                    .into(),
            });
        }
    }
    Ok(())
}

/// A part of the text in which a line may begin with a tab after this many spaces.
struct Zone {
    range: Range<usize>,
    indent: usize,
}

/// The zones, sorted by start; nested zones are omitted.
fn zones(document: &Document<'_>, is_replaced: impl Fn(usize, &Leaf<'_>) -> bool) -> Vec<Zone> {
    let text = document.text;
    let mut zones: Vec<Zone> = Vec::new();
    // The columns of the open block collections.
    let mut columns = Vec::new();
    for (index, item) in document.written_items() {
        let anywhere = |range| Zone { range, indent: 0 };
        let (zone, following) = match item {
            Item::Open { flow, span, .. } => {
                columns.push(source::column(text, span.range().start));
                (flow.then(|| anywhere(span.range())), None)
            }
            Item::Close { open } if matches!(document.tape[*open as usize], Item::Open { .. }) => {
                columns.pop();
                (None, None)
            }
            Item::Leaf(leaf) => {
                let range = leaf.span.range();
                // Every value is in a collection, at least in the mapping at the top level.
                let column = columns.last().copied().unwrap_or_default();
                let zone = match leaf.style {
                    Style::SingleQuoted | Style::DoubleQuoted => Some(anywhere(range.clone())),
                    Style::Literal | Style::Folded => content(text, range.clone(), column),
                    Style::Plain if !leaf.flow => Some(Zone {
                        range: range.clone(),
                        indent: column + 1,
                    }),
                    Style::Plain | Style::Tagged => None,
                };
                // Blank lines of a block scalar are content if they are indented like the content.
                let goes_on = !matches!(leaf.style, Style::SingleQuoted | Style::DoubleQuoted);
                let following = zone.as_ref().filter(|_| goes_on).map(|zone| Zone {
                    range: range.end..text.len() - text[range.end..].trim_ascii_start().len(),
                    indent: zone.indent,
                });
                let zone = match is_replaced(index, leaf) {
                    true => Some(anywhere(range)),
                    false => zone,
                };
                (zone, following)
            }
            _ => (None, None),
        };
        for zone in zone.into_iter().chain(following) {
            let end = zones.last().map_or(0, |last| last.range.end);
            if zone.range.start >= end {
                zones.push(zone);
            }
        }
    }
    zones
}

/// The lines of a block scalar after the first one that shows the indentation. The surrounding
/// collection is in the column `parent`.
fn content(text: &str, span: Range<usize>, parent: usize) -> Option<Zone> {
    let header = source::header(&text[span.clone()]);
    let mut start = span.start + header.len();
    if let Some(indicator) = header.indicators().chars().find_map(|c| c.to_digit(10)) {
        return Some(Zone {
            range: start..span.end,
            indent: parent + indicator as usize,
        });
    }
    text[start..span.end]
        .split_inclusive('\n')
        .find_map(|line| {
            start += line.len();
            let is_blank = line.trim_end_matches(['\n', '\r', ' ']).is_empty();
            (!is_blank).then(|| Zone {
                range: start..span.end,
                indent: line.len() - line.trim_start_matches(' ').len(),
            })
        })
}

/// The first tab before the text of a line, skipping the indicators of block collections.
fn leading_tab(line: &[u8]) -> Option<usize> {
    let is_blank = |at: usize| matches!(line.get(at), Some(b' ' | b'\t'));
    (0..line.len())
        .take_while(|at| match line[*at] {
            b'-' | b'?' | b':' => is_blank(at + 1),
            byte => matches!(byte, b' ' | b'\t'),
        })
        .find(|at| line[*at] == b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measured with `sops encrypt` 3.13.3, which rejects the documents in the first list and
    /// accepts those in the second.
    #[test]
    fn tabs_are_rejected_if_go_does_not_read_them() {
        let check = |text: &str| {
            let document =
                Document::parse(text, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
            refuse_foreign_tabs(&document, |_, _| false)
        };
        for text in [
            "a: 1\n\t\nb: 2\n",
            "a: 1\n\t# c\nb: 2\n",
            "a: 'x'\n  \t\n",
            "a: 1\n\t\n",
            // `sops` reads this text, but not with its metadata before the last line.
            "a: 1\n  \t",
            "a:\n-\tx\n",
            "? a\n:\tx\n",
            "k: |\n  \ttab\n",
            "k: |\n  x\n\t\nb: 1\n",
            "k: |\n  x\n \t\nb: 1\n",
            "a:\n  k: |2 # 1\n    x\n   \t\n  b: 1\n",
            "k: | # 2\n  \ttab\n",
        ] {
            assert!(check(text).is_err(), "{text:?}");
        }
        for text in [
            "a:\t1\nb: \t2\n",
            "a: 1\t# c\n",
            "a: {b: 1,\n\tc: 2}\n",
            "a: \"x\n\ty\"\n",
            "k: |2\n  \ttab\n",
            "k: |\n  x\n  \ttab\n",
            "k: |\n  x\n  \t\nb: 1\n",
            "k: >-\n  x\n\n   \t\n\n# c\nb: 1\n",
            "a:\n  k: |2\n    \tx\n    \t\n  b: 1\n",
            "a:\n  - k: |-2\n      x\n      \t\n    b: 1\n",
            "a: 1\n  \t\nb: 2\n",
            "a: x\n \ty\n",
            "# c\n\t# d\na: 1\n",
        ] {
            assert!(check(text).is_ok(), "{text:?}");
        }
    }
}
