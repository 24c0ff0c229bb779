//! Reserved entries in the formats that list their lines: variables of dotenv, a section of INI.

use crate::document::{Document, ReservedEntry};
use crate::flat::ReservedLine;
use crate::format::Format;
use crate::splice::Splices;
use crate::{dotenv, flat, ini};

/// The lines of all reserved entries.
pub(super) fn lines(document: &Document<'_>) -> Vec<ReservedLine> {
    let Some(key) = document.reserved_key else {
        return Vec::new();
    };
    let entries = document.reserved.iter();
    let lines = entries.flat_map(|entry| {
        let text = &document.text[entry.value.clone()];
        let lines = match document.format {
            Format::Ini => ini::reserved_lines(text),
            _ => dotenv::reserved_lines(text, key).collect(),
        };
        lines.into_iter().map(|line| ReservedLine {
            at: entry.value.start + line.at,
            ..line
        })
    });
    lines.collect()
}

/// Appends the lines to the text of a document.
pub(super) fn insert(
    document: &Document<'_>,
    key: &str,
    lines: &[(String, String)],
    out: &mut String,
) {
    if !flat::ends_a_line(document.text) {
        out.push('\n');
    }
    match document.format {
        Format::Ini => ini::append_reserved(document.text, key, lines, out),
        _ => dotenv::spell_reserved(key, lines, out),
    }
}

/// Replaces all existing lines with others, which go where the first existing line was.
pub(super) fn replace(
    document: &Document<'_>,
    reserved: &ReservedEntry,
    key: &str,
    lines: &[(String, String)],
    splices: &mut Splices<'_>,
) {
    let is_first = document
        .reserved
        .first()
        .is_some_and(|first| first.entry == reserved.entry);
    let out = splices.replace(reserved.value.clone());
    if is_first {
        match document.format {
            Format::Ini => ini::spell_reserved(document.text, key, lines, out),
            _ => dotenv::spell_reserved(key, lines, out),
        }
    }
}
