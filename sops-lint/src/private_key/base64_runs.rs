//! Finds keys in base64 that is cut into pieces of equal length, such as short lines, and in base64
//! of base64 or UTF-16: the pieces are joined before the search.

use std::ops::Range;

use base64::Engine as _;

use super::binary::{self, whole_key};
use super::key::PrivateKey;
use super::labels;
use super::marks::find_in;
use crate::base64_text::{LENIENT, is_base64};

/// The minimum number of characters of a piece, and of all pieces together: shorter text contains
/// no key.
const PIECE: usize = 4;
const ALL: usize = 56;

/// How many characters are decoded to see what base64 contains.
const SAMPLE: usize = 64;

/// How many bytes may be between the first line of PEM and the body, such as PGP headers.
const HEADERS: usize = 256;

/// Pieces of equal length, except that the last one may be shorter.
struct Base64Run {
    span: Range<usize>,
    piece: usize,
    count: usize,
    is_complete: bool,
}

/// Adds the keys in base64 that is cut into pieces, which the search for marks misses.
pub(super) fn find(bytes: &[u8], keys: &mut Vec<PrivateKey>) {
    let mut more: Vec<PrivateKey> = Vec::new();
    let mut add = |run: &Base64Run| {
        // The keys found before are in order and do not overlap.
        let next = keys.partition_point(|key| key.span.end <= run.span.start);
        let known = keys.get(next).filter(|key| key.span.start < run.span.end);
        if known.is_some_and(|key| key.certain) {
            return;
        }
        // This is the body of a PEM key.
        let is_body = next.checked_sub(1).is_some_and(|before| {
            let before = &keys[before].span;
            run.span.start - before.end < HEADERS && bytes[before.start..].starts_with(b"----")
        });
        if is_body {
            return;
        }
        let key = run.key(bytes);
        // A key found in a single piece may be less certain.
        if let Some(key) = key.filter(|key| known.is_none() || key.certain) {
            if known.is_some() {
                keys[next] = key;
            } else {
                more.push(key);
            }
        }
    };
    let mut at = 0;
    while let Some(window) = bytes.get(at..at + ALL) {
        // Search from the end, so that most bytes are skipped.
        if let Some(last) = window.iter().rposition(|byte| !is_part(*byte)) {
            at += last + 1;
            continue;
        }
        let rest = &bytes[at + ALL..];
        let length = rest.iter().position(|byte| !is_part(*byte));
        let end = length.map_or(bytes.len(), |length| at + ALL + length);
        runs(bytes, at..end, &mut add);
        at = end;
    }
    keys.append(&mut more);
}

/// Calls a function for each run in a part of the bytes that consists of pieces and their
/// separators.
fn runs(bytes: &[u8], part: Range<usize>, add: &mut impl FnMut(&Base64Run)) {
    let mut run: Option<Base64Run> = None;
    let mut at = part.start;
    for piece in bytes[part].split(|byte| !is_base64(*byte)) {
        let span = at..at + piece.len();
        at = span.end + 1;
        if piece.is_empty() {
            continue;
        }
        match &mut run {
            Some(run) if !run.is_complete && piece.len() <= run.piece => {
                run.is_complete = piece.len() < run.piece;
                run.span.end = span.end;
                run.count += 1;
            }
            _ => {
                if let Some(run) = run.take() {
                    add(&run);
                }
                run = (piece.len() >= PIECE).then_some(Base64Run {
                    span,
                    piece: piece.len(),
                    count: 1,
                    is_complete: false,
                });
            }
        }
    }
    if let Some(run) = run {
        add(&run);
    }
}

/// Whether the byte may be in a piece or between two: a line break, or a character at the end of a
/// line in a string.
fn is_part(byte: u8) -> bool {
    static PARTS: [bool; 256] = {
        let mut parts = [false; 256];
        let mut at = 0;
        while at < 256 {
            let byte = at as u8;
            let is_between =
                byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'"' | b'\'' | b'=');
            parts[at] = is_between || is_base64(byte);
            at += 1;
        }
        parts
    };
    PARTS[usize::from(byte)]
}

impl Base64Run {
    fn key(&self, bytes: &[u8]) -> Option<PrivateKey> {
        let is_cut = self.count > 1;
        if self.span.len() < ALL || !is_cut && self.piece < SAMPLE {
            return None;
        }
        let all = bytes[self.span.clone()].iter().copied();
        let packed: Vec<u8> = all.filter(|byte| is_base64(*byte)).collect();
        if packed.len() < ALL {
            return None;
        }
        let key = is_cut.then(|| first(&packed)).flatten();
        let key = key.or_else(|| {
            let sample = &packed[..packed.len().min(SAMPLE) / 4 * 4];
            let sample = LENIENT.decode(sample).ok()?;
            let is_encoded = is_base64_text(&sample) || is_wide(&sample);
            // Ciphertext is random, so it may begin like a key in binary.
            let is_ciphertext = bytes[..self.span.start].ends_with(b"ENC[AES256_GCM,data:");
            let may_be_binary = !is_ciphertext && binary::may_begin_with(&sample);
            if !is_encoded && !is_text(&sample) && !may_be_binary {
                return None;
            }
            let inner = decoded(&packed)?;
            let twice = is_base64_text(&inner).then(|| decoded(&inner)).flatten();
            let texts = twice.into_iter().chain([inner]);
            let keys = texts.map(|text| {
                whole_key(&text)
                    .or_else(|| first(&text))
                    .or_else(|| named(&text))
            });
            keys.flatten().next()
        });
        key.map(|key| PrivateKey {
            span: self.span.clone(),
            encoded: true,
            ..key
        })
    }
}

/// Decodes base64, which may contain line breaks.
fn decoded(base64: &[u8]) -> Option<Vec<u8>> {
    let packed: Vec<u8> = base64
        .iter()
        .copied()
        .filter(|byte| is_base64(*byte))
        .collect();
    let whole = &packed[..packed.len() - usize::from(packed.len() % 4 == 1)];
    LENIENT.decode(whole).ok()
}

fn first(bytes: &[u8]) -> Option<PrivateKey> {
    find_in(bytes, true).into_iter().next()
}

/// A key that is recognized by a name next to it, such as a WireGuard or GnuPG key.
fn named(bytes: &[u8]) -> Option<PrivateKey> {
    let mut keys = Vec::new();
    labels::find(bytes, &mut keys);
    keys.into_iter().next()
}

fn is_text(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    bytes.iter().all(is_part)
}

fn is_base64_text(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| is_base64(*byte) || byte.is_ascii_whitespace() || *byte == b'=';
    bytes.iter().all(is_part)
}

/// Whether at least 40 % of the bytes are zero, as in ASCII text encoded as UTF-16.
fn is_wide(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    zeros * 5 >= bytes.len() * 2
}
