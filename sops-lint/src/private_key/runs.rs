//! Base64 in pieces of one length, such as short lines, and base64 of base64 or UTF-16: it is put together before it is searched.

use std::ops::Range;

use base64::Engine as _;

use super::{LENIENT, PrivateKey, find_in, is_base64};

/// The fewest characters of a piece, and of all pieces: a shorter text holds no key.
const PIECE: usize = 4;
const ALL: usize = 56;

/// How many characters show what base64 holds.
const SAMPLE: usize = 64;

/// Pieces of one length, the last of which may be shorter.
struct Run {
    span: Range<usize>,
    piece: usize,
    count: usize,
    is_complete: bool,
}

/// The keys in such base64, which the search for marks misses.
pub(super) fn find(bytes: &[u8], found: &mut Vec<PrivateKey>) {
    let mut more: Vec<PrivateKey> = Vec::new();
    let mut add = |run: &Run| {
        // Those found before are in order and do not overlap.
        let next = found.partition_point(|key| key.span.end <= run.span.start);
        let known = found.get(next).filter(|key| key.span.start < run.span.end);
        if known.is_some_and(|key| key.certain) {
            return;
        }
        let key = run.key(bytes);
        // What is found in one of the pieces may be less sure.
        if let Some(key) = key.filter(|key| known.is_none() || key.certain) {
            if known.is_some() {
                found[next] = key;
            } else {
                more.push(key);
            }
        }
    };
    let mut run: Option<Run> = None;
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(|byte| is_base64(*byte)) {
        let is_gap = bytes[at..at + start].iter().all(|byte| is_between(*byte));
        let start = at + start;
        let length = bytes[start..].iter().position(|byte| !is_base64(*byte));
        let end = length.map_or(bytes.len(), |length| start + length);
        at = end;
        let length = end - start;
        match &mut run {
            Some(run) if is_gap && !run.is_complete && length <= run.piece => {
                run.is_complete = length < run.piece;
                run.span.end = end;
                run.count += 1;
            }
            _ => {
                if let Some(run) = run.take() {
                    add(&run);
                }
                run = (length >= PIECE).then_some(Run {
                    span: start..end,
                    piece: length,
                    count: 1,
                    is_complete: false,
                });
            }
        }
    }
    if let Some(run) = run {
        add(&run);
    }
    found.append(&mut more);
}

/// Whether it may be between two pieces: a line break with what a string has at the end of a line.
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'"' | b'\'' | b'=')
}

impl Run {
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
            let whole = &packed[..packed.len() - usize::from(packed.len() % 4 == 1)];
            is_encoded
                .then(|| LENIENT.decode(whole).ok())
                .flatten()
                .and_then(|inner| first(&inner))
        });
        key.map(|key| PrivateKey {
            span: self.span.clone(),
            encoded: true,
            ..key
        })
    }
}

fn first(bytes: &[u8]) -> Option<PrivateKey> {
    find_in(bytes, true).into_iter().next()
}

fn is_base64_text(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| is_base64(*byte) || byte.is_ascii_whitespace() || *byte == b'=';
    bytes.iter().all(is_part)
}

/// Whether every other byte is zero, as in UTF-16 of ASCII.
fn is_wide(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    zeros * 5 >= bytes.len() * 2
}
