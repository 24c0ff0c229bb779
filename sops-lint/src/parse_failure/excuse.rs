//! Files that are not broken although no Kubernetes program can read them: lists of tasks, JSON
//! with comments, and text with placeholders that must still be filled in.

use sops_document::{Document, Error, Format, NodeRef, Shape};

use super::text_shape::is_like_object;
use crate::context::Context;
use crate::manifest::is_manifest;

/// The characters around the name of a placeholder.
const PLACEHOLDERS: [(&str, &str); 6] = [
    ("@@", "@@"),
    ("${", "}"),
    ("{", "}"),
    ("<", ">"),
    ("@", "@"),
    ("%", "%"),
];

/// The maximum length of the name in a placeholder.
const NAME: usize = 64;

/// Whether the file is valid for the program that reads it.
pub(super) fn is_for_other_program(context: &Context<'_>, error: &Error) -> bool {
    let text = context.text();
    match context.format {
        Format::Json => is_json_with_comments(text),
        Format::Yaml => match error {
            Error::Syntax { .. } => parses_when_filled(text) || is_unit_test(text),
            _ => {
                is_list_of_other_things(text)
                    || text.lines().any(is_directive) && parses_when_filled(text)
            }
        },
        _ => false,
    }
}

/// Whether the text is a test for a chart: helm-unittest escapes the `\` of regular expressions
/// before it parses them.
fn is_unit_test(text: &str) -> bool {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("suite:") && has("tests:") && Document::parse_leniently(&text.replace('\\', "/")).is_ok()
}

/// Whether every document is a list, such as Ansible tasks, without Kubernetes objects.
fn is_list_of_other_things(text: &str) -> bool {
    let is_list = |top: NodeRef<'_, '_>| match top.shape() {
        Shape::Sequence => !top.items().any(is_manifest),
        Shape::Scalar => top.value().is_none(),
        Shape::Mapping => false,
    };
    Document::parse_leniently(text).is_ok_and(|document| document.tops().flatten().all(is_list))
}

/// Whether the text is JSON, apart from comments and trailing commas, and not a Kubernetes object.
fn is_json_with_comments(text: &str) -> bool {
    let is_json = |text: &str| {
        serde_json::from_str::<serde::de::IgnoredAny>(text.trim_start_matches('\u{feff}')).is_ok()
    };
    !is_like_object(text) && is_json(&without_comments(text))
}

/// JSON with spaces instead of comments and trailing commas.
fn without_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut comma = None;
    let mut at = 0;
    while at < bytes.len() {
        let length = match &bytes[at..] {
            [b'"', rest @ ..] => 1 + string_length(rest),
            rest @ [b'/', b'/', ..] => rest.iter().take_while(|byte| **byte != b'\n').count(),
            [b'/', b'*', rest @ ..] => {
                let end = rest.windows(2).position(|end| end == b"*/");
                end.map_or(1, |end| end + 4)
            }
            _ => 1,
        };
        match bytes[at] {
            b'/' if length > 1 => bytes[at..at + length].fill(b' '),
            b',' => comma = Some(at),
            b']' | b'}' => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
            }
            byte if !byte.is_ascii_whitespace() => comma = None,
            _ => {}
        }
        at += length;
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// The length of a JSON string, with its closing quote and without its opening quote.
fn string_length(rest: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = rest.iter().position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 1)
}

/// Whether the text is YAML once placeholders are filled in and lines of dots are removed. Secrets
/// in it were already searched for line by line.
fn parses_when_filled(text: &str) -> bool {
    let mut is_filled = false;
    let lines = text.lines().map(|line| {
        let filled = filled(line);
        is_filled |= filled.is_some();
        filled.unwrap_or_else(|| line.to_owned())
    });
    let lines: Vec<String> = lines.collect();
    is_filled && Document::parse_leniently(&lines.join("\n")).is_ok()
}

/// A line with words instead of placeholders; empty if the line consists of dots or of a directive.
/// `None` if it has none of them.
fn filled(line: &str) -> Option<String> {
    let is_left_out = matches!(line.trim().trim_start_matches("- "), "..." | "…");
    if is_left_out || is_directive(line) {
        return Some(String::new());
    }
    let mut left = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['@', '$', '{', '<', '%']) {
        let (before, inner) = rest.split_at(at);
        left.push_str(before);
        let length = placeholder_length(inner);
        match length {
            Some(_) => left.push('x'),
            None => left.push_str(&inner[..1]),
        }
        rest = &inner[length.unwrap_or(1)..];
    }
    let is_filled = rest.len() < line.len() && left.len() + rest.len() < line.len();
    left.push_str(rest);
    // The placeholder stands for whole lines.
    if is_filled && left.trim() == "x" {
        return Some(String::new());
    }
    is_filled.then_some(left)
}

/// Whether a line is a directive of FreeMarker, such as `<#if config.tls>`.
fn is_directive(line: &str) -> bool {
    let line = line.trim();
    (line.starts_with("<#") || line.starts_with("</#")) && line.ends_with('>')
}

/// The length of the placeholder that `text` begins with.
fn placeholder_length(text: &str) -> Option<usize> {
    PLACEHOLDERS.iter().find_map(|(begin, end)| {
        let inner = text.strip_prefix(begin)?;
        let length = inner.find(end).filter(|length| *length <= NAME)?;
        let is_part = |c: char| c.is_alphanumeric() || "_-. ".contains(c);
        let name = &inner[..length];
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(is_part)
            && !name.contains(": ");
        is_name.then_some(begin.len() + length + end.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_left_out_of_json() {
        for text in [
            "// a\n{\"a\": [1, 2,], /* b, */ }\n",
            "{\"url\": \"https://example.com\", // c\n \"b\": \"\\\"//\",\n}",
            "{}",
        ] {
            assert!(is_json_with_comments(text), "{text}");
        }
        for text in [
            "{\"a\": 1,, }",
            "{\"a\" 1}",
            "{\"a\": 1} /* x",
            "{\"apiVersion\": \"v1\", \"kind\": \"Pod\",}",
            "{a: 1}",
        ] {
            assert!(!is_json_with_comments(text), "{text}");
        }
    }

    #[test]
    fn names_between_delimiters_are_filled_in() {
        for line in [
            "clusterIP: {SERVICE_IP_PREFIX}.16",
            "image: @@IMAGE@@",
            "image: @IMAGE@:@TAG@",
            "name: %NAME%",
            "    ...",
            "<ANNOTATION_1>",
            "a:\n    <ANNOTATION_1>\n    b: c",
            "<#if config.tls?? && config.tls>\n  c: d\n</#if>",
        ] {
            let text = format!("kind: Service\nspec:\n  a: b\n  {line}\n");
            assert!(parses_when_filled(&text), "{line}");
        }
        for text in [
            "kind: Service\nspec: {a: b\n",
            "kind: Service\n a: b\n",
            "kind: Service\nspec: [a\n{b}: c\n",
        ] {
            assert!(!parses_when_filled(text), "{text}");
        }
    }
}
