//! Reads mappings and sequences in braces and brackets.

use sops_document::Collection;

use super::reader::{NodeItem, Reader};
use super::{Container, Piece};
use crate::merge::layout::comma_after;

impl<'t> Reader<'_, 't> {
    /// A mapping or sequence in braces or brackets.
    pub(super) fn flow(
        &self,
        node: NodeItem,
        kind: Collection,
        from: usize,
        until: Option<usize>,
    ) -> (Container<'t>, usize) {
        let text = self.text;
        let span = self.span(node);
        let mut at = (span.start + 1).min(span.end);
        let open = &text[from..at];
        let mut entries: Vec<Piece<'t>> = Vec::new();
        let nodes = self.nodes(node.index + 1..node.next);
        let count = nodes.len();
        for (index, child) in nodes.into_iter().enumerate() {
            let start = self.start(node, child).max(at);
            let value_start = self.span(child).start.max(start);
            // Columns must be found in ascending order, and the entries of this collection come
            // later.
            let column = self.column(start);
            let (body, hash, value_end) = self.value(child, value_start, None);
            let value_end = value_end.max(value_start);
            let (end, next) = match index + 1 == count {
                true => (value_end, value_end),
                false => comma_after(text, value_end, span.end),
            };
            entries.push(Piece {
                key: self.key(kind, child),
                index,
                column,
                lead: &text[at..start],
                head: &text[start..value_start],
                body,
                tail: &text[value_end..end],
                hash,
                text: &text[start..end],
            });
            at = next;
        }
        let end = until.unwrap_or(span.end).max(at);
        let container = Container {
            kind,
            flow: true,
            open,
            entries,
            close: &text[at..end],
            inline: None,
        };
        (container, end)
    }
}
