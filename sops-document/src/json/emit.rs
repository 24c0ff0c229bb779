//! Writes a tree as JSON, with values as Go's `encoding/json` writes them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_go_compat::{parse_float, write_ecmascript};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::tree::Node;
use crate::value::{Type, Value};

/// The indentation of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Indent {
    /// A tab.
    Tab,
    /// This many spaces. Even with 0, every value is on its own line.
    Spaces(usize),
}

impl Indent {
    /// This many spaces, or a tab for `None`.
    pub(crate) fn new(spaces: Option<u8>) -> Self {
        spaces.map_or(Self::Tab, |spaces| Self::Spaces(spaces.into()))
    }
}

/// A number that JSON can't represent: an infinity, NaN, or a string that is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotInJson;

impl Node {
    /// The tree as a JSON document. Levels are indented by this many spaces, or by a tab for
    /// `None`.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for an infinity or NaN, which JSON can't represent.
    pub fn to_json(&self, indent: Option<u8>) -> Result<Zeroizing<String>> {
        let indent = Indent::new(indent);
        Ok(Zeroizing::new(emit(self, indent)?))
    }
}

/// One document, ending with a line break. The error contains the path of a number that JSON can't
/// represent.
pub(crate) fn emit(node: &Node, indent: Indent) -> Result<String> {
    let mut out = String::new();
    emit_value(&mut out, node, indent, 0)?;
    out.push('\n');
    Ok(out)
}

/// Appends a subtree that begins on a line of indentation `depth`, without a final line break.
pub(crate) fn emit_value(
    out: &mut String,
    node: &Node,
    indent: Indent,
    depth: usize,
) -> Result<()> {
    emit_node(out, node, indent, depth).map_err(|path| Error::Unwritable {
        path: match path.strip_prefix('.').unwrap_or(&path) {
            "" => "the value".to_owned(),
            path => path.to_owned(),
        },
        message: "JSON has neither infinity nor NaN; keep it as a string, or write YAML".to_owned(),
    })
}

/// Appends a string in quotes.
pub(crate) fn spell_string(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text, Markup::Escaped);
    out.push('"');
}

/// Appends a string in quotes, without the escapes that only HTML needs.
pub(crate) fn spell_string_as_given(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text, Markup::Kept);
    out.push('"');
}

/// Appends one value, where `None` is null. Bytes that are not UTF-8 become one U+FFFD each.
pub(crate) fn spell(
    out: &mut String,
    value: Option<&Value<'_>>,
) -> std::result::Result<(), NotInJson> {
    let Some(value) = value else {
        out.push_str("null");
        return Ok(());
    };
    match value.kind {
        Type::Str | Type::Comment | Type::Time => {
            out.push('"');
            for chunk in value.bytes.utf8_chunks() {
                escape(out, chunk.valid(), Markup::Escaped);
                out.extend(std::iter::repeat_n(r"\ufffd", chunk.invalid().len()));
            }
            out.push('"');
        }
        Type::Bytes => spell_string(out, &STANDARD.encode(&value.bytes)),
        Type::Bool => out.push_str(if *value.bytes == *b"True" {
            "true"
        } else {
            "false"
        }),
        Type::Int => out.push_str(&String::from_utf8_lossy(&value.bytes)),
        Type::Float => {
            let number = str::from_utf8(&value.bytes)
                .ok()
                .and_then(parse_float)
                .filter(|number| number.is_finite());
            write_ecmascript(out, number.ok_or(NotInJson)?);
        }
    }
    Ok(())
}

/// The error is the path from `node` to the value, with `.key` or `[index]` for each level.
fn emit_node(
    out: &mut String,
    node: &Node,
    indent: Indent,
    depth: usize,
) -> std::result::Result<(), String> {
    match node {
        Node::Mapping(entries) => {
            out.push('{');
            for (index, entry) in entries.iter().enumerate() {
                begin_item(out, index, indent, depth);
                spell_string(out, &entry.key);
                out.push_str(": ");
                emit_node(out, &entry.value, indent, depth + 1)
                    .map_err(|path| format!(".{}{path}", entry.key))?;
            }
            end_items(out, entries.len(), indent, depth);
            out.push('}');
        }
        Node::Sequence(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                begin_item(out, index, indent, depth);
                emit_node(out, item, indent, depth + 1)
                    .map_err(|path| format!("[{index}]{path}"))?;
            }
            end_items(out, items.len(), indent, depth);
            out.push(']');
        }
        Node::Scalar(value) => spell(out, value.as_ref()).map_err(|NotInJson| String::new())?,
    }
    Ok(())
}

fn begin_item(out: &mut String, index: usize, indent: Indent, depth: usize) {
    if index > 0 {
        out.push(',');
    }
    break_line(out, indent, depth + 1);
}

fn end_items(out: &mut String, count: usize, indent: Indent, depth: usize) {
    if count > 0 {
        break_line(out, indent, depth);
    }
}

fn break_line(out: &mut String, indent: Indent, depth: usize) {
    out.push('\n');
    match indent {
        Indent::Tab => out.extend(std::iter::repeat_n('\t', depth)),
        Indent::Spaces(spaces) => out.extend(std::iter::repeat_n(' ', spaces * depth)),
    }
}

/// Whether `<`, `>` and `&` are escaped, as Go does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Markup {
    Escaped,
    Kept,
}

/// Escapes the characters that JSON requires, HTML markup if asked, and JavaScript's line
/// separators, as Go does.
fn escape(out: &mut String, text: &str, markup: Markup) {
    // Almost all strings need no escapes. A check without branches processes many bytes at a time.
    let stays = |byte: u8| {
        (b' '..=b'~').contains(&byte) & !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&')
    };
    if text.bytes().fold(true, |all, byte| all & stays(byte)) {
        return out.push_str(text);
    }
    let mut written = 0;
    for (at, character) in text.char_indices() {
        let named = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\x08' => "\\b",
            '\x0c' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '<' | '>' | '&' if markup == Markup::Kept => continue,
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => "",
            _ => continue,
        };
        out.push_str(&text[written..at]);
        written = at + character.len_utf8();
        if named.is_empty() {
            // Writing onto a `String` cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push_str(named);
        }
    }
    out.push_str(&text[written..]);
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;
    use crate::tree::tests::from_vector;
    use sops_test_support::vectors;

    #[derive(serde::Deserialize)]
    struct Vector {
        tree: serde_json::Value,
        indent: i32,
        json: String,
    }

    #[test]
    fn trees_are_written_as_in_sops() {
        for vector in vectors::read::<Vector>("emit-json.jsonl") {
            let indent = usize::try_from(vector.indent).map_or(Indent::Tab, Indent::Spaces);
            let written = emit(&from_vector(&vector.tree), indent);
            assert_eq!(written.ok(), Some(vector.json));
        }
    }

    #[test]
    fn values_are_spelled_as_in_go() {
        for (kind, bytes, spelled) in [
            (
                Type::Str,
                &b"<a & \"b\">\x01\x7f\n"[..],
                r#""\u003ca \u0026 \"b\"\u003e\u0001"#.to_owned() + "\x7f\\n\"",
            ),
            (
                Type::Str,
                "é😀\u{2028}".as_bytes(),
                r#""é😀\u2028""#.to_owned(),
            ),
            (
                Type::Str,
                b"a\xe2\x80b\xff",
                r#""a\ufffd\ufffdb\ufffd""#.to_owned(),
            ),
            (Type::Float, b"1000000000000000000000", "1e+21".to_owned()),
            (
                Type::Float,
                b"100000000000000000000",
                "100000000000000000000".to_owned(),
            ),
            (Type::Float, b"0.0000001", "1e-7".to_owned()),
            (Type::Float, b"0.000001", "0.000001".to_owned()),
            (Type::Float, b"-0", "-0".to_owned()),
            (Type::Bool, b"True", "true".to_owned()),
            (
                Type::Time,
                b"2024-01-02T03:04:05Z",
                "\"2024-01-02T03:04:05Z\"".to_owned(),
            ),
            (Type::Bytes, b"\xff\x00", "\"/wA=\"".to_owned()),
        ] {
            let mut out = String::new();
            let value = Value {
                kind,
                bytes: Cow::Borrowed(bytes),
            };
            assert_eq!((spell(&mut out, Some(&value)), out), (Ok(()), spelled));
        }
    }

    #[test]
    fn a_number_that_json_cannot_represent_is_named_by_its_path() {
        for number in ["NaN", "+Inf", "-Inf"] {
            let tree = from_vector(
                &json!({"map": [["a", {"seq": [null, {"map": [["b", {"float": number}]]}]}]]}),
            );
            let error = emit(&tree, Indent::Tab).expect_err("JSON can't represent the number");
            assert!(error.to_string().starts_with("a[1].b: "), "{error}");
        }
    }
}
