//! Private keys that have a name beside them and no mark in them: those of JSON Web Keys and of WireGuard.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{PrivateKey, is_base64, is_mixed};

/// What names such a key.
const NAMES: [&str; 2] = ["\"kty\"", "PrivateKey"];

/// How far the members of a JSON Web Key are from `kty`.
const NEAR: usize = 8 * 1024;

static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(NAMES).ok());

pub(super) fn find(bytes: &[u8], found: &mut Vec<PrivateKey>) {
    let Some(search) = SEARCH.as_ref() else {
        return;
    };
    let mut done = 0;
    for name in search.find_iter(bytes) {
        if name.start() < done {
            continue;
        }
        if name.pattern().as_usize() == 1 {
            found.extend(wire_guard(bytes, name.start(), name.end()));
            continue;
        }
        let from = name.start().saturating_sub(NEAR).max(done);
        let begin = bytes[from..name.start()]
            .iter()
            .rposition(|byte| *byte == b'{');
        let rest = &bytes[name.end()..bytes.len().min(name.end() + NEAR)];
        let length = rest
            .iter()
            .position(|byte| *byte == b'}')
            .unwrap_or(rest.len());
        done = name.end() + length;
        if let Some(begin) = begin {
            found.extend(web_key(bytes, from + begin, done));
        }
    }
}

/// The private member of a JSON Web Key.
fn web_key(bytes: &[u8], start: usize, end: usize) -> Option<PrivateKey> {
    let members = &bytes[start..end];
    let is_symmetric = value_of(members, b"\"kty\"").is_some_and(|(_, value)| value == b"oct");
    let name: &[u8] = if is_symmetric { b"\"k\"" } else { b"\"d\"" };
    let (at, value) = value_of(members, name)?;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_key = value.len() >= 32 && value.iter().all(is_part) && is_mixed(value);
    is_key.then(|| PrivateKey {
        span: start + at..start + at + value.len(),
        what: "a private key as a JSON Web Key",
        certain: true,
        encoded: false,
    })
}

/// The text of a member, and where it begins.
fn value_of<'m>(members: &'m [u8], name: &[u8]) -> Option<(usize, &'m [u8])> {
    let at = members.windows(name.len()).position(|part| part == name)? + name.len();
    let rest = &members[at..];
    let begin = rest.iter().position(|byte| *byte == b'"')?;
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == b':';
    rest[..begin].iter().all(is_space).then_some(())?;
    let length = rest[begin + 1..].iter().position(|byte| *byte == b'"')?;
    Some((at + begin + 1, &rest[begin + 1..begin + 1 + length]))
}

/// `PrivateKey = `, and 32 bytes in base64.
fn wire_guard(bytes: &[u8], start: usize, end: usize) -> Option<PrivateKey> {
    let rest = &bytes[end..bytes.len().min(end + 64)];
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'=' | b':' | b'"' | b'\'');
    let before = rest.iter().take_while(|byte| is_space(byte)).count();
    let sign = rest[..before]
        .iter()
        .filter(|byte| matches!(byte, b'=' | b':'))
        .count();
    let key = rest.get(before..before + 44)?;
    let is_longer = rest
        .get(before + 44)
        .is_some_and(|byte| is_base64(*byte) || *byte == b'=');
    let is_key = sign == 1 && !is_longer && is_mixed(key);
    let is_key = is_key && STANDARD.decode(key).is_ok_and(|key| key.len() == 32);
    is_key.then_some(PrivateKey {
        span: start..end + before + 44,
        what: "a private key of WireGuard",
        certain: true,
        encoded: false,
    })
}
