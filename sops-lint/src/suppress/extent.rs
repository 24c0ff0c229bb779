//! Determines the part of the text that a comment above a line applies to: the document, the list
//! item or the entry that begins on the line.

use std::collections::HashMap;
use std::iter;

use sops_document::{Document, NodeRef, Shape};

use crate::template;

/// The characters that end a line: in YAML, a carriage return alone does too. The empty line inside
/// CRLF has no effect.
pub(super) const BREAKS: [char; 2] = ['\n', '\r'];

/// For each line, by its start in the text, the end of the node that begins on it.
#[derive(Default)]
pub(super) struct Extents {
    ends: HashMap<usize, usize>,
}

impl Extents {
    /// The extents of a YAML or JSON file; other files have none.
    pub(super) fn of(text: &str) -> Self {
        let filled = template::filled(text);
        let document = Document::parse_leniently(filled.as_deref().unwrap_or(text));
        let mut extents = Self::default();
        let Ok(document) = document else {
            return extents;
        };
        // The text may be one line with many nodes.
        let ends = text.match_indices(BREAKS).map(|(at, _)| at + 1);
        let lines: Vec<usize> = iter::once(0).chain(ends).collect();
        let mut open: Vec<_> = document.tops().flatten().collect();
        for top in &open {
            if top.shape() == Shape::Mapping {
                extents.add(&lines, top.span().start, *top);
            }
        }
        while let Some(node) = open.pop() {
            if node.origin().span() != node.span() {
                continue;
            }
            for item in node.items() {
                extents.add(&lines, item.span().start, item);
                open.push(item);
            }
            for (_, child) in node.entries() {
                extents.add(&lines, child.key_offset(), child);
                open.push(child);
            }
        }
        extents
    }

    /// The end of the largest node that begins on the line.
    pub(super) fn end(&self, line: usize) -> Option<usize> {
        self.ends.get(&line).copied()
    }

    /// Adds a node that begins at this position. `lines` has the starts of all lines.
    fn add(&mut self, lines: &[usize], start: usize, node: NodeRef<'_, '_>) {
        let line = lines.partition_point(|line| *line <= start);
        let Some(line) = line.checked_sub(1).map(|line| lines[line]) else {
            return;
        };
        let end = self.ends.entry(line).or_default();
        *end = node.span().end.max(*end);
    }
}
