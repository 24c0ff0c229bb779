//! A plaintext in the making: the decrypted values, and between them what else changes.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::document::place::{Place, Spelled};
use crate::document::{Document, Edits, Leaf, Span, yaml};
use crate::format::Format;
use crate::pipeline::Containers;
use crate::pipeline::besides::Change;
use crate::pipeline::spellings::Node;

/// A plaintext in the making: edits of the leaves, and between them the other changes in the order of the text.
pub(super) struct Output<'t> {
    text: &'t str,
    has_anchors: bool,
    edits: Edits<'t>,
    others: std::iter::Peekable<std::slice::Iter<'t, Change>>,
}

impl<'t> Output<'t> {
    pub(super) fn new(document: &Document<'t>, others: &'t [Change]) -> Self {
        let text = document.text;
        Self {
            text,
            has_anchors: document.format == Format::Yaml,
            // A value's plaintext is a fraction of its ciphertext.
            edits: Edits::new(text, text.len() / 4),
            others: others.iter().peekable(),
        }
    }

    /// Puts a decrypted value where it belongs, and a comment behind it behind its first line.
    pub(super) fn value(
        &mut self,
        leaf: &Leaf<'_>,
        place: &Place<'_>,
        spelled: Spelled,
        spelling: &str,
    ) {
        let Spelled::Anew { comment_at } = spelled else {
            self.replace(place.range(), spelling);
            return;
        };
        let mut range = leaf.span.range();
        let before = range.start;
        self.flush(before);
        let mut comment = None;
        let behind = &self.text[range.end..];
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        if blanks > 0 && behind[blanks..].starts_with('#') {
            let start = range.end + blanks;
            let end = yaml::source::line_end(self.text, start);
            comment = Some(&self.text[start..end]);
            range.end = end;
        }
        while let Some((_, text)) = self.others.next_if(|(at, _)| range.contains(&at.start)) {
            comment = Some(text);
        }
        if before < self.edits.done() {
            return;
        }
        let out = self.edits.replace(range);
        out.push_str(&spelling[..comment_at]);
        if let Some(comment) = comment {
            out.push(' ');
            out.push_str(comment);
        }
        out.push_str(&spelling[comment_at..]);
    }

    /// Puts a kept spelling where it belongs: in the place of a leaf at `range`, or of a container around it.
    pub(super) fn node(
        &mut self,
        node: &Node,
        span: Span,
        range: Range<usize>,
        containers: &Containers<'_, '_>,
    ) {
        if node.up > 0 {
            let span = containers.outer(node.up).unwrap_or(span);
            self.replace(span.range(), &node.text);
        } else if !self.has_anchors || yaml::source::anchor_before(&node.text).is_empty() {
            self.replace(range, &node.text);
        } else {
            // The anchor stood behind a tag, in the spelling, and now stands before the value.
            let start = yaml::source::anchor_start(self.text, range.start);
            self.replace(start..range.end, &node.text);
        }
    }

    /// Puts `with` in the place of the range, unless it is part of what has been replaced already.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &str) {
        self.flush(range.start);
        if range.start >= self.edits.done() {
            self.edits.replace(range).push_str(with);
        }
    }

    /// Makes the other changes that stand before `offset`.
    fn flush(&mut self, offset: usize) {
        while let Some((at, text)) = self.others.next_if(|(at, _)| at.start < offset) {
            // What begins in a value, such as the line break between it and the `sops` block, goes with the value up to its end.
            if at.end > self.edits.done() {
                self.edits.replace(at.clone()).push_str(text);
            }
        }
    }

    pub(super) fn finish(mut self) -> Zeroizing<String> {
        self.flush(usize::MAX);
        Zeroizing::new(self.edits.finish())
    }
}
