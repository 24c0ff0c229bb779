//! Reserved entries: their position in the source, their spelling and their value.

mod flat;
mod flow;
mod inline;
mod joining;
mod note;
mod removal;
mod top;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value as Json};

use self::inline::{compact, pretty};
pub use self::note::ReservedNote;
use self::top::Top;
use crate::block_scalar::ends_in_blanks;
use crate::document::{Document, ReservedEntry};
use crate::flat::ReservedLine;
use crate::format::Format;
use crate::splice::Splices;
use crate::tape::{Item, Style};
use crate::tree::{Entry, Node};
use crate::yaml::{self, entry_range};

/// The value to write under the reserved key, in the shape that the format has for it.
pub enum ReservedValue {
    /// A mapping, for YAML and JSON, and notes in it.
    Tree(Map<String, Json>, Vec<ReservedNote>),
    /// Names and values, for the section in INI and the variables in dotenv. Names are without the
    /// reserved prefix.
    Lines(Vec<(String, String)>),
}

impl<'a> Document<'a> {
    /// The source of the entry's value, which can be parsed by itself, and the number of spaces
    /// that were added in front of it. For YAML and JSON.
    pub fn reserved_source(&self, entry: &ReservedEntry) -> (Cow<'a, str>, usize) {
        let value = &self.text[entry.value.clone()];
        if self.format != Format::Yaml || value.starts_with('{') {
            return (Cow::Borrowed(value), 0);
        }
        // In block style the first line lost its indentation when the value was cut out.
        let column = yaml::source::column(self.text, entry.value.start);
        (Cow::Owned(" ".repeat(column) + value), column)
    }

    /// The lines of the reserved entries, for dotenv and INI.
    pub fn reserved_lines(&self) -> Vec<ReservedLine> {
        flat::lines(self)
    }

    /// Whether the mapping of the document at `index` is in block style and has no entry except the
    /// reserved one, so that nothing is left without it.
    pub(crate) fn has_only_reserved(&self, index: usize) -> bool {
        !self.format.is_flat()
            && Top::of(self, index)
                .is_some_and(|top| !top.flow && self.children(top.index).next().is_none())
    }

    /// The numbers, from 0, of the documents that are empty. A reserved entry turns them into
    /// mappings.
    pub fn empty_documents(&self) -> Vec<usize> {
        let documents = self.document_indexes().enumerate();
        let empty = documents.filter(|(_, index)| self.top(*index).is_none());
        empty.map(|(number, _)| number).collect()
    }

    /// The offset in bytes where the text changes when a reserved entry is added to the document
    /// whose item is at `index`.
    pub fn reserved_offset(&self, index: usize) -> usize {
        match (Top::of(self, index), &self.tape[index]) {
            (Some(top), _) if top.flow => flow::offset(self, top.index, top.span.end),
            (Some(top), Item::Document { close, .. })
                if ends_in_open_block(self, *close as usize) =>
            {
                yaml::source::line_start(self.text, top.span.start)
            }
            (_, Item::Document { end, .. }) => *end as usize,
            _ => self.text.len(),
        }
    }

    /// Whether the text ends without a line break where a reserved entry goes, so that one must be
    /// added.
    pub fn lacks_final_newline(&self) -> bool {
        if self.format.is_flat() {
            return !crate::flat::ends_a_line(self.text);
        }
        let last = self
            .tape
            .iter()
            .rposition(|item| matches!(item, Item::Document { .. }));
        let Some(last) = last else { return false };
        let in_flow = Top::of(self, last).is_some_and(|top| top.flow);
        !in_flow && self.reserved_offset(last) == self.text.len() && !ends_a_line(self.text)
    }

    /// Appends a reserved entry for the document whose item is at `index` to `out`, which holds the
    /// text up to [`reserved_offset`](Self::reserved_offset). In YAML's block style each level is
    /// indented by `step` columns.
    pub fn insert_reserved(
        &self,
        index: usize,
        value: &ReservedValue,
        step: usize,
        out: &mut String,
    ) {
        let Some(key) = self.reserved_key else { return };
        let tree = match value {
            ReservedValue::Lines(lines) => return flat::insert(self, key, lines, out),
            ReservedValue::Tree(tree, notes) => NotedTree { tree, notes },
        };
        let at = self.reserved_offset(index);
        match Top::of(self, index) {
            Some(top) if top.flow => flow::insert(self, &top, key, &tree.whole(), out),
            top => {
                let column = top.map_or(0, |top| yaml::source::column(self.text, top.span.start));
                let newline = yaml::source::first_line_break(self.text);
                if !ends_a_line(&self.text[..at]) {
                    out.push_str(newline);
                }
                write_lines(&tree.lines(key, column, step), newline, out);
            }
        }
    }

    /// Replaces the value of the entry `reserved`. In dotenv and INI, the first entry gets all
    /// lines, and the others are removed.
    pub fn replace_reserved(
        &self,
        reserved: &ReservedEntry,
        value: &ReservedValue,
        splices: &mut Splices<'_>,
    ) {
        let Some(key) = self.reserved_key else { return };
        let tree = match value {
            ReservedValue::Lines(lines) => {
                return flat::replace(self, reserved, key, lines, splices);
            }
            ReservedValue::Tree(tree, notes) => NotedTree { tree, notes },
        };
        let text = self.text;
        let before = &text[..reserved.value.start];
        let inline = self.format == Format::Json || text[reserved.value.clone()].starts_with('{');
        if inline {
            let multi_line =
                text[reserved.value.clone()].contains('\n') && self.format == Format::Json;
            let line = &before[yaml::source::line_start(text, before.len())..];
            let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
            let out = splices.replace(reserved.value.clone());
            out.push_str(&if multi_line {
                pretty(&tree.whole(), indent)
            } else {
                compact(&tree.whole())
            });
        } else {
            let mut lines = tree.lines(key, column(self, reserved), self.reserved_step());
            if let Some(comment) =
                entry_range::comment_after_key(text, &reserved.entry, &reserved.value)
            {
                let key = lines.find('\n').unwrap_or(lines.len());
                lines.insert_str(key, &format!(" {}", &text[comment]));
            }
            let out = splices.replace(reserved.entry.clone());
            write_lines(&lines, yaml::source::first_line_break(text), out);
        }
    }

    /// The comment after the key of a reserved entry whose value is on the lines below. Go's
    /// library writes one there if the comment followed the last entry of the contents and that
    /// entry is an alias.
    pub(crate) fn reserved_comment(&self, reserved: &ReservedEntry) -> Option<Range<usize>> {
        entry_range::comment_after_key(self.text, &reserved.entry, &reserved.value)
    }

    /// The number of columns that each level of the reserved entry is indented by; 4 if the entry
    /// does not show it.
    pub fn reserved_step(&self) -> usize {
        let entry = self.reserved.first();
        let shown = entry
            .filter(|entry| is_in_lines(self, entry))
            .and_then(|entry| {
                let value = yaml::source::column(self.text, entry.value.start);
                value.checked_sub(column(self, entry))
            });
        shown
            .filter(|step| yaml::emit::STEPS.contains(step))
            .unwrap_or(yaml::emit::DEFAULT_STEP)
    }
}

/// Whether the document that closes at `close` ends in a block scalar without a line break. An
/// added line break would become part of the value, so a reserved entry can go neither after it nor
/// before trailing spaces.
fn ends_in_open_block(document: &Document<'_>, close: usize) -> bool {
    let last = document.tape[..close]
        .iter()
        .rev()
        .find(|item| !matches!(item, Item::Close { .. } | Item::Comment { .. }));
    let Some(Item::Leaf(leaf)) = last else {
        return false;
    };
    matches!(leaf.style, Style::Literal | Style::Folded)
        && !ends_a_line(document.text)
        && (leaf.span.range().end == document.text.len() || ends_in_blanks(document, leaf))
}

fn ends_a_line(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').is_empty() || text.ends_with(['\n', '\r'])
}

fn leading_blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether the entry is in YAML's block style.
fn is_in_lines(document: &Document<'_>, entry: &ReservedEntry) -> bool {
    document.format == Format::Yaml && !document.text[entry.value.clone()].starts_with('{')
}

/// The column of the entry's key if it is in block style.
fn column(document: &Document<'_>, entry: &ReservedEntry) -> usize {
    let blanks = leading_blanks(&document.text[entry.entry.clone()]);
    yaml::source::column(document.text, entry.entry.start + blanks)
}

/// The value of an entry with its notes.
struct NotedTree<'v> {
    tree: &'v Map<String, Json>,
    notes: &'v [ReservedNote],
}

impl NotedTree<'_> {
    /// The tree with its notes. Only one note of each name is possible.
    fn whole(&self) -> Cow<'_, Map<String, Json>> {
        let mut tree = Cow::Borrowed(self.tree);
        for note in self.notes.iter().rev() {
            note.insert_into(tree.to_mut());
        }
        tree
    }

    /// The lines in block style for a mapping in `column`, with each level indented by `step` more
    /// columns. The notes are comments.
    fn lines(&self, key: &str, column: usize, step: usize) -> String {
        let mut out = lines(key, self.tree.clone(), column, step);
        let comments = self.notes.iter().map(|note| note.comment(column + step));
        let comments: String = comments.collect();
        if !comments.is_empty() {
            let before = self.tree.iter().take(self.tree.len().saturating_sub(1));
            let before = before.map(|(key, value)| (key.clone(), value.clone()));
            let before: Map<String, Json> = before.collect();
            let end = match before.is_empty() {
                true => out.find('\n').unwrap_or(out.len() - 1),
                false => lines(key, before, column, step).len(),
            };
            out.insert_str(end + 1, &comments);
        }
        out
    }
}

/// The lines of an entry in block style, without the final line break.
fn lines(key: &str, tree: Map<String, Json>, column: usize, step: usize) -> String {
    let entry = Entry {
        key: key.to_owned(),
        value: Node::from_json(&Json::Object(tree)),
    };
    let mut out = " ".repeat(column);
    yaml::emit::emit_entry(&mut out, &entry, column, step);
    out
}

fn write_lines(lines: &str, newline: &str, out: &mut String) {
    for line in lines.lines() {
        out.push_str(line);
        out.push_str(newline);
    }
}
