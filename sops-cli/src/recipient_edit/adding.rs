//! Adds a recipient to the keys of one rule or key group.

use sops_core::document::{Error, NodeRef, Result, Shape};
use sops_core::tree::Node;
use sops_core::{Component, Document, Format, KeyPath};

use super::occurrence::{KeyHolder, line_end, line_start, parts};

/// The text with the recipient as the last age recipient of the rule or group. The name becomes a
/// comment, if the recipient gets a line of its own.
pub(super) fn with_recipient(
    document: &Document<'_>,
    holder: KeyHolder<'_, '_>,
    recipient: &str,
    name: Option<&str>,
) -> Result<String> {
    match holder.node.get("age") {
        Some(field) if field.shape() == Shape::Scalar && field.value().is_some() => {
            in_string(document, field.origin(), recipient, name)
        }
        Some(field) if field.shape() == Shape::Sequence => {
            in_list(document, field.origin(), recipient, name)
        }
        _ => {
            let list = Node::Sequence(vec![Node::from(recipient)]);
            let path = path_of(holder.node, Some(Component::Key("age".to_owned())))?;
            set(document, &path, &list, recipient, name)
        }
    }
}

/// Adds an item after the last one. The text is changed directly, so that aliases of the list get
/// the item too.
fn in_list(
    document: &Document<'_>,
    list: NodeRef<'_, '_>,
    recipient: &str,
    name: Option<&str>,
) -> Result<String> {
    let text = document.text();
    let Some(last) = list.items().last() else {
        let path = path_of(list, Some(Component::Index(0)))?;
        return set(document, &path, &Node::from(recipient), recipient, name);
    };
    let span = last.span();
    let (start, end) = (line_start(text, span.start), line_end(text, span.end));
    let head = &text[start..span.start];
    let comment = name.map(|name| format!(" # {name}")).unwrap_or_default();
    let line_break = line_break(text);
    let is_flow = text[list.span().start..].starts_with('[');
    if !is_flow && head.trim_start().starts_with('-') {
        let dash = head.find('-').unwrap_or_default();
        let spaces = head[dash + 1..]
            .chars()
            .take_while(|character| *character == ' ')
            .count();
        let indent = &head[..dash];
        let spaces = " ".repeat(spaces.max(1));
        // A block scalar ends with its line break.
        let end = match text[..span.end].ends_with('\n') {
            true => line_end(text, span.end - 1),
            false => end,
        };
        return Ok(format!(
            "{}{line_break}{indent}-{spaces}{recipient}{comment}{}",
            &text[..end],
            &text[end..]
        ));
    }
    if !is_flow {
        return Err(not_editable());
    }
    let quote = match &text[span.start..=span.start] {
        "\"" => "\"",
        _ => "",
    };
    let rest = text[span.end..end].trim_start();
    let after_comma = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    if head.trim().is_empty() && (after_comma.is_empty() || after_comma.starts_with('#')) {
        // Each item has a line of its own.
        let comma = if rest.starts_with(',') { "" } else { "," };
        let new_comma = if rest.starts_with(',') { "," } else { "" };
        return Ok(format!(
            "{}{comma}{}{line_break}{head}{quote}{recipient}{quote}{new_comma}{comment}{}",
            &text[..span.end],
            &text[span.end..end],
            &text[end..]
        ));
    }
    Ok(format!(
        "{}, {quote}{recipient}{quote}{}",
        &text[..span.end],
        &text[span.end..]
    ))
}

/// Sets a value that contains the recipient, and adds the comment.
fn set(
    document: &Document<'_>,
    path: &KeyPath,
    value: &Node,
    recipient: &str,
    name: Option<&str>,
) -> Result<String> {
    let changed = document.set(path, value)?;
    let changed = changed.map_or_else(|| document.text().as_bytes().to_vec(), |text| text.to_vec());
    let text = String::from_utf8(changed).map_err(|_| not_editable())?;
    Ok(match name {
        Some(name) => with_name(text, document.text(), recipient, name),
        None => text,
    })
}

/// The text with a comment at the end of the new recipient's line, if it has one of its own.
fn with_name(mut text: String, old: &str, recipient: &str, name: &str) -> String {
    let same = text
        .bytes()
        .zip(old.bytes())
        .take_while(|(new, old)| new == old)
        .count();
    let same = (0..=same).rev().find(|at| text.is_char_boundary(*at));
    let from = line_start(&text, same.unwrap_or_default());
    let Some(at) = text[from..].find(recipient).map(|at| from + at) else {
        return text;
    };
    let (start, end) = (line_start(&text, at), line_end(&text, at));
    let line = text[start..end].trim();
    let is_alone = line.strip_prefix('-').unwrap_or(line).trim() == recipient;
    if is_alone {
        text.insert_str(end, &format!(" # {name}"));
    }
    text
}

/// Adds to a string with one recipient or several.
fn in_string(
    document: &Document<'_>,
    field: NodeRef<'_, '_>,
    recipient: &str,
    name: Option<&str>,
) -> Result<String> {
    let text = document.text();
    let span = field.span();
    let source = &text[span.clone()];
    let value = field.as_str().ok_or_else(not_editable)?;
    let all: Vec<&str> = parts(value).collect();
    let Some(last) = all.last() else {
        let path = path_of(field, None)?;
        return set(document, &path, &Node::from(recipient), recipient, name);
    };
    if let [only] = all[..]
        && let Some(text) = as_list(text, field, only, recipient, name)
    {
        return Ok(text);
    }
    let end = source.rfind(last).map(|at| span.start + at + last.len());
    let end = end.ok_or_else(not_editable)?;
    let separator = match line_start(text, end) > span.start {
        // On a line of its own, like the recipients before it.
        true => {
            let start = line_start(text, end);
            let line = &text[start..end];
            let indent = &line[..line.len() - line.trim_start().len()];
            format!(",{}{indent}", line_break(text))
        }
        false => match source.contains(", ") {
            true => ", ".to_owned(),
            false => ",".to_owned(),
        },
    };
    Ok(format!(
        "{}{separator}{recipient}{}",
        &text[..end],
        &text[end..]
    ))
}

/// The text in which `age: RECIPIENT` has become a list, so that each recipient has a line for its
/// name. `None` if the string is not alone on its line.
fn as_list(
    text: &str,
    field: NodeRef<'_, '_>,
    only: &str,
    recipient: &str,
    name: Option<&str>,
) -> Option<String> {
    let span = field.span();
    let (start, end) = (line_start(text, span.start), line_end(text, span.end));
    let key = field.key_offset();
    let has_key = key >= start && text[key..span.start].trim_end() == "age:";
    let before = text[start..key].trim();
    let comment = text[span.end..end].trim_start();
    let is_alone = matches!(before, "" | "-") && (comment.is_empty() || comment.starts_with('#'));
    let source = &text[span.clone()];
    let is_simple = source.trim_matches(['"', '\'']) == only;
    if !has_key || !is_alone || !is_simple || field.is_aliased() {
        return None;
    }
    let column = text[start..key].chars().count();
    let indent = " ".repeat(column + 2);
    let line_break = line_break(text);
    let rest = &text[span.end..end];
    let name = name.map(|name| format!(" # {name}")).unwrap_or_default();
    Some(format!(
        "{}{line_break}{indent}- {source}{rest}{line_break}{indent}- {recipient}{name}{}",
        text[..span.start].trim_end_matches(' '),
        &text[end..]
    ))
}

/// The line breaks of the text.
fn line_break(text: &str) -> &'static str {
    match text.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    }
}

/// The path to a node in the text, and to a child of it.
pub(super) fn path_of(node: NodeRef<'_, '_>, child: Option<Component>) -> Result<KeyPath> {
    KeyPath::new(node.components().chain(child)).ok_or_else(not_editable)
}

pub(super) fn not_editable() -> Error {
    Error::Path {
        message:
            "sops-rs cannot edit recipients that are written in this form; change them in an editor"
                .to_owned(),
    }
}

/// Parses a `.sops.yaml`.
pub(super) fn parse(text: &str) -> Result<Document<'_>> {
    Document::parse(text, Format::Yaml)
}
