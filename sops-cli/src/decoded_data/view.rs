//! A document with its Secrets decoded, and the way back: values that did not change get their old
//! spelling, and all others are encoded.

use std::collections::HashMap;

use sops_core::document::{Error as DocumentError, NewEntry};
use sops_core::tree::Node;
use sops_core::{Error, Format, Location, parse_document};
use zeroize::Zeroizing;

use super::entry::{BINARY, Entry, EntryPath, as_text, entries};
use crate::secret_data;

/// A document with the values under `data` decoded.
pub(crate) struct DecodedView {
    format: Format,
    text: Zeroizing<Vec<u8>>,
    shown: HashMap<EntryPath, ShownValue>,
    notes: Vec<String>,
}

/// A value as it is shown, and as it was written.
struct ShownValue {
    shown: Zeroizing<String>,
    value: Zeroizing<String>,
    /// The source of the value, with its quotes.
    source: Zeroizing<String>,
}

impl DecodedView {
    /// The view of `text`, in which values are decoded only if their spelling can be restored. Text
    /// that cannot be parsed, or is in another format, is shown as it is.
    pub(crate) fn new(text: &[u8], format: Format) -> Self {
        let as_it_is = || Self {
            format,
            text: Zeroizing::new(text.to_owned()),
            shown: HashMap::new(),
            notes: Vec::new(),
        };
        if !matches!(format, Format::Yaml | Format::Json) {
            return as_it_is();
        }
        let Ok(document) = parse_document(text, format) else {
            return as_it_is();
        };
        let entries: Vec<_> = entries(&document)
            .into_iter()
            .filter(Entry::is_own)
            .collect();
        let source = ViewSource {
            text,
            format,
            entries: &entries,
        };
        let all: Vec<usize> = (0..entries.len()).collect();
        let decodable = source.decodable(&all);
        source.view(&decodable).unwrap_or_else(as_it_is)
    }

    /// The text to show.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Notes for the user about the values.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The text with encoded values, for a view that the user may have changed.
    ///
    /// # Errors
    /// The errors of the parser, and [`DocumentError::Unrepresentable`] for a value that is marked
    /// as base64 and is not.
    pub(crate) fn restore(&self, view: &[u8]) -> sops_core::Result<Restored> {
        if !matches!(self.format, Format::Yaml | Format::Json) {
            return Ok(Restored {
                text: Zeroizing::new(view.to_owned()),
                warnings: Vec::new(),
            });
        }
        let document = parse_document(view, self.format)?;
        let mut changes = Vec::new();
        let mut warnings = Vec::new();
        let mut places = Vec::new();
        for entry in entries(&document).into_iter().filter(Entry::is_own) {
            let unrepresentable = |message: String| {
                Error::Document(DocumentError::Unrepresentable {
                    location: Location::of(document.text(), entry.node.span().start),
                    message,
                })
            };
            let known = self.shown.get(&entry.path);
            let Some(text) = text_of(&entry, document.text()) else {
                continue;
            };
            let (value, spelling) = match known.filter(|known| *known.shown == text) {
                Some(known) if *known.value == text => continue,
                Some(known) => (known.value.clone(), known.source.to_string()),
                None => {
                    let value = match text.strip_prefix(BINARY) {
                        Some(base64) if secret_data::decode(base64).is_none() => {
                            return Err(unrepresentable(format!(
                                "`{}` begins with `{BINARY}`, but the rest of the value is not base64",
                                entry.name()
                            )));
                        }
                        Some(base64) => Zeroizing::new(base64.to_owned()),
                        None => secret_data::encode(text.as_bytes()),
                    };
                    if !text.starts_with(BINARY) && secret_data::is_encoded_text(text) {
                        warnings.push(format!(
                            "the value of `{}` is already base64, and was encoded again",
                            entry.name()
                        ));
                    }
                    let spelling = self.spelling(&value, known);
                    (value, spelling)
                }
            };
            let node = Node::from(value.as_str());
            let change = entry.data.new_entry(&entry.path.key, node);
            changes.push(change.spelled(spelling));
            places.push(entry.node.span().start);
        }
        let refs: Vec<&NewEntry> = changes.iter().collect();
        let (text, is_set) = document.with_entries(&refs);
        if let Some(at) = is_set.iter().position(|is_set| !is_set) {
            return Err(Error::Document(DocumentError::Unrepresentable {
                location: Location::of(document.text(), places[at]),
                message:
                    "this value cannot be encoded at its position: put it on a line of its own"
                        .to_owned(),
            }));
        }
        Ok(Restored {
            text: Zeroizing::new(text.as_bytes().to_vec()),
            warnings,
        })
    }

    /// How a new value is written: with the quotes of the old one, if it had any.
    fn spelling(&self, value: &str, old: Option<&ShownValue>) -> String {
        let old_quote = old.and_then(|old| old.source.chars().next());
        let quote = match old_quote.filter(|quote| ['"', '\''].contains(quote)) {
            Some(quote) => quote,
            None if self.format == Format::Json || !is_plain_string(value) => '"',
            None => return value.to_owned(),
        };
        format!("{quote}{value}{quote}")
    }
}

/// A document to view, with its values.
struct ViewSource<'s, 'd, 'a> {
    text: &'s [u8],
    format: Format,
    entries: &'s [Entry<'d, 'a>],
}

impl ViewSource<'_, '_, '_> {
    /// Those of the wanted entries that can be decoded together, so that the text can be restored.
    fn decodable(&self, wanted: &[usize]) -> Vec<usize> {
        if wanted.is_empty() || self.view(wanted).is_some() {
            return wanted.to_vec();
        }
        if wanted.len() == 1 {
            return Vec::new();
        }
        let (first, second) = wanted.split_at(wanted.len() / 2);
        let first = self.decodable(first);
        let both = [&first[..], &self.decodable(second)].concat();
        match self.view(&both) {
            Some(_) => both,
            None => first,
        }
    }

    /// The view with these entries decoded; `None` if the text could not be restored from it.
    fn view(&self, decoded: &[usize]) -> Option<DecodedView> {
        let document = parse_document(self.text, self.format).ok()?;
        let mut shown = HashMap::new();
        let mut changes = Vec::new();
        let mut notes = Notes::default();
        for (index, entry) in self.entries.iter().enumerate() {
            let Some(value) = entry.node.as_str() else {
                continue;
            };
            let bytes = entry.decoded();
            let new = match &bytes {
                Some(bytes) if decoded.contains(&index) => match as_text(bytes) {
                    Some(text) => {
                        notes.of_text(&entry.name(), text);
                        Zeroizing::new(text.to_owned())
                    }
                    None => Zeroizing::new(format!("{BINARY}{value}")),
                },
                Some(_) => {
                    notes.kept.push(entry.name());
                    Zeroizing::new(value.to_owned())
                }
                None => {
                    notes.not_base64.push(entry.name());
                    Zeroizing::new(value.to_owned())
                }
            };
            if *new != value {
                let node = Node::from(new.as_str());
                changes.push(entry.data.new_entry(&entry.path.key, node));
            }
            let source = document.text().get(entry.node.span())?;
            let known = ShownValue {
                shown: new,
                value: Zeroizing::new(value.to_owned()),
                source: Zeroizing::new(without_line_break(source).to_owned()),
            };
            if shown.insert(entry.path.clone(), known).is_some() {
                // The same key twice.
                return None;
            }
        }
        let changes: Vec<&NewEntry> = changes.iter().collect();
        let (text, is_set) = document.with_entries(&changes);
        if is_set.contains(&false) {
            return None;
        }
        let view = DecodedView {
            format: self.format,
            text: Zeroizing::new(text.as_bytes().to_vec()),
            shown,
            notes: notes.lines(),
        };
        let restored = view.restore(&view.text).ok()?;
        (*restored.text == self.text).then_some(view)
    }
}

/// A document with its values encoded again.
pub(crate) struct Restored {
    pub(crate) text: Zeroizing<Vec<u8>>,
    /// About values that the user changed.
    pub(crate) warnings: Vec<String>,
}

/// The text of a value that the user sees. Numbers and other scalars are meant as text; an empty
/// value stays empty.
fn text_of<'d>(entry: &Entry<'d, '_>, source: &'d str) -> Option<&'d str> {
    entry.node.value()?;
    match entry.node.as_str() {
        Some(text) => Some(text),
        None => source.get(entry.node.span()),
    }
}

/// Whether YAML reads base64 without quotes as a string, and not as a number, for example.
fn is_plain_string(base64: &str) -> bool {
    let line = format!("a: {base64}\n");
    let Ok(document) = parse_document(&line, Format::Yaml) else {
        return false;
    };
    let top = document.tops().next().flatten();
    let value = top.and_then(|top| top.get("a"));
    value.and_then(|value| value.as_str()) == Some(base64)
}

/// The source of a block scalar without the line break that ends it, as a replacement has it.
fn without_line_break(source: &str) -> &str {
    match source.starts_with(['|', '>']) {
        true => {
            let line = source.strip_suffix('\n').unwrap_or(source);
            line.strip_suffix('\r').unwrap_or(line)
        }
        false => source,
    }
}

/// Notes for the user about the values, collected by kind.
#[derive(Default)]
struct Notes {
    line_breaks: Vec<String>,
    twice: Vec<String>,
    kept: Vec<String>,
    not_base64: Vec<String>,
}

impl Notes {
    fn of_text(&mut self, name: &str, text: &str) {
        if text.ends_with('\n') {
            self.line_breaks.push(name.to_owned());
        }
        if secret_data::is_encoded_text(text) {
            self.twice.push(name.to_owned());
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "Values under `data` are shown decoded, and encoded again when you save. `{BINARY}` marks values that are not text."
        )];
        let mut list = |text: &str, names: &[String]| {
            if !names.is_empty() {
                lines.push(format!("{text}: {}", names.join(", ")));
            }
        };
        list("These values end with a line break", &self.line_breaks);
        list(
            "These values are base64 even when decoded, so they were probably encoded twice",
            &self.twice,
        );
        list(
            "These values are shown in base64, because of how they are written",
            &self.kept,
        );
        list(
            "These values are not base64, and are shown as they are",
            &self.not_base64,
        );
        lines
    }
}

#[cfg(test)]
mod tests;
