//! Notes of the program that reserves a key: texts in its entry that readers of the entry can
//! ignore.
//!
//! In YAML's block style, a note is a comment above the entry's last key, where Go's library
//! assigns it to the entry. JSON, flow style and the flat formats have no such comments, so the
//! note is a value under its name.

use serde_json::{Map, Value as Json};

use crate::document::{Document, ReservedEntry};

/// A text without white space, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReservedNote {
    /// The prefix that distinguishes the text from other comments, or its key in formats without
    /// comments.
    pub name: &'static str,
    /// The text.
    pub text: String,
}

impl ReservedNote {
    /// The text under this name.
    pub fn new(name: &'static str, text: String) -> Self {
        Self { name, text }
    }

    /// Adds the note to a mapping whose keys are sorted.
    pub fn insert_into(&self, tree: &mut Map<String, Json>) {
        tree.insert(self.name.into(), self.text.clone().into());
        tree.sort_keys();
    }

    /// The lines of the comment, each indented by `column` spaces and ending with a line break.
    pub(super) fn comment(&self, column: usize) -> String {
        let mut out = format!("{}# {}:", " ".repeat(column), self.name);
        let mut width = out.len() + 1;
        out.push(' ');
        for character in self.text.chars() {
            if width >= COLUMNS {
                out.push('\n');
                let start = out.len();
                out.extend(std::iter::repeat_n(' ', column));
                out.push_str(CONTINUATION);
                width = out.len() - start;
            }
            out.push(character);
            width += 1;
        }
        out.push('\n');
        out
    }
}

/// The maximum length of a comment's lines, unless the entry is indented by nearly as much.
const COLUMNS: usize = 100;

/// The start of all lines after the first.
const CONTINUATION: &str = "#   ";

impl Document<'_> {
    /// The texts of the notes with this name in a reserved entry in YAML's block style. Programs
    /// that format YAML may have wrapped and indented the comments differently.
    pub fn reserved_notes(&self, entry: &ReservedEntry, name: &str) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        if !super::is_in_lines(self, entry) {
            return notes;
        }
        let mut is_note = false;
        for line in self.text[entry.value.clone()].split(['\n', '\r']) {
            let Some(comment) = line.trim_start().strip_prefix('#').map(str::trim) else {
                // An empty comment may be half of a line break.
                is_note &= line.trim().is_empty();
                continue;
            };
            let first = comment.strip_prefix(name);
            match (
                first.and_then(|rest| rest.strip_prefix(':')),
                notes.last_mut(),
            ) {
                (Some(text), _) => {
                    notes.push(text.trim_start().to_owned());
                    is_note = true;
                }
                (None, Some(note)) if is_note => note.push_str(comment),
                _ => {}
            }
        }
        notes
    }
}
