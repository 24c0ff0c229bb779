//! Writes values into the slots of their tokens, and between them what else changes in the text.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::containers::Containers;
use crate::document::Document;
use crate::format::Format;
use crate::scalar_slot::{ScalarSlot, Spelled};
use crate::splice::{Replacement, Splices};
use crate::tape::{Leaf, Span};
use crate::yaml;

/// A text in the making: the values that have been written, and between them the other replacements in the order of the text.
pub struct ValueWriter<'t> {
    text: &'t str,
    has_anchors: bool,
    splices: Splices<'t>,
    others: std::iter::Peekable<std::slice::Iter<'t, Replacement>>,
}

impl<'t> ValueWriter<'t> {
    /// Starts with the text of the document. `others` are in its order.
    pub fn new(document: &Document<'t>, others: &'t [Replacement]) -> Self {
        let text = document.text;
        Self {
            text,
            has_anchors: document.format == Format::Yaml,
            // A value's plaintext is a fraction of its ciphertext.
            splices: Splices::new(text, text.len() / 4),
            others: others.iter().peekable(),
        }
    }

    /// Puts a value where it belongs, and a comment behind it behind its first line.
    pub fn value(
        &mut self,
        leaf: &Leaf<'_>,
        place: &ScalarSlot<'_>,
        spelled: Spelled,
        spelling: &str,
    ) {
        let Spelled::WholeScalar { comment_at } = spelled else {
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
        if before < self.splices.done() {
            return;
        }
        let out = self.splices.replace(range);
        out.push_str(&spelling[..comment_at]);
        if let Some(comment) = comment {
            out.push(' ');
            out.push_str(comment);
        }
        out.push_str(&spelling[comment_at..]);
    }

    /// Puts a node's source text where it belongs: in the place of a leaf at `range`, or of the container `up` levels around it.
    pub fn source(
        &mut self,
        text: &str,
        up: usize,
        span: Span,
        range: Range<usize>,
        containers: &Containers<'_, '_>,
    ) {
        if up > 0 {
            let span = containers.outer(up).unwrap_or(span);
            self.replace(span.range(), text);
        } else if !self.has_anchors || yaml::source::anchor_before(text).is_empty() {
            self.replace(range, text);
        } else {
            // The anchor stood behind a tag, in the spelling, and now stands before the value.
            let start = yaml::source::anchor_start(self.text, range.start);
            self.replace(start..range.end, text);
        }
    }

    /// Puts `with` in the place of the range, unless it is part of what has been replaced already.
    pub fn replace(&mut self, range: Range<usize>, with: &str) {
        self.flush(range.start);
        if range.start >= self.splices.done() {
            self.splices.replace(range).push_str(with);
        }
    }

    /// Makes the other changes that stand before `offset`.
    fn flush(&mut self, offset: usize) {
        while let Some((at, text)) = self.others.next_if(|(at, _)| at.start < offset) {
            // What begins in a value, such as the line break between it and a reserved entry, goes with the value up to its end.
            if at.end > self.splices.done() {
                self.splices.replace(at.clone()).push_str(text);
            }
        }
    }

    /// The text.
    pub fn finish(mut self) -> Zeroizing<String> {
        self.flush(usize::MAX);
        Zeroizing::new(self.splices.finish())
    }
}
