//! Notes of the program that reserves a key: strings in its entry that readers of the entry can
//! ignore.
//!
//! In YAML's block style, a note is a comment above the entry's last key, where Go's library
//! assigns it to the entry. JSON, flow style and the flat formats have no such comments, so the
//! note is a value under its name.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::{Map, Value as Json};

use crate::document::{Document, ReservedEntry};
use crate::yaml::source;

/// A named string without white space.
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
    /// A note with this name and text.
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
        let indentation = " ".repeat(column);
        let mut out = String::with_capacity(self.text.len() + self.text.len() / 8 + COLUMNS);
        out.push_str(&format!("{indentation}# {}: ", self.name));
        let (mut width, mut least, mut rest) = (out.len(), 0, &self.text[..]);
        loop {
            let characters = COLUMNS.saturating_sub(width).max(least);
            let end = rest.char_indices().nth(characters);
            let (line, next) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
            out.push_str(line);
            out.push('\n');
            rest = next;
            if rest.is_empty() {
                return out;
            }
            out.push_str(&indentation);
            out.push_str(CONTINUATION);
            (width, least) = (column + CONTINUATION.len(), 1);
        }
    }
}

/// The maximum length of a comment's lines, unless the entry is indented by nearly as much.
const COLUMNS: usize = 100;

/// The start of all lines after the first.
const CONTINUATION: &str = "#   ";

impl<'a> Document<'a> {
    /// The content of the notes with this name in a reserved entry in YAML's block style. Programs
    /// that format YAML may have wrapped and indented the comments differently.
    pub fn reserved_notes(&self, entry: &ReservedEntry, name: &str) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        self.note_lines(entry, name, |line| match line {
            NoteLine::First(text) => notes.push(text.to_owned()),
            NoteLine::Next(text) => {
                if let Some(note) = notes.last_mut() {
                    note.push_str(text);
                }
            }
            NoteLine::Other(_) => {}
        });
        notes
    }

    /// [`reserved_source`](Self::reserved_source) without the notes with this name, which may be
    /// long, and which no parser needs to read.
    pub fn reserved_source_without_notes(&self, entry: &ReservedEntry, name: &str) -> Cow<'a, str> {
        let (whole, column) = self.reserved_source(entry);
        if memmem::find(whole.as_bytes(), name.as_bytes()).is_none() || column == 0 {
            return whole;
        }
        let mut source = " ".repeat(column);
        self.note_lines(entry, name, |line| {
            if let NoteLine::Other(line) = line {
                source.push_str(line);
            }
        });
        Cow::Owned(source)
    }

    /// Calls `pass` with each line of an entry in YAML's block style.
    fn note_lines(&self, entry: &ReservedEntry, name: &str, mut pass: impl FnMut(NoteLine<'_>)) {
        if !super::is_in_lines(self, entry) {
            return;
        }
        let value = &self.text[entry.value.clone()];
        let (mut at, mut is_note) = (0, false);
        while at < value.len() {
            let end = source::after_break(value, source::line_end(value, at));
            let line = &value[at..end];
            at = end;
            let Some(comment) = line.trim_start().strip_prefix('#').map(str::trim) else {
                is_note &= line.trim().is_empty();
                pass(NoteLine::Other(line));
                continue;
            };
            let first = comment.strip_prefix(name);
            match first.and_then(|rest| rest.strip_prefix(':')) {
                Some(text) => {
                    pass(NoteLine::First(text.trim_start()));
                    is_note = true;
                }
                None if is_note => pass(NoteLine::Next(comment)),
                None => pass(NoteLine::Other(line)),
            }
        }
    }
}

/// A line of a reserved entry.
enum NoteLine<'l> {
    /// The text of a note begins.
    First(&'l str),
    /// The text of the note continues.
    Next(&'l str),
    /// The whole line, which is not part of a note.
    Other(&'l str),
}
