//! Parses text like `github.com/joho/godotenv` 1.5.1, which ksops uses for `envs`.

use std::collections::HashMap;

use zeroize::Zeroizing;

/// Keys and values in the order of the file.
pub(super) type Entries = Vec<(String, Zeroizing<String>)>;

/// The entries in `text`. A repeated key has its last value in its first position.
///
/// # Errors
/// The number of an invalid line.
pub(super) fn parse(text: &str) -> Result<Entries, usize> {
    let text = Zeroizing::new(text.replace("\r\n", "\n"));
    let mut entries = Entries::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut rest = statement(&text);
    while !rest.is_empty() {
        let line = || text[..text.len() - rest.len()].matches('\n').count() + 1;
        let (key, after_key) = key(rest).ok_or_else(line)?;
        let known = |name: &str| positions.get(name).map(|at| entries[*at].1.as_str());
        let (value, remainder) = value(after_key, &known).ok_or_else(line)?;
        match positions.get(key) {
            Some(at) => entries[*at].1 = value,
            None => {
                positions.insert(key.to_owned(), entries.len());
                entries.push((key.to_owned(), value));
            }
        }
        rest = statement(remainder);
    }
    Ok(entries)
}

/// The text from the first character that is neither white space nor part of a comment line.
fn statement(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('#') {
        rest = rest.find('\n').map_or("", |end| rest[end..].trim_start());
    }
    rest
}

/// Whether the character is white space except a line break.
fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}'
    )
}

/// The key and the text after its `=` or `:`. As in godotenv, each byte is treated as a character.
fn key(text: &str) -> Option<(&str, &str)> {
    let text = match text.strip_prefix("export") {
        Some(rest) if rest.starts_with(is_space) => rest.trim_start_matches(is_space),
        _ => text,
    };
    for (at, byte) in text.bytes().enumerate() {
        let character = char::from(byte);
        match byte {
            b'=' | b':' => {
                let rest = text[at + 1..].trim_start_matches(is_space);
                return Some((text[..at].trim_end(), rest));
            }
            b'_' | b'.' => {}
            _ if is_space(character) || character.is_alphanumeric() => {}
            _ => return None,
        }
    }
    // Without `=` or `:`, the key is empty, and the scanned text is its value.
    Some(("", text.trim_start_matches(is_space)))
}

/// The value at the start of the text, and the text after it.
fn value<'t, 'v>(
    text: &'t str,
    known: &dyn Fn(&str) -> Option<&'v str>,
) -> Option<(Zeroizing<String>, &'t str)> {
    let Some(quote) = text.chars().next().filter(|first| "'\"".contains(*first)) else {
        let end = text.find(['\n', '\r']).unwrap_or(text.len());
        let value = without_comment(&text[..end]).trim_matches(is_space);
        return Some((expand(value, known), &text[end..]));
    };
    let mut quotes = text.match_indices(quote).map(|(at, _)| at).skip(1);
    let end = quotes.find(|at| !text[..*at].ends_with('\\'))?;
    let content = text[..end].trim_matches(quote);
    let value = if quote == '"' {
        expand(&unescape(content), known)
    } else {
        Zeroizing::new(content.to_owned())
    };
    Some((value, &text[end + 1..]))
}

/// The line up to the last `#` that follows a space.
fn without_comment(line: &str) -> &str {
    let mut marks = line.rmatch_indices('#').map(|(at, _)| at);
    marks
        .find(|at| line[..*at].ends_with(is_space))
        .map_or(line, |at| &line[..at])
}

/// `\n` and `\r` are line breaks. After a backslash, other characters except `$` stand for
/// themselves.
fn unescape(text: &str) -> Zeroizing<String> {
    // In two rounds, as in godotenv: the second round processes the output of the first.
    let mut first = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        first.push(character);
        if character != '\\' {
            continue;
        }
        let Some(next) = rest.next() else { break };
        match next {
            'n' | 'r' => {
                first.pop();
                first.push(if next == 'n' { '\n' } else { '\r' });
            }
            _ => first.push(next),
        }
    }
    let mut second = Zeroizing::new(String::with_capacity(first.len()));
    let mut rest = first.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('\\', Some(next)) if *next != '$' => second.extend(rest.next()),
            _ => second.push(character),
        }
    }
    second
}

/// Replaces `$KEY` and `${KEY}` with the values of earlier keys, or with nothing if the key is
/// unknown. After a backslash, the text is kept without the backslash.
fn expand<'v>(text: &str, known: &dyn Fn(&str) -> Option<&'v str>) -> Zeroizing<String> {
    // All output comes from the text or the values, so this rarely reallocates, and the allocator
    // wipes freed memory.
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let escaped = rest[..at].ends_with('\\');
        out.push_str(&rest[..at - usize::from(escaped)]);
        let reference = Reference::at(&rest[at..]);
        let matched = &rest[at..at + reference.length];
        if escaped || reference.name.is_empty() {
            out.push_str(matched);
        } else {
            out.push_str(known(reference.name).unwrap_or_default());
        }
        rest = &rest[at + reference.length..];
    }
    out.push_str(rest);
    out
}

/// Parses `$`, an optional `(`, an optional `{`, an optional name and an optional `}`.
struct Reference<'t> {
    name: &'t str,
    length: usize,
}

impl<'t> Reference<'t> {
    fn at(text: &'t str) -> Self {
        let rest = &text[1..];
        let rest = rest.strip_prefix('(').unwrap_or(rest);
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let (name, rest) = rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()));
        let rest = rest.strip_prefix('}').unwrap_or(rest);
        Self {
            name,
            length: text.len() - rest.len(),
        }
    }
}
