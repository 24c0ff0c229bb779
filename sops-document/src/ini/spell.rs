//! Writes values, comments and trees in INI, as Go's library writes them if it reads them back
//! unchanged.

use std::borrow::Cow;

use super::{DEFAULT_SECTION, read_value};
use crate::flat;
use crate::tree::{Entry, Node};
use crate::value::Value;
use crate::yaml::source::first_line_break;

/// Appends a value as Go's library writes it or, if the library would read that differently, in the
/// nearest form that it reads back.
pub(crate) fn spell(out: &mut String, value: Option<&Value<'_>>) {
    let text = flat::text(value);
    if text.trim_ascii() == text && text.bytes().all(is_plain) {
        out.push_str(&text);
        return;
    }
    let usual = usual(&text);
    let read = |source: &str| read_value(source).as_deref() == Some(&*text);
    if read(&usual) {
        out.push_str(&usual);
        return;
    }
    let others = ["`", "\"\"\"", "\"", "'"].map(|quote| format!("{quote}{text}{quote}"));
    let readable = others.iter().find(|other| read(other));
    out.push_str(readable.map_or(&usual, String::as_str));
}

/// Whether a byte never has a special meaning, except spaces around a value.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" -_./:,=+[]@%&*()!$?<>|~^{}".contains(&byte)
}

/// A value as the library writes it, even if the library does not read it back.
fn usual(text: &str) -> Cow<'_, str> {
    let quote = if text.contains(['\n', '`']) {
        "\"\"\""
    } else if text.contains(['#', ';']) {
        "`"
    } else if text.trim() != text {
        "\""
    } else {
        return Cow::Borrowed(text);
    };
    Cow::Owned(format!("{quote}{text}{quote}"))
}

/// Appends a value in the quotes of the source; `false` if they cannot hold it.
pub(crate) fn spell_in_quotes(out: &mut String, value: &Value<'_>, quote: char) -> bool {
    let text = flat::text(Some(value));
    let fits = !text.contains([quote, '\n', '#', ';']);
    if fits {
        out.extend([quote]);
        out.push_str(&text);
        out.extend([quote]);
    }
    fits
}

/// A key as the library writes it.
fn key(key: &str) -> Cow<'_, str> {
    if key.contains(['"', '=', ':']) {
        Cow::Owned(format!("`{key}`"))
    } else if key.contains('`') {
        Cow::Owned(format!("\"\"\"{key}\"\"\""))
    } else {
        Cow::Borrowed(key)
    }
}

/// Appends an entry, with its key padded with spaces to a width in bytes.
pub(crate) fn spell_entry(out: &mut String, name: &str, width: usize, value: Option<&Value<'_>>) {
    let start = out.len();
    out.push_str(&key(name));
    let length = out.len() - start;
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(length)));
    out.push_str(" = ");
    spell(out, value);
    out.push('\n');
}

/// The tree as the library writes it. An error names the section or key that INI cannot represent.
pub(crate) fn emit(node: &Node) -> Result<String, String> {
    let mut out = String::new();
    let Node::Mapping(sections) = node else {
        return Ok(out);
    };
    for (index, section) in sections.iter().enumerate() {
        let Node::Mapping(entries) = &section.value else {
            return Err(section.key.clone());
        };
        let is_default = index == 0 && section.key.to_uppercase() == DEFAULT_SECTION;
        if is_default && entries.is_empty() {
            continue;
        }
        if !is_default {
            header(&mut out, &section.key);
        }
        spell_entries(&mut out, entries).map_err(|key| format!("{}.{key}", section.key))?;
        if index + 1 < sections.len() {
            out.push('\n');
        }
    }
    Ok(out)
}

pub(crate) fn header(out: &mut String, name: &str) {
    out.extend(["[", name, "]\n"]);
}

/// Appends entries with their values aligned.
pub(crate) fn spell_entries(out: &mut String, entries: &[Entry]) -> Result<(), String> {
    // As the library counts it.
    let length = |name: &str| match () {
        () if name.contains(['"', '=', ':']) => name.len() + 2,
        () if name.contains('`') => name.len() + 6,
        () => name.len(),
    };
    let width = entries.iter().map(|entry| length(&entry.key)).max();
    for entry in entries {
        match &entry.value {
            Node::Scalar(value) => {
                spell_entry(out, &entry.key, width.unwrap_or(0), value.as_ref());
            }
            _ => return Err(entry.key.clone()),
        }
    }
    Ok(())
}

/// Appends a reserved section to a document, with an empty line before it.
pub(crate) fn append_reserved(
    text: &str,
    key: &str,
    entries: &[(String, String)],
    out: &mut String,
) {
    if !text.trim_start_matches('\u{feff}').is_empty() {
        out.push_str(first_line_break(text));
    }
    spell_reserved(text, key, entries, out);
}

/// Appends the section of the metadata, with the line breaks of `text`.
pub(crate) fn spell_reserved(
    text: &str,
    key: &str,
    entries: &[(String, String)],
    out: &mut String,
) {
    let entry = |(name, text): &(String, String)| Entry {
        key: name.clone(),
        value: Node::Scalar(Some(Value::string(Cow::Owned(text.replace('\n', "\\n"))))),
    };
    let entries: Vec<Entry> = entries.iter().map(entry).collect();
    let mut section = String::new();
    header(&mut section, key);
    // The metadata sections are not nested.
    let _ = spell_entries(&mut section, &entries);
    out.push_str(&section.replace('\n', first_line_break(text)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> String {
        let mut out = String::new();
        spell(&mut out, Some(&Value::string(Cow::Borrowed(text))));
        out
    }

    /// The first column is what `sops decrypt` 3.13.3 writes, except if that reads back as another
    /// value.
    #[test]
    fn values_are_spelled_as_sops_spells_them() {
        for (text, expected) in [
            ("a b", "a b"),
            ("", ""),
            ("a;b", "`a;b`"),
            ("a\nb", "\"\"\"a\nb\"\"\""),
            ("a`b", "\"\"\"a`b\"\"\""),
            (" a", "\" a\""),
            ("a: \"b\"", "a: \"b\""),
            // Differs from SOPS.
            ("\"a\"", "`\"a\"`"),
            ("a\\", "`a\\`"),
        ] {
            assert_eq!(spelled(text), expected);
            assert_eq!(read_value(expected).as_deref(), Some(text));
        }
    }

    #[test]
    fn trees_are_written_as_sops_writes_them() {
        let tree = |text: &str| {
            serde_json::from_str(text)
                .map(|json| Node::from_json(&json))
                .unwrap_or_else(|error| panic!("{error}"))
        };
        for (json, expected) in [
            (r#"{"DEFAULT": {}}"#, Ok("")),
            (r#"{"DEFAULT": {"a": "1"}}"#, Ok("a = 1\n")),
            (
                r#"{"DEFAULT": {"a": 1}, "s": {"long": 2.0, "k=v": null}}"#,
                Ok("a = 1\n\n[s]\nlong  = 2.0\n`k=v` = <nil>\n"),
            ),
            (r#"{"s": {}, "DEFAULT": {}}"#, Ok("[s]\n\n[DEFAULT]\n")),
            (r#"{"a": 1}"#, Err("a")),
            (r#"{"a": {"b": [1]}}"#, Err("a.b")),
        ] {
            let written = emit(&tree(json));
            let written = written.as_deref().map_err(String::as_str);
            assert_eq!(written, expected, "{json}");
        }
    }
}
