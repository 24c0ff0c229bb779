//! Finds private keys by the marks in them: in plain text, in base64 of any alignment, and in
//! UTF-16 and UTF-32. One pass finds the candidates; only these are examined.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;

use super::key::PrivateKey;
use super::pem;
use crate::base64_text::{LENIENT, in_base64, is_base64};

/// Texts in private keys. The first is for age, the second for its plugins, the fourth for PuTTY;
/// the last two are for age in lower case, which Bech32 allows.
const MARKS: [&str; 6] = [
    "AGE-SECRET-KEY-",
    "AGE-PLUGIN-",
    "PRIVATE KEY",
    "Private-Lines: ",
    "age-secret-key-",
    "age-plugin-",
];

/// The number of bytes of a character in UTF-16 and UTF-32.
const WIDTHS: [usize; 2] = [2, 4];

/// How many characters before a mark may belong to its key: the beginning of a line of PEM.
const BEFORE: usize = 64;

/// The marks, then each mark in both [widths](WIDTHS), then each mark in base64 at the three
/// possible positions in a group of three bytes.
static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let plain = MARKS.iter().map(|mark| (*mark).to_owned());
    // A key in lower case is too rare to be encoded.
    let encoded = MARKS[..4]
        .iter()
        .flat_map(|mark| (0..3).map(|shift| in_base64(mark, shift)));
    let plain = plain.map(String::into_bytes);
    let wide = WIDTHS
        .into_iter()
        .flat_map(|width| MARKS.map(|mark| widened(mark, width)));
    let encoded = encoded.map(String::into_bytes);
    // The usual kind of matching has no fast search for so many marks.
    let search = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(plain.chain(wide).chain(encoded));
    search.expect("the words are few enough for one search")
});

/// `text` with zeros between its characters, in both byte orders.
fn widened(text: &str, width: usize) -> Vec<u8> {
    let zeros = vec![0; width - 1];
    let parts: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    parts.join(&zeros[..])
}

/// The keys in the bytes; with `packed`, those in base64.
pub(super) fn find_in(bytes: &[u8], packed: bool) -> Vec<PrivateKey> {
    let mut keys: Vec<PrivateKey> = Vec::new();
    // The time for text with many marks must be linear, so each run is examined once.
    let mut done = 0;
    let mut run = Bech32Run::default();
    for mark in SEARCH.find_iter(bytes) {
        let start = mark.start();
        if start < done {
            continue;
        }
        let key = match mark.pattern().as_usize() {
            0 | 1 => age(bytes, start, run.around(bytes, start)),
            2 => pem::key(bytes, start),
            3 => putty(bytes, start),
            4 | 5 => age_in_lower_case(bytes, start),
            number if number < MARKS.len() * (1 + WIDTHS.len()) => {
                let width = WIDTHS[number / MARKS.len() - 1];
                let (end, key) = wide(bytes, start, width);
                done = end;
                key
            }
            _ if packed => {
                let span = wrapped(bytes, start);
                done = span.end;
                decoded(bytes, span)
            }
            _ => None,
        };
        done = key.as_ref().map_or(done, |key| key.span.end.max(done));
        keys.extend(key);
    }
    keys
}

/// A run of the characters of bech32 and of its prefix.
#[derive(Default)]
struct Bech32Run {
    end: usize,
    /// The position of the last `1`, which separates the Bech32 prefix from the data.
    divider: Option<usize>,
}

impl Bech32Run {
    /// The run at an offset. Offsets must not decrease from one call to the next.
    fn around(&mut self, bytes: &[u8], at: usize) -> &Self {
        if at >= self.end {
            let is_part =
                |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-';
            let run = bytes[at..].iter().take_while(|byte| is_part(byte));
            self.end = at + run.count();
            let divider = bytes[at..self.end].iter().rposition(|byte| *byte == b'1');
            self.divider = divider.map(|divider| at + divider);
        }
        self
    }
}

/// A key in bech32, whose checksum shows whether it is one.
fn age(bytes: &[u8], start: usize, run: &Bech32Run) -> Option<PrivateKey> {
    let divider = run.divider.filter(|divider| *divider > start)?;
    let description = match &bytes[start..divider] {
        b"AGE-SECRET-KEY-" => "an age private key",
        b"AGE-SECRET-KEY-PQ-" => "a post-quantum age private key",
        prefix if prefix.starts_with(b"AGE-PLUGIN-") => "an identity of an age plugin",
        _ => return None,
    };
    let text = str::from_utf8(&bytes[start..run.end]).ok()?;
    // Shorter ones are examples in documentation.
    (run.end - divider > 20).then(|| PrivateKey {
        span: start..run.end,
        description,
        certain: bech32::decode(text).is_ok(),
        encoded: false,
    })
}

/// A key in lower case. Anything else that matches is the name of a program or package.
fn age_in_lower_case(bytes: &[u8], start: usize) -> Option<PrivateKey> {
    let is_part = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || **byte == b'-';
    // A post-quantum key has fewer than 200 characters; a plugin's identity may have a few more.
    let run = bytes[start..].iter().take(1024).take_while(is_part);
    let text: Vec<u8> = run.map(u8::to_ascii_uppercase).collect();
    let key = age(&text, 0, Bech32Run::default().around(&text, 0))?;
    key.certain.then(|| PrivateKey {
        span: start..start + text.len(),
        ..key
    })
}

/// A key in UTF-16 or UTF-32: where its text ends, and the key.
fn wide(bytes: &[u8], start: usize, width: usize) -> (usize, Option<PrivateKey>) {
    let is_ascii = |unit: &[u8]| unit[0] != 0 && unit[1..].iter().all(|byte| *byte == 0);
    // In either byte order, a unit can be read from its character on: the zeros may be those of the
    // next unit.
    let units = |from: usize| bytes[from..].chunks(width);
    let before = (1..=BEFORE.min(start / width))
        .take_while(|number| {
            let at = start - number * width;
            is_ascii(&bytes[at..at + width])
        })
        .count();
    let from = start - before * width;
    let text = units(from).take_while(|unit| is_ascii(unit));
    let text: Vec<u8> = text.map(|unit| unit[0]).collect();
    let end = (from + text.len() * width).min(bytes.len());
    let key = find_in(&text, true).into_iter().next();
    let key = key.map(|key| PrivateKey {
        span: from + key.span.start * width..(from + key.span.end * width).min(bytes.len()),
        ..key
    });
    (end, key)
}

/// The private part of a PuTTY file: a number of lines, followed by these lines.
fn putty(bytes: &[u8], start: usize) -> Option<PrivateKey> {
    let end = bytes.len().min(start + 128);
    pem::looks_encoded(&bytes[start..end]).then_some(PrivateKey {
        span: start..end,
        description: "an SSH private key",
        certain: true,
        encoded: false,
    })
}

/// The base64 around a position.
fn wrapped(bytes: &[u8], at: usize) -> Range<usize> {
    let is_wrapped = |byte: &&u8| is_base64(**byte) || matches!(**byte, b'\n' | b'\r' | b' ');
    let back = bytes[..at].iter().rev().take_while(is_wrapped).count();
    let ahead = bytes[at..].iter().take_while(is_wrapped).count();
    at - back..at + ahead
}

/// Decodes base64.
fn decoded(bytes: &[u8], span: Range<usize>) -> Option<PrivateKey> {
    let packed: Vec<u8> = bytes[span.clone()]
        .iter()
        .copied()
        .filter(|byte| is_base64(*byte))
        .collect();
    let keys = (0..4).find_map(|skip| {
        let group = packed.get(skip..)?;
        let whole = &group[..group.len() - usize::from(group.len() % 4 == 1)];
        let keys = find_in(&LENIENT.decode(whole).ok()?, false);
        keys.into_iter().next()
    })?;
    Some(PrivateKey {
        span,
        encoded: true,
        ..keys
    })
}
