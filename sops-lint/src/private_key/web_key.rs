//! Finds private keys in JSON Web Keys (RFC 7517), in JSON as well as in YAML, TOML and strings
//! with escapes.

use std::ops::Range;

use super::key::{PrivateKey, is_mixed};

/// The maximum distance of a key's members from `kty`.
const NEAR: usize = 8 * 1024;

/// How many quotes and backslashes may follow a name: those of a string that is in a string.
const MAX_QUOTES: usize = 16;

/// The private member of the key whose `kty` is at this position, and the offset to continue at.
/// The key does not begin before `from`.
pub(super) fn key(bytes: &[u8], kty: Range<usize>, from: usize) -> (usize, Option<PrivateKey>) {
    let from = kty.start.saturating_sub(NEAR).max(from);
    let to = bytes.len().min(kty.end + NEAR);
    let before = &bytes[from..kty.start];
    let after = &bytes[kty.end..to];
    let members = match opening(before) {
        Some(begin) => from + begin..kty.end + closing(after),
        None => block(bytes, &kty, from..to),
    };
    let member = private_member(bytes, members.clone());
    (members.end.max(kty.end), member)
}

/// The position of the brace that is open at the end of the bytes.
fn opening(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0;
    bytes.iter().rposition(|byte| {
        match byte {
            b'}' => depth += 1,
            b'{' => depth -= 1,
            _ => {}
        }
        depth < 0
    })
}

/// The position of the brace that closes an opening brace before the bytes, or the end of the
/// bytes.
fn closing(bytes: &[u8]) -> usize {
    let mut depth = 0;
    let end = bytes.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        depth < 0
    });
    end.unwrap_or(bytes.len())
}

/// The lines around `kty` that are indented at least as much, as in a YAML mapping.
fn block(bytes: &[u8], kty: &Range<usize>, near: Range<usize>) -> Range<usize> {
    let line = bytes[near.start..kty.start]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(near.start, |at| near.start + at + 1);
    let column = kty.start - line;
    let is_in = |line: &[u8]| {
        // A table of TOML ends where the next one begins.
        if line.trim_ascii_start().starts_with(b"[") {
            return false;
        }
        // The dash of a list item counts as indentation.
        let begin = line.iter().position(|byte| !b" -".contains(byte));
        begin.is_none_or(|begin| begin >= column)
    };
    let is_first = |line: &[u8]| line[..column.min(line.len())].contains(&b'-');
    let mut start = line;
    while start > near.start && !is_first(&bytes[start..near.end]) {
        let before = &bytes[near.start..start - 1];
        let at = before.iter().rposition(|byte| *byte == b'\n');
        let at = at.map_or(near.start, |at| near.start + at + 1);
        if !is_in(&bytes[at..start - 1]) {
            break;
        }
        start = at;
    }
    let mut end = kty.end;
    for (number, line) in bytes[kty.end..near.end]
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
    {
        if number > 0 && (!is_in(line) || is_first(line)) {
            break;
        }
        end += line.len();
    }
    start..end
}

fn private_member(bytes: &[u8], members: Range<usize>) -> Option<PrivateKey> {
    let text = &bytes[members.clone()];
    let is_symmetric = values_of(text, b"kty").any(|(_, value)| value == b"oct");
    let name: &[u8] = if is_symmetric { b"k" } else { b"d" };
    let mut values = values_of(text, name);
    let (at, value) = values.find(|(_, value)| value.len() >= 32 && is_mixed(value))?;
    Some(PrivateKey {
        span: members.start + at..members.start + at + value.len(),
        description: "a private key as a JSON Web Key",
        certain: true,
        encoded: false,
    })
}

/// The values of the members with that name, and their positions. A value consists of base64url
/// characters.
fn values_of<'m>(members: &'m [u8], name: &'m [u8]) -> impl Iterator<Item = (usize, &'m [u8])> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\');
    let value_after = move |colon: usize| {
        let key = members[..colon].trim_ascii_end();
        let quotes = key.iter().rev().take(MAX_QUOTES);
        let quotes = quotes.take_while(|byte| is_quote(byte)).count();
        let before = key[..key.len() - quotes].strip_suffix(name)?;
        if before.last().is_some_and(is_part) {
            return None;
        }
        let rest = &members[colon + 1..];
        let begin = rest
            .iter()
            .position(|byte| !byte.is_ascii_whitespace() && !is_quote(byte))?;
        let length = rest[begin..].iter().position(|byte| !is_part(byte));
        let end = length.map_or(rest.len(), |length| begin + length);
        let is_whole = rest.get(end).is_none_or(|byte| {
            is_quote(byte) || byte.is_ascii_whitespace() || b",}#".contains(byte)
        });
        is_whole.then_some((colon + 1 + begin, &rest[begin..end]))
    };
    let colons = members
        .iter()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, b':' | b'='));
    colons.filter_map(move |(colon, _)| value_after(colon))
}
