//! Removes reserved entries from a document.

use zeroize::Zeroizing;

use super::joining::joining_end;
use crate::document::Document;
use crate::splice::Replacement;
use crate::yaml;

impl Document<'_> {
    /// The replacements that remove all reserved entries. Comments after their keys stay. Blank
    /// lines that would become part of a block scalar before an entry are removed too.
    ///
    /// `no_final_newline` says that the text had no final line break before the last entry was
    /// added. `empty` has the numbers of the documents, from 0 and in ascending order, that were
    /// empty then; a document that is not among them becomes `{}` if nothing else is left of it.
    pub fn remove_reserved(&self, no_final_newline: bool, empty: &[usize]) -> Vec<Replacement> {
        let text = self.text;
        let indexes: Vec<usize> = self.document_indexes().collect();
        let mut replacements = Vec::new();
        for (number, reserved) in self.reserved.iter().enumerate() {
            let mut entry = reserved.entry.clone();
            if let Some(comment) = self.reserved_comment(reserved) {
                let line = &text[entry.start..];
                let start = entry.start + line.len() - line.trim_start_matches(' ').len();
                replacements.push((start..comment.start, Zeroizing::default()));
                entry.start = yaml::source::after_break(text, comment.end);
            } else {
                entry.end = joining_end(self, indexes[reserved.document], &entry);
            }
            let last = number + 1 == self.reserved.len();
            if last && no_final_newline && entry.end == text.len() {
                entry.start -= match self.format.is_flat() {
                    true => 1.min(entry.start),
                    false => yaml::source::line_break(&text[..entry.start]).len(),
                };
            }
            let mut instead = Zeroizing::default();
            let was_empty = empty.binary_search(&reserved.document);
            if was_empty.is_err() && self.has_only_reserved(indexes[reserved.document]) {
                *instead = format!("{{}}{}", yaml::source::line_break(&text[entry.clone()]));
            }
            replacements.push((entry, instead));
        }
        replacements
    }
}
