//! Writes values into the slots of their tokens, together with other replacements.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::document::Document;
use crate::format::Format;
use crate::scalar_slot::{ScalarSlot, Spelled};
use crate::splice::{Replacement, Splices};
use crate::tape::Leaf;
use crate::yaml;

/// Builds a text from a document: values go into their slots, and other replacements between them,
/// all in the order of the text.
pub struct ValueWriter<'t> {
    text: &'t str,
    has_anchors: bool,
    splices: Splices<'t>,
    others: std::iter::Peekable<std::slice::Iter<'t, Replacement>>,
}

impl<'t> ValueWriter<'t> {
    /// Starts with the text of the document. `others` are the replacements that are no values, in
    /// the order of the text.
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

    /// Writes a value that [`ScalarSlot::spell`] has spelled as `spelling`. A comment on the line
    /// of the scalar stays on the first line of the value.
    pub fn value(
        &mut self,
        leaf: &Leaf<'_>,
        place: &ScalarSlot<'_>,
        spelled: Spelled,
        spelling: &str,
    ) {
        let comment_at = match spelled {
            Spelled::WholeScalar { comment_at } => comment_at,
            Spelled::InPlace => return self.replace(place.range(), spelling),
            Spelled::UnderHeader(chomping) => {
                if let Some((at, indicators)) = place.indicators() {
                    let with = yaml::source::header(indicators).indicators_with(chomping);
                    self.replace(at, &with);
                }
                return self.replace(place.range(), spelling);
            }
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

    /// Writes `text`, the source text of a leaf, in place of the leaf's value at `range`.
    pub fn source(&mut self, text: &str, range: Range<usize>) {
        if !self.has_anchors || yaml::source::anchor_before(text).is_empty() {
            self.replace(range, text);
        } else {
            // The anchor followed a tag, in the spelling, and now precedes the value.
            let start = yaml::source::anchor_start(self.text, range.start);
            self.replace(start..range.end, text);
        }
    }

    /// Replaces the range by `with`, unless it is part of a range that has been replaced already.
    pub fn replace(&mut self, range: Range<usize>, with: &str) {
        self.flush(range.start);
        if range.start >= self.splices.done() {
            self.splices.replace(range).push_str(with);
        }
    }

    /// Writes the other replacements that come before `offset`.
    fn flush(&mut self, offset: usize) {
        while let Some((at, text)) = self.others.next_if(|(at, _)| at.start < offset) {
            // What begins in a value, such as the line break between it and a reserved entry, goes with the value up to its end.
            if at.end > self.splices.done() {
                self.splices.replace(at.clone()).push_str(text);
            }
        }
    }

    /// Writes what is left and returns the text.
    pub fn finish(mut self) -> Zeroizing<String> {
        self.flush(usize::MAX);
        Zeroizing::new(self.splices.finish())
    }
}
