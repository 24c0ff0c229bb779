//! Writes values into the slots of their tokens, along with other replacements.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::document::Document;
use crate::format::Format;
use crate::scalar_slot::{ScalarSlot, Spelled};
use crate::splice::{Replacement, Splices};
use crate::tape::Leaf;
use crate::yaml;

/// Builds new text from a document, in order: values go into their slots, and other replacements go
/// between them.
pub struct ValueWriter<'t> {
    text: &'t str,
    has_anchors: bool,
    splices: Splices<'t>,
    others: std::iter::Peekable<std::slice::Iter<'t, Replacement>>,
}

impl<'t> ValueWriter<'t> {
    /// Starts with the part of the document's text at `range`, which begins and ends between two
    /// values. `others` are the replacements in it that are not values, in the order of the text.
    pub fn of_part(
        document: &Document<'t>,
        range: Range<usize>,
        others: &'t [Replacement],
    ) -> Self {
        // The plaintext of a value is much shorter than its ciphertext, and growing the result
        // would leave a copy of it.
        let capacity = range.len() / 7 * 2;
        Self {
            text: document.text,
            has_anchors: document.format == Format::Yaml,
            splices: Splices::of_part(document.text, range, capacity),
            others: others.iter().peekable(),
        }
    }

    /// Writes a value that [`ScalarSlot::spell`] spelled as `spelling`. A comment on the line of
    /// the scalar stays on the first line of the value.
    pub fn value(
        &mut self,
        leaf: &Leaf<'_>,
        slot: &ScalarSlot<'_>,
        spelled: Spelled,
        spelling: &str,
    ) {
        let comment_at = match spelled {
            Spelled::WholeScalar { comment_at } => comment_at,
            Spelled::InPlace => return self.replace(slot.range(), spelling),
            Spelled::UnderHeader(chomping) => {
                if let Some((at, indicators)) = slot.indicators() {
                    let with = yaml::source::header(indicators).indicators_with(chomping);
                    self.replace(at, &with);
                }
                return self.replace(slot.range(), spelling);
            }
        };
        let mut range = leaf.span.range();
        let before = range.start;
        self.flush(before);
        let mut comment = None;
        if let Some((indicators, _)) = slot.indicators() {
            // The spelling has no final line break, so the block scalar's stays.
            range.end -= yaml::source::line_break(&self.text[range.clone()]).len();
            let header = indicators.end..yaml::source::line_end(self.text, indicators.end);
            let header = self.text[header].trim_start_matches([' ', '\t']);
            comment = header.starts_with('#').then_some(header);
        }
        let after = &self.text[range.end..];
        let spaces = after.len() - after.trim_start_matches([' ', '\t']).len();
        if spaces > 0 && after[spaces..].starts_with('#') {
            let start = range.end + spaces;
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
        // Without a line break at the end of the text, a block scalar would lose its own.
        let is_block = comment_at < spelling.len();
        let ends_text = self.text[range.end..]
            .trim_start_matches([' ', '\t'])
            .is_empty();
        if is_block && ends_text {
            range.end = self.text.len();
        }
        let out = self.splices.replace(range);
        out.push_str(&spelling[..comment_at]);
        if let Some(comment) = comment {
            out.push(' ');
            out.push_str(comment);
        }
        out.push_str(&spelling[comment_at..]);
        if is_block && ends_text {
            out.push('\n');
        }
    }

    /// Writes `text`, the source form of a leaf, in place of the leaf's value in `slot`, under the
    /// indicators `header` if it is a block scalar whose header changed. Returns the scalar that
    /// was written; `None` if it has an anchor.
    pub fn source(
        &mut self,
        leaf: &Leaf<'_>,
        slot: &ScalarSlot<'_>,
        header: Option<&str>,
        text: &str,
    ) -> Option<yaml::WrittenScalar> {
        let mut range = slot.range();
        let has_anchor = self.has_anchors && !yaml::source::anchor_before(text).is_empty();
        let start = if has_anchor {
            // In the token's spelling, the anchor comes after a tag; now it comes before the value.
            range.start = yaml::source::anchor_start(self.text, range.start);
            None
        } else {
            let start = leaf.span.range().start;
            self.replace(start..start, "");
            Some(self.splices.written())
        };
        if let (Some(header), Some((range, _))) = (header, slot.indicators()) {
            self.replace(range, header);
        }
        self.replace(range, text);
        start.map(|start| slot.written(start..self.splices.written()))
    }

    /// Replaces the range with the text `with`, unless it is part of a range that was already
    /// replaced.
    pub fn replace(&mut self, range: Range<usize>, with: &str) {
        self.flush(range.start);
        if range.start >= self.splices.done() {
            self.splices.replace(range).push_str(with);
        }
    }

    /// Writes the other replacements that start before `offset`.
    fn flush(&mut self, offset: usize) {
        while let Some((at, text)) = self.others.next_if(|(at, _)| at.start < offset) {
            // A replacement that starts inside a replaced value, such as the line break before a
            // reserved entry, applies only to the range after the value.
            if at.end > self.splices.done() {
                self.splices.replace(at.clone()).push_str(text);
            }
        }
    }

    /// Copies the rest and returns the text.
    pub fn finish(mut self) -> Zeroizing<String> {
        self.flush(usize::MAX);
        Zeroizing::new(self.splices.finish())
    }
}
