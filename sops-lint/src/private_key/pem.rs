//! Finds private keys in PEM: a header, and a body that begins like a key.

use base64::Engine as _;

use super::key::{PrivateKey, is_mixed};
use crate::base64_text::{LENIENT, is_base64};

/// How much of a body is examined.
const BODY: usize = 64 * 1024;

/// How many characters of base64 are decoded to see how a key begins.
const BEGINNING: usize = 64;

/// How the body of OpenSSH begins.
const OPENSSH: &[u8] = b"openssh-key-v1\0";

/// The tags of ASN.1 for a sequence, a number and the name of an algorithm.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OBJECT: u8 = 0x06;

/// A key between `BEGIN` and `END`, or a truncated one with a body, given the position of its
/// `PRIVATE KEY`.
pub(super) fn key(bytes: &[u8], mark: usize) -> Option<PrivateKey> {
    let begin = mark.saturating_sub(60);
    let line = bytes[begin..mark].iter().rposition(|byte| *byte == b'\n');
    let begin = line.map_or(begin, |at| begin + at + 1);
    let before = bytes.get(begin..mark)?;
    let rest = bytes.get(mark + "PRIVATE KEY".len()..)?;
    // The form of SSH2 has a space instead of the fifth dash.
    let is_ssh2 = before.ends_with(b"---- BEGIN SSH2 ENCRYPTED ");
    let dashes = before
        .windows(11)
        .rposition(|window| window == b"-----BEGIN " || is_ssh2 && window == b"---- BEGIN ")?;
    let start = begin + dashes;
    let ends: [&[u8]; 3] = [b" BLOCK-----", b"-----", b" ----"];
    let end = ends.into_iter().find(|end| rest.starts_with(end))?;
    let body = &rest[end.len()..];
    let end = body
        .windows(5)
        .position(|window| matches!(window, b"-----" | b"---- "));
    let body = &body[..end.unwrap_or(body.len()).min(BODY)];
    let kind = bytes.get(start + 11..mark).unwrap_or_default();
    // A dash belongs to the end of an empty body in the same line.
    if kind.contains(&b'-') {
        return None;
    }
    let description = match kind {
        b"OPENSSH " => "an SSH private key",
        b"PGP " => "a PGP private key",
        b"ENCRYPTED " | b"SSH2 ENCRYPTED " => "a passphrase-protected private key",
        _ => "a PEM private key",
    };
    is_body(kind, body).then(|| PrivateKey {
        span: start..mark + "PRIVATE KEY".len(),
        description,
        certain: !kind.ends_with(b"ENCRYPTED "),
        encoded: false,
    })
}

/// Whether the text between the header and the end is the body of a key, and not words or dots as
/// in documentation.
fn is_body(kind: &[u8], body: &[u8]) -> bool {
    let text: Vec<u8> = body
        .iter()
        .copied()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    let has = |dots: &[u8]| body.windows(dots.len()).any(|window| window == dots);
    let is_cut = || {
        ["...", ". . .", "…"]
            .iter()
            .any(|dots| has(dots.as_bytes()))
    };
    if text.len() < 40 || !is_mixed(&text) || is_cut() {
        return false;
    }
    // An encrypted body has no recognizable form.
    let is_under_passphrase = || has(b"DEK-Info:");
    match kind {
        b"" | b"RSA " | b"DSA " | b"EC " | b"ENCRYPTED " if !is_under_passphrase() => {
            begins(body, b'M', is_der)
        }
        b"OPENSSH " => begins(body, b'b', |bytes| bytes.starts_with(OPENSSH)),
        _ => looks_encoded(body) || looks_spaced(body),
    }
}

/// Whether a key begins somewhere in the base64 of a body, regardless of other text around its
/// lines.
fn begins(body: &[u8], first: u8, is_key: fn(&[u8]) -> bool) -> bool {
    let packed = packed(body);
    let starts = packed.iter().enumerate();
    let mut starts = starts.filter(|(_, byte)| **byte == first);
    starts.any(|(at, _)| {
        let text = &packed[at..packed.len().min(at + BEGINNING)];
        let whole = &text[..text.len() / 4 * 4];
        packed.len() - at >= 40 && LENIENT.decode(whole).is_ok_and(|bytes| is_key(&bytes))
    })
}

/// The base64 of a body, without the line breaks of a string.
fn packed(body: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after.first()) {
            (b'\\', Some(b'n' | b'r' | b't')) => &after[1..],
            _ => after,
        };
        if is_base64(*first) {
            packed.push(*first);
        }
    }
    packed
}

/// Whether the bytes begin like the ASN.1 of a private key: a sequence with a version, or with an
/// encryption method.
fn is_der(bytes: &[u8]) -> bool {
    let Some((length, content)) = element(bytes, SEQUENCE) else {
        return false;
    };
    let is_version = matches!(content, [INTEGER, 1, 0 | 1, ..]);
    // The OID of an encryption method, such as one that begins with 1.2.840.113549.1.
    let is_encrypted = element(content, SEQUENCE)
        .is_some_and(|(_, content)| content.starts_with(&[OBJECT, 9, 0x2a, 0x86, 0x48]));
    length >= 30 && (is_version || is_encrypted)
}

/// The length of an ASN.1 element, and the bytes after it.
fn element(bytes: &[u8], tag: u8) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.strip_prefix(&[tag])?.split_first()?;
    match *first {
        length @ 0..=0x7f => Some((length.into(), rest)),
        0x81 => rest
            .split_first()
            .map(|(length, rest)| (usize::from(*length), rest)),
        0x82 => match rest {
            [high, low, rest @ ..] => Some((usize::from(*high) << 8 | usize::from(*low), rest)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether there is a run of base64 like the body of a key, which words never form.
pub(super) fn looks_encoded(body: &[u8]) -> bool {
    body.split(|byte| !is_base64(*byte))
        .any(|run| run.len() >= 32)
}

/// Whether the body is base64 in short lines or with spaces. Words have fewer capitals and digits.
fn looks_spaced(body: &[u8]) -> bool {
    body.split(|byte| !is_base64(*byte) && !byte.is_ascii_whitespace())
        .any(|run| {
            let count = |is: fn(&u8) -> bool| run.iter().filter(|byte| is(byte)).count();
            let all = run.len() - count(u8::is_ascii_whitespace);
            all >= 40
                && count(u8::is_ascii_uppercase) * 7 >= all
                && count(u8::is_ascii_lowercase) * 7 >= all
                && count(u8::is_ascii_digit) * 20 >= all
        })
}
