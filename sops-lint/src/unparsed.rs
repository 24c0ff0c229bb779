//! Finds Secrets line by line in text that does not parse: someone may fix it later, and other
//! programs may be less strict.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// The maximum distance in bytes between `kind` and its value, enough for a tag, an anchor and
/// quotes.
const KIND_DISTANCE: usize = 64;

/// Line breaks, including those of YAML 1.1.
const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// A value that probably belongs to a Secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LiteralValue {
    /// The range of the value in the text.
    pub(crate) span: Range<usize>,
    /// The key of the value, or of the field.
    pub(crate) key: String,
}

/// A line that probably belongs to a Secret.
pub(crate) struct LineValue<'t> {
    /// The key of the value, or of the field.
    pub(crate) key: &'t str,
    /// The value, without quotes.
    pub(crate) value: &'t str,
    /// Whether the line is part of a multi-line value, such as a configuration, and not a separate
    /// value.
    pub(crate) is_in_text: bool,
}

/// Whether the text says that an object is a Secret, in block style, in flow style or in JSON.
pub(crate) fn names_secret(text: &str) -> bool {
    // Most files lack the word, and every file is searched.
    static WORD: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(["Secret"]).expect("one word makes a search"));
    let bytes = text.as_bytes();
    let words = WORD.find_iter(bytes);
    words
        .map(|word| word.range())
        .any(|word| kind_before(bytes, word.start).is_some())
}

/// The position of the key `kind` of a Secret whose value is at this position; `None` for another
/// word, or the value of another key.
pub(crate) fn kind_before(bytes: &[u8], word: usize) -> Option<usize> {
    let after = &bytes[word + "Secret".len()..];
    let after = after.strip_prefix(b"List").unwrap_or(after);
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if after.first().is_some_and(is_word) {
        return None;
    }
    // Spaces do not count.
    let end = bytes[..word].trim_ascii_end().len();
    let start = end.saturating_sub(KIND_DISTANCE);
    kind_at_end(&bytes[start..end]).map(|at| start + at)
}

/// The position of a key `kind` at the end of the text, without a value after it.
fn kind_at_end(before: &[u8]) -> Option<usize> {
    let at = before.windows(4).rposition(|word| word == b"kind")?;
    // A key with this ending, such as `mankind`, is another key.
    let is_other = at > 0
        && (before[at - 1].is_ascii_alphanumeric() || b"_-".contains(&before[at - 1]))
        && !before[..at].ends_with(b"\\n");
    let between = String::from_utf8_lossy(&before[at + 4..]);
    let mut words = between.split(|c: char| c.is_whitespace() || "\"'\0\\".contains(c));
    let is_mark =
        |word: &str| word.starts_with(['!', '&']) || word.chars().all(|c| ":|>-+?{".contains(c));
    let is_kind = !is_other && between.contains(':') && words.all(is_mark);
    is_kind.then_some(at)
}

/// The first plaintext value of a probable Secret. `is_secret` judges each document of the text,
/// and `is_open` the text of a value without quotes.
pub(crate) fn literal(
    text: &str,
    is_secret: impl Fn(&str) -> bool,
    is_open: impl Fn(&LineValue<'_>) -> bool,
) -> Option<LiteralValue> {
    let mut start = 0;
    documents(text).find_map(|document| {
        let begin = start;
        start += document.len();
        if !is_secret(document) {
            return None;
        }
        let literal = in_document(document, &is_open)?;
        Some(LiteralValue {
            span: literal.span.start + begin..literal.span.end + begin,
            key: literal.key,
        })
    })
}

/// The text of an editor's swap file, whose lines end with zeros and are in reverse order.
pub(crate) fn of_swap_file(text: &str) -> String {
    let lines: Vec<&str> = text
        .split('\0')
        .rev()
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

/// The documents of a stream, each with the `---` that it begins with.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find("\n---").map_or(rest.len(), |at| at + 1);
        let (document, after) = rest.split_at(end);
        rest = after;
        Some(document)
    })
}

fn in_document(text: &str, is_open: &impl Fn(&LineValue<'_>) -> bool) -> Option<LiteralValue> {
    // The current field, and its column. In brackets, its lines may be in any column.
    let mut field: Option<(Option<usize>, &str)> = None;
    // A multi-line value: the column of its key, and its key.
    let mut block: Option<(usize, &str)> = None;
    let mut is_comment = false;
    let mut start = 0;
    for line in text.split_inclusive(BREAKS) {
        let begin = start;
        start += line.len();
        let content =
            line.trim_start_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
        let indent = line.len() - content.len();
        let content = content.trim_end_matches(|c: char| c.is_whitespace() || c == '\0');
        if content.is_empty() || content.starts_with('#') || is_marker(line) {
            continue;
        }
        let is_in_comment = is_comment;
        is_comment = is_comment_open(content, is_comment);
        if is_in_comment || is_comment {
            continue;
        }
        let is_item = content.starts_with('-');
        let is_outside = |column: usize| indent < column || indent == column && !is_item;
        if field.is_some_and(|(column, _)| column.is_some_and(is_outside)) && !is_action(content) {
            field = None;
        }
        let (prefix, inner) = without_indicators(content);
        let at = begin + indent + prefix;
        if let Some((_, name)) = field {
            if !is_action(content) {
                block = block.filter(|(column, _)| indent > *column);
            }
            let key = block.map_or(name, |(_, key)| key);
            if let Some(key) = of_line(key, inner, block.is_some(), is_open) {
                let span = at..at + inner.len();
                return Some(LiteralValue { span, key });
            }
            let begins = || block_key(inner).map(|key| (indent + prefix, key));
            block = block.or_else(begins);
            continue;
        }
        block = None;
        if is_whole_action(content) {
            continue;
        }
        // Several fields may be in one line of flow style or JSON.
        let mut rest = inner;
        while let Some((name, after)) = next_field(rest) {
            let value = after.trim_start();
            let value = without_properties(value);
            if value.is_empty() || value.starts_with(['|', '>', '#']) {
                field = Some((Some(indent + prefix), name));
                break;
            }
            if is_action(value) {
                break;
            }
            let (inside, after) = match value.strip_prefix(['{', '[']) {
                Some(inside) => of_brackets(inside),
                None => (value, ""),
            };
            let is_cut = after.is_empty() && value.starts_with(['{', '[']);
            if let Some(key) = of_flow(name, inside, is_open) {
                let offset = inside.as_ptr() as usize - text.as_ptr() as usize;
                let span = offset..offset + inside.len();
                return Some(LiteralValue { span, key });
            }
            if is_cut {
                // The brackets close on another line: all lines from here on may be in them.
                field = Some((None, name));
                break;
            }
            rest = after;
        }
    }
    None
}

/// Whether the text begins with a template action.
fn is_action(content: &str) -> bool {
    content.starts_with("{{") || content.starts_with("{%") || content.starts_with("<%")
}

/// Whether a line consists only of template actions.
fn is_whole_action(content: &str) -> bool {
    is_action(content) && ["}}", "%}", "%>"].iter().any(|end| content.ends_with(end))
}

/// Whether a template comment continues after a line.
fn is_comment_open(content: &str, is_open: bool) -> bool {
    if is_open {
        return !content.contains("*/");
    }
    let comment = content
        .strip_prefix("{{")
        .map(|rest| rest.trim_start_matches(['-', ' ']));
    comment.is_some_and(|comment| comment.starts_with("/*") && !comment.contains("*/"))
}

/// The key of a line that begins a block scalar.
fn block_key(line: &str) -> Option<&str> {
    let (key, value) = line.rsplit_once(": ")?;
    is_block_header(value.trim()).then_some(unquoted(key))
}

fn is_block_header(value: &str) -> bool {
    value.starts_with(['|', '>']) && value.len() <= 3
}

fn is_marker(line: &str) -> bool {
    sops_document::is_conflict_marker(line.as_bytes())
}

/// The length of the indicators before a key or an item, and the text after them.
fn without_indicators(content: &str) -> (usize, &str) {
    let inner = content.trim_start_matches(|c: char| "-?:".contains(c) || c.is_whitespace());
    match content.starts_with(['-', '?', ':']) {
        true => (content.len() - inner.len(), inner),
        false => (0, content),
    }
}

/// The text after tags and anchors.
fn without_properties(mut value: &str) -> &str {
    while value.starts_with(['!', '&']) {
        value = value
            .split_once(char::is_whitespace)
            .map_or("", |(_, rest)| rest.trim_start());
    }
    value
}

/// The next key `data` or `stringData`, with any text before it on the line, and the text after its
/// colon.
fn next_field(line: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let mut at = 0;
    while let Some(colon) = line[at..].find(':').map(|colon| at + colon) {
        let key = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let begin = key.rfind(|c| !is_part(c)).map_or(0, |last| {
            last + key[last..].chars().next().map_or(1, char::len_utf8)
        });
        let key = key.get(begin..).unwrap_or_default();
        let is_field = key.len() <= 16
            && key.to_ascii_lowercase().contains("data")
            && !key.eq_ignore_ascii_case("metadata");
        if is_field {
            return Some((key, &line[colon + 1..]));
        }
        at = colon + 1;
    }
    None
}

/// The text up to the bracket that closes an open one, and the text after it; the whole text if no
/// bracket closes it.
fn of_brackets(inside: &str) -> (&str, &str) {
    let mut depth = 1_usize;
    for (at, c) in inside.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&inside[..at], &inside[at + 1..]);
        }
    }
    (inside, "")
}

/// The key of the plaintext value on a line under the field.
fn of_line(
    field: &str,
    line: &str,
    is_in_text: bool,
    is_open: &impl Fn(&LineValue<'_>) -> bool,
) -> Option<String> {
    if line.starts_with(['{', '"', '[']) && !is_action(line) {
        return of_flow(field, line, is_open);
    }
    let pair = line
        .split_once(": ")
        .or_else(|| Some((line.strip_suffix(':')?, "")));
    let (key, value) = match pair.filter(|_| !is_whole_action(line)) {
        Some((key, value)) => (key.trim(), value),
        None => (field, line),
    };
    let value = without_properties(value.trim());
    let is_open = |key: &str, value: &str| {
        is_open(&LineValue {
            key,
            value,
            is_in_text,
        })
    };
    (!is_block_header(value) && is_literal(key, value, is_open)).then(|| unquoted(key).to_owned())
}

/// The key of a plaintext value among entries in brackets or in JSON.
fn of_flow(field: &str, inside: &str, is_open: &impl Fn(&LineValue<'_>) -> bool) -> Option<String> {
    entries(inside).find_map(|entry| {
        let entry = entry.trim();
        let (key, value) = entry
            .split_once(": ")
            .or_else(|| entry.split_once("\":"))
            .unwrap_or((field, entry));
        let value = without_properties(value.trim().trim_end_matches(':'));
        let is_open = |key: &str, value: &str| {
            is_open(&LineValue {
                key,
                value,
                is_in_text: false,
            })
        };
        is_literal(key, value, is_open).then(|| unquoted(key).to_owned())
    })
}

/// The parts between commas and brackets. Those inside a template action do not divide parts.
fn entries(inside: &str) -> impl Iterator<Item = &str> {
    const MARKS: [char; 5] = [',', '{', '}', '[', ']'];
    let mut rest = Some(inside);
    let mut has_end = true;
    std::iter::from_fn(move || {
        let text = rest?;
        let mut from = 0;
        while let Some(at) = text[from..].find(MARKS).map(|offset| from + offset) {
            let end = match has_end && text[at..].starts_with("{{") {
                true => text[at..].find("}}").map(|length| at + length + 2),
                false => None,
            };
            match end {
                Some(end) => from = end,
                None => {
                    // Without this, every `{{` would be scanned to the end.
                    has_end &= !text[at..].starts_with("{{");
                    rest = Some(&text[at + 1..]);
                    return Some(&text[..at]);
                }
            }
        }
        rest = None;
        Some(text)
    })
}

fn is_literal(key: &str, value: &str, is_open: impl Fn(&str, &str) -> bool) -> bool {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let value = unquoted(value.trim_end_matches(','));
    let is_nothing =
        matches!(value, "" | "null" | "~" | "-" | "\"" | "'") || value.starts_with('#');
    !is_nothing && is_open(unquoted(key), value)
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(text: &str) -> Option<String> {
        let literal = literal(text, names_secret, |line| {
            !line.value.contains("{{") && !line.value.contains("${")
        })?;
        assert!(text.get(literal.span).is_some(), "{text:?}");
        Some(literal.key)
    }

    #[test]
    fn a_kind_is_recognized_in_every_style() {
        for text in [
            "kind: Secret",
            "kind : Secret # c",
            "'kind': \"Secret\"",
            "kind: !!str Secret",
            "kind: &a Secret\n",
            "{apiVersion: v1, kind: Secret, x",
            "{\"kind\":\"Secret\"}",
            "? kind\n: Secret",
            "kind: >-\n  Secret",
            "kind: SecretList",
            "\"{\\\"kind\\\": \\\"Secret\\\"}\"",
        ] {
            assert!(names_secret(text), "{text}");
        }
        for text in [
            "kind: SecretStore",
            "kind: ExternalSecret",
            "kind: Secret-x",
            "a kind of Secret",
            "kind: Pod # Secret",
            "mankind: Secret",
            "kind: SealedSecret",
        ] {
            assert!(!names_secret(text), "{text}");
        }
    }

    #[test]
    fn values_are_found_in_unparsable_text() {
        for text in [
            "kind: Secret\nstringData:\n  a: hunter2\n\tb: c\n",
            "kind: Secret\nstringData: {a: hunter2\n",
            "kind: Secret\rstringData:\r  a: hunter2\rb: [",
            "kind: Secret\ndata:\n<<<<<<< HEAD\n  a: hunter2\n=======\n",
            "kind: Secret\nstringData:\n  b: |\n    hunter2\n  a: '",
            "{\"kind\": \"Secret\", \"stringData\": {\"a\": \"hunter2\"}} {",
            "{\n\"kind\": \"Secret\",\n\"stringData\": {\n\"a\": \"hunter2\",\n}} {",
            "kind: Secret\nstringData: hunter2\n: [",
            "x: [\n---\nkind: Secret\ndata:\n- hunter2\n",
            "kind: Secret\nstringDatas: &x !!map\n  a: hunter2\n [",
        ] {
            assert!(key_of(text).is_some(), "{text}");
        }
    }

    #[test]
    fn actions_and_other_documents_contain_no_values() {
        for text in [
            "kind: Secret\nstringData:\n  a: {{ .b }}\n  c: ${D}\n",
            "kind: Secret\ndata: {{ toYaml .x }}\n",
            "kind: Secret\nmetadata: {labels: {a: b}}\ntype: Opaque\n",
            "kind: Secret\ndata:\n---\nkind: ConfigMap\ndata:\n  a: b\n",
            "kind: Secret\ndata:\n# a: b\n\ntype: Opaque\n",
            "kind: Pod\ndata:\n  a: b\n",
            "kind: Secret\ndata: {}\n",
        ] {
            assert_eq!(key_of(text), None, "{text}");
        }
    }
}
