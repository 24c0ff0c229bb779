//! A reserved entry as a member of a flow mapping: in JSON, and in YAML between braces.
//!
//! It goes after the last member. Comments after that member stay before the entry, so that Go's
//! library still assigns them to the same node; the entry then has a line of its own before the
//! bracket.

use serde_json::{Map, Value as Json};

use super::inline::{compact, pretty};
use super::top::Top;
use crate::edit::site::{content_end, last_child};
use crate::format::Format;
use crate::yaml::entry_range::Separation;
use crate::yaml::source;
use crate::{Document, Item, Style};

/// Where the entry goes.
struct InsertionPoint {
    at: usize,
    /// Whether a comma goes before the entry.
    comma: bool,
    /// Whether the entry has its own line.
    own_line: bool,
}

impl InsertionPoint {
    /// Where the entry goes in the flow mapping whose `Open` is at `top` and which ends at `end`.
    fn of(document: &Document<'_>, top: usize, end: usize) -> Self {
        let text = document.text;
        let is_empty = document.children(top).next().is_none();
        let members_end = if is_empty {
            document.node_start(top) + 1
        } else {
            members_end(document, top)
        };
        let Some(between) = Separation::of(text, members_end..end - 1) else {
            return Self {
                at: members_end,
                comma: !is_empty,
                own_line: false,
            };
        };
        // A comma after the comments stays the last one; one before them is after the last member.
        let comma = between.own_comma();
        Self {
            at: source::line_start(text, comma.unwrap_or(end - 1)),
            comma: !is_empty && (comma.is_some() || between.comma.is_none()),
            own_line: true,
        }
    }
}

/// Where the last member of the mapping at `top` ends.
fn members_end(document: &Document<'_>, top: usize) -> usize {
    let last = last_child(document, top);
    let end = content_end(document, last);
    match &document.tape[last] {
        // A comma directly after a tag or a `:` would be part of the tag or the key.
        Item::Leaf(leaf) if leaf.span.range().is_empty() || leaf.style == Style::Tagged => {
            let rest = &document.text[end..];
            end + rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()
        }
        _ => end,
    }
}

/// Where the text changes when the entry is put into the mapping.
pub(super) fn offset(document: &Document<'_>, top: usize, end: usize) -> usize {
    InsertionPoint::of(document, top, end).at
}

/// Appends the entry of the flow mapping at the top of the document.
pub(super) fn insert(
    document: &Document<'_>,
    top: &Top,
    key: &str,
    tree: &Map<String, Json>,
    out: &mut String,
) {
    let span = &top.span;
    let point = InsertionPoint::of(document, top.index, span.end);
    let inside = &document.text[span.start + 1..span.end - 1];
    // The white space before the first member also goes before this one.
    let lead = &inside[..inside.len() - inside.trim_start_matches([' ', '\t', '\r', '\n']).len()];
    let indent = lead
        .rsplit(['\n', '\r'])
        .next()
        .expect("a split string has at least one part");
    if point.own_line {
        out.push_str(if lead.len() > indent.len() {
            indent
        } else {
            ""
        });
        out.push_str(if point.comma { ", " } else { "" });
    } else if point.comma {
        out.push(',');
        out.push_str(lead);
    }
    let is_yaml = document.format == Format::Yaml;
    let multi_line = !is_yaml && lead.contains('\n') && point.comma;
    let value = if multi_line {
        pretty(tree, indent)
    } else {
        compact(tree)
    };
    out.push_str(&Json::from(key).to_string());
    out.push_str(if multi_line || is_yaml { ": " } else { ":" });
    if lead.contains("\r\n") {
        out.push_str(&value.replace('\n', "\r\n"));
    } else {
        out.push_str(&value);
    }
    if point.own_line {
        out.push_str(source::first_line_break(document.text));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Document, Format, ReservedValue};

    /// Comments after the last member stay before the entry, as `sops` 3.13.3 finds them before it.
    #[test]
    fn the_entry_goes_before_the_bracket() {
        let tree = json!({"mac": "ENC[x]"}).as_object().cloned();
        let value = ReservedValue::Tree(tree.unwrap_or_default(), Vec::new());
        for (text, expected) in [
            ("{}\n", "{ENTRY}\n"),
            ("{a: 1,}\n", "{a: 1,ENTRY,}\n"),
            ("{\n  a: 1\n}\n", "{\n  a: 1,\n  ENTRY\n}\n"),
            ("{\n  a: 1, #\n\n}\n", "{\n  a: 1, #\n\n  ENTRY\n}\n"),
            ("{\n  a: 1 #\n  , }\n", "{\n  a: 1 #\n  , ENTRY\n  , }\n"),
            ("{ #\r\n}", "{ #\r\nENTRY\r\n}"),
            ("{a: , b: }", "{a: , b: ,ENTRY}"),
        ] {
            let document = Document::parse_reserving(text, Format::Yaml, "sops").expect(text);
            let at = document.reserved_offset(0);
            let mut written = text[..at].to_owned();
            document.insert_reserved(0, &value, 4, &mut written);
            written.push_str(&text[at..]);
            let shown = written.replace(r#""sops": {"mac": "ENC[x]"}"#, "ENTRY");
            assert_eq!(shown, expected);
        }
    }
}
