//! Private keys in any bytes: as they stand, in base64 of any alignment, and in UTF-16 and UTF-32. One pass finds what may be one; only that
//! is looked at.

mod formats;
mod gnupg;
mod runs;
mod web_key;
mod whole;

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

/// What private keys contain. The first is that of age, the second that of its plugins, the fourth that of PuTTY; the last two are those of
/// age in lower case, which bech32 allows.
const MARKS: [&str; 6] = [
    "AGE-SECRET-KEY-",
    "AGE-PLUGIN-",
    "PRIVATE KEY",
    "Private-Lines: ",
    "age-secret-key-",
    "age-plugin-",
];

/// How many bytes a character has in UTF-16 and UTF-32.
const WIDTHS: [usize; 2] = [2, 4];

/// How many characters before a mark may belong to its key: the beginning of a line of PEM.
const BEFORE: usize = 64;

/// How many bytes of a binary file a finding is about.
const HEADER: usize = 16;

/// Base64 as people cut and wrap it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The marks, then each of them in both [widths](WIDTHS), then each in base64 at the three places that it can have in a group of three bytes.
static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let plain = MARKS.iter().map(|mark| (*mark).to_owned());
    // A key in lower case is rare enough that nobody would encode one.
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
    search.ok()
});

/// A text with zeros between its characters, as both byte orders have it.
fn widened(text: &str, width: usize) -> Vec<u8> {
    let zeros = vec![0; width - 1];
    let parts: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    parts.join(&zeros[..])
}

/// The characters of base64 that a text is sure to have with so many bytes before it.
pub(crate) fn in_base64(text: &str, shift: usize) -> String {
    let encoded = STANDARD_NO_PAD.encode([&vec![0; shift], text.as_bytes()].concat());
    let first = (shift * 8).div_ceil(6);
    let last = (shift + text.len()) * 8 / 6;
    encoded[first..last].to_owned()
}

/// A private key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PrivateKey {
    /// Where it stands in the bytes; of one in base64, the whole of that.
    pub(crate) span: Range<usize>,
    /// What it is.
    pub(crate) what: &'static str,
    /// Whether it is sure to be one: its checksum is right, or it has a body.
    pub(crate) certain: bool,
    /// Whether it stands there in base64.
    pub(crate) encoded: bool,
}

/// The private keys in the bytes, in their order.
pub(crate) fn find(bytes: &[u8]) -> Vec<PrivateKey> {
    let mut found = find_in(bytes, true);
    found.extend(whole_key(bytes));
    found.sort_by_key(|key| key.span.start);
    runs::find(bytes, &mut found);
    formats::find(bytes, &mut found);
    found.sort_by_key(|key| key.span.start);
    found
}

/// The key in a binary format that all of the bytes are.
fn whole_key(bytes: &[u8]) -> Option<PrivateKey> {
    let (what, certain) = whole::of(bytes)?;
    Some(PrivateKey {
        span: 0..bytes.len().min(HEADER),
        what,
        certain,
        encoded: false,
    })
}

/// The keys in it, those in base64 if `packed`.
fn find_in(bytes: &[u8], packed: bool) -> Vec<PrivateKey> {
    let mut found: Vec<PrivateKey> = Vec::new();
    let Some(search) = SEARCH.as_ref() else {
        return found;
    };
    // A text of many marks is to cost no more than its length: each run is looked at once.
    let mut done = 0;
    let mut run = Run::default();
    for mark in search.find_iter(bytes) {
        let start = mark.start();
        if start < done {
            continue;
        }
        let key = match mark.pattern().as_usize() {
            0 | 1 => age(bytes, start, run.around(bytes, start)),
            2 => pem(bytes, start),
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
        found.extend(key);
    }
    found
}

/// Characters of bech32 and of what stands before it.
#[derive(Default)]
struct Run {
    end: usize,
    /// Where its last `1` stands, which divides the prefix of bech32 from the data.
    divider: Option<usize>,
}

impl Run {
    /// The run that goes on at a place, which is at or behind those asked for before.
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

/// A key in bech32, whose checksum tells whether it is one.
fn age(bytes: &[u8], start: usize, run: &Run) -> Option<PrivateKey> {
    let divider = run.divider.filter(|divider| *divider > start)?;
    let what = match &bytes[start..divider] {
        b"AGE-SECRET-KEY-" => "a private key of age",
        b"AGE-SECRET-KEY-PQ-" => "a post-quantum private key of age",
        prefix if prefix.starts_with(b"AGE-PLUGIN-") => "an identity of an age plugin",
        _ => return None,
    };
    let text = str::from_utf8(&bytes[start..run.end]).ok()?;
    // Shorter ones are what documentation shows.
    (run.end - divider > 20).then(|| PrivateKey {
        span: start..run.end,
        what,
        certain: bech32::decode(text).is_ok(),
        encoded: false,
    })
}

/// A key in lower case. Anything else that matches is the name of a program or package.
fn age_in_lower_case(bytes: &[u8], start: usize) -> Option<PrivateKey> {
    let is_part = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || **byte == b'-';
    // A post-quantum key has less than 200 characters, an identity of a plugin may have some more.
    let run = bytes[start..].iter().take(1024).take_while(is_part);
    let text: Vec<u8> = run.map(u8::to_ascii_uppercase).collect();
    let key = age(&text, 0, Run::default().around(&text, 0))?;
    key.certain.then(|| PrivateKey {
        span: start..start + text.len(),
        ..key
    })
}

/// A key in UTF-16 or UTF-32: where its text ends, and the key.
fn wide(bytes: &[u8], start: usize, width: usize) -> (usize, Option<PrivateKey>) {
    let is_ascii = |unit: &[u8]| unit[0] != 0 && unit[1..].iter().all(|byte| *byte == 0);
    // A unit begins with its character here, whichever its order: the zeros of the next one do as well.
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

/// The private part of a file of PuTTY, which a number of lines and then those lines follow.
fn putty(bytes: &[u8], start: usize) -> Option<PrivateKey> {
    let end = bytes.len().min(start + 128);
    looks_encoded(&bytes[start..end]).then_some(PrivateKey {
        span: start..end,
        what: "a private key of SSH",
        certain: true,
        encoded: false,
    })
}

/// A key between `BEGIN` and `END`, or the beginning of one that has a body.
fn pem(bytes: &[u8], mark: usize) -> Option<PrivateKey> {
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
    let body = &body[..end.unwrap_or(body.len()).min(64 * 1024)];
    let text: Vec<u8> = body
        .iter()
        .copied()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    // Documentation has dots or words there.
    let letters = text.len();
    let is_words = body.windows(3).any(|window| window == b"...") || !is_mixed(&text);
    let kind = bytes.get(start + 11..mark).unwrap_or_default();
    let what = match kind {
        b"OPENSSH " => "a private key of SSH",
        b"PGP " => "a private key of PGP",
        b"ENCRYPTED " | b"SSH2 ENCRYPTED " => "a private key under a passphrase",
        _ => "a private key in PEM",
    };
    (letters >= 40 && !is_words && (looks_encoded(body) || looks_spaced(body))).then(|| {
        PrivateKey {
            span: start..mark + "PRIVATE KEY".len(),
            what,
            certain: !kind.ends_with(b"ENCRYPTED "),
            encoded: false,
        }
    })
}

/// Whether there is a run of base64 as a key's body has, which no words are.
fn looks_encoded(body: &[u8]) -> bool {
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

/// The base64 around a place.
fn wrapped(bytes: &[u8], at: usize) -> Range<usize> {
    let is_wrapped = |byte: &&u8| is_base64(**byte) || matches!(**byte, b'\n' | b'\r' | b' ');
    let back = bytes[..at].iter().rev().take_while(is_wrapped).count();
    let ahead = bytes[at..].iter().take_while(is_wrapped).count();
    at - back..at + ahead
}

/// What is in base64.
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

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Whether it has more than a few different characters, as no example made of one letter has.
fn is_mixed(key: &[u8]) -> bool {
    let mut seen = [false; 256];
    key.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count() >= 16
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const AGE: &str = include_str!("../../testdata/keys/x25519.txt");

    fn key() -> &'static str {
        AGE.lines().last().unwrap_or_default()
    }

    fn kinds(bytes: &[u8]) -> Vec<(&'static str, bool, bool)> {
        let found = find(bytes).into_iter();
        found
            .map(|key| (key.what, key.certain, key.encoded))
            .collect()
    }

    #[test]
    fn a_checksum_tells_a_key_from_what_looks_like_one() {
        let altered = key().replace("1", "1Q");
        assert_eq!(
            kinds(key().as_bytes()),
            [("a private key of age", true, false)]
        );
        assert_eq!(
            kinds(altered.as_bytes()),
            [("a private key of age", false, false)]
        );
        for text in [
            "AGE-SECRET-KEY-1...",
            "AGE-SECRET-KEY-1",
            "AGE-PLUGIN-YUBIKEY-",
            "age1shs52pvk44",
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
    }

    #[test]
    fn base64_of_any_alignment_is_seen_through() {
        for before in ["", "x", "xy", "xyz", "# created: 2026"] {
            let text = STANDARD.encode(format!("{before}{}\n", key()));
            assert_eq!(
                kinds(text.as_bytes()),
                [("a private key of age", true, true)],
                "{before}"
            );
        }
        let pem = include_bytes!("../../testdata/keys/ssh_ed25519");
        assert_eq!(kinds(pem), [("a private key of SSH", true, false)]);
        assert_eq!(
            kinds(STANDARD.encode(pem).as_bytes()),
            [("a private key of SSH", true, true)]
        );
    }

    #[test]
    fn wide_encodings_and_lower_case_hide_nothing() {
        let pem = include_str!("../../testdata/keys/ssh_ed25519");
        let certain = |what| [(what, true, false)];
        for (text, what) in [
            (key().to_owned(), "a private key of age"),
            (key().to_lowercase(), "a private key of age"),
            (
                format!("# created\r\nx: {}\r\n", key()),
                "a private key of age",
            ),
            (pem.to_owned(), "a private key of SSH"),
        ] {
            let utf16: Vec<u16> = text.encode_utf16().collect();
            let utf32: Vec<u32> = text.chars().map(u32::from).collect();
            for bytes in [
                text.clone().into_bytes(),
                utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
                utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
                utf32.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
                utf32.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
                [
                    &[0xFF, 0xFE][..],
                    &utf16
                        .iter()
                        .flat_map(|unit| unit.to_le_bytes())
                        .collect::<Vec<_>>(),
                ]
                .concat(),
            ] {
                assert_eq!(kinds(&bytes), certain(what), "{text}");
            }
        }
        for text in [
            "age-plugin-yubikey-1-0-0-x86-64-unknown-linux-gnu",
            "age-secret-key-1...",
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
    }

    #[test]
    fn files_of_putty_are_told_from_their_public_parts() {
        let body = "AAAAC3NzaC1lZDI1NTE5AAAAIHwU4LFdVQ0PvIx2jkUaGqTSJ7hXK\n";
        let public = format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 1\n{body}"
        );
        assert_eq!(kinds(public.as_bytes()), []);
        let both = format!("{public}Private-Lines: 1\n{body}");
        assert_eq!(
            kinds(both.as_bytes()),
            [("a private key of SSH", true, false)]
        );
    }

    #[test]
    fn many_marks_cost_no_more_than_their_length() {
        // Each of them takes minutes where every mark looks at the whole text.
        for mark in [
            "AGE-SECRET-KEY-1",
            "AGE-PLUGIN-",
            "PRIVATE KEY ",
            "-----BEGIN PRIVATE KEY-----",
            "Private-Lines: 1\n",
            "QUdFLVNFQ1JFVC1LRVkt",
            "QUdFLVNFQ1JFVC1LRVkt\n",
            "UFJJVkFURSBLRVkt ",
            "age-secret-key-1",
            "A\0G\0E\0-\0S\0E\0C\0R\0E\0T\0-\0K\0E\0Y\0-\0",
        ] {
            assert_eq!(kinds(mark.repeat(50_000).as_bytes()), [], "{mark}");
        }
        // What looks like a key before one is no reason to miss it.
        let text = format!("AGE-SECRET-KEY-1{} {}", "AGE-SECRET-KEY-", key());
        assert_eq!(
            kinds(text.as_bytes()),
            [("a private key of age", true, false)]
        );
    }

    #[test]
    fn short_lines_and_spaces_hide_nothing() {
        let pem = include_str!("../../testdata/keys/ssh_ed25519");
        let cut = |text: &str, length: usize, by: &str| {
            let pieces: Vec<&str> = text
                .as_bytes()
                .chunks(length)
                .filter_map(|piece| str::from_utf8(piece).ok())
                .collect();
            pieces.join(by)
        };
        let lines: Vec<&str> = pem.lines().collect();
        let body = lines[1..lines.len() - 1].concat();
        for (length, by) in [(1, "\n"), (1, " "), (4, "\n"), (4, "\r\n"), (20, "\n  ")] {
            let text = format!(
                "{}\n{}\n{}\n",
                lines[0],
                cut(&body, length, by),
                lines[lines.len() - 1]
            );
            assert_eq!(
                kinds(text.as_bytes()),
                [("a private key of SSH", true, false)],
                "{text}"
            );
        }
        for text in [pem, key(), &format!("# created: 2026\n{}\n", key())] {
            let what = if text == pem {
                "a private key of SSH"
            } else {
                "a private key of age"
            };
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let encoded = STANDARD.encode(text);
            let mut hidden = vec![
                STANDARD.encode(&encoded),
                cut(&STANDARD.encode(cut(&encoded, 76, "\n")), 64, "\n"),
                STANDARD.encode(utf16),
            ];
            for length in [4, 8, 16, 19, 40, 64, 76] {
                for by in ["\n", " ", "\n    ", "\\\n    ", "\"\n\""] {
                    hidden.push(cut(&encoded, length, by));
                }
            }
            for text in hidden {
                let text = format!("binaryData:\n  k: \"{text}\"\n");
                assert_eq!(kinds(text.as_bytes()), [(what, true, true)], "{text}");
            }
        }
    }

    #[test]
    fn keys_with_a_name_are_found_by_it() {
        let d = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
        let jwk = format!(
            r#"{{"kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "d" : "{d}"}}"#
        );
        let wire_guard = "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n";
        for (text, what) in [
            (&*jwk, "a private key as a JSON Web Key"),
            (
                &format!(r#"{{"k": "{d}", "kty": "oct"}}"#),
                "a private key as a JSON Web Key",
            ),
            (wire_guard, "a private key of WireGuard"),
            (
                &wire_guard.replace(" = ", ": \""),
                "a private key of WireGuard",
            ),
            (
                &wire_guard.replace("PrivateKey = ", "wg:\n  privateKey: "),
                "a private key of 32 bytes",
            ),
            (
                &wire_guard.replace("PrivateKey = ", "  wg_private_key: '"),
                "a private key of 32 bytes",
            ),
            (
                &wire_guard.replace("PrivateKey = ", "WG_PRIVATE_KEY="),
                "a private key of 32 bytes",
            ),
            (
                &wire_guard.replace("Private", "Preshared"),
                "a preshared key of WireGuard",
            ),
            (
                &format!("key:\n  kty: EC\n  crv: P-256\n  d: {d}\n  x: y\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("keys:\n- d: '{d}'\n  x: a\n  kty: \"EC\"\n- kty: EC\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("a = 1\n[key]\nkty = \"EC\"\nd = \"{d}\"\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("key = {{kty=\"oct\", k=\"{d}\"}}\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("JWK={}\n", serde_json::json!(jwk)),
                "a private key as a JSON Web Key",
            ),
            (
                &serde_json::json!([serde_json::json!({ "a": jwk }).to_string()]).to_string(),
                "a private key as a JSON Web Key",
            ),
            (
                &format!("key: {{kty: oct, k: {d}}}\n"),
                "a private key as a JSON Web Key",
            ),
            (
                &format!(r#"{{"kty": "EC", "meta": {{"a": 1}}, "d": "{d}"}}"#),
                "a private key as a JSON Web Key",
            ),
            (
                &format!(r#"{{"d": "{d}", "meta": {{"a": {{}}}}, "kty": "EC", "x": {{}}}}"#),
                "a private key as a JSON Web Key",
            ),
        ] {
            assert_eq!(kinds(text.as_bytes()), [(what, true, false)], "{text}");
        }
        for text in [
            &*jwk.replace("\"d\"", "\"y\""),
            &jwk.replace(d, "..."),
            r#"{"kty": {"type": "string"}, "d": {"type": "string"}}"#,
            &wire_guard.replace("yAnz", "..."),
            "PrivateKey = (private key of the peer)",
            &wire_guard.replace("PrivateKey = ", "  publicKey: "),
            &format!("a:\n  kty: EC\n  x: {d}\nb:\n  d: {d}\n"),
            &format!("keys:\n- kty: EC\n  x: {d}\n- d: {d}\n"),
            &format!("[[key]]\nkty = \"EC\"\nx = \"{d}\"\n[[other]]\nd = \"{d}\"\n"),
            &serde_json::json!(jwk.replace("\"d\"", "\"y\"")).to_string(),
            &format!("kty: EC\nid: {d}\nd: {d}/a\n"),
            &format!(r#"[{{"kty": "EC", "x": "{d}"}}, {{"d": "{d}"}}]"#),
            "var key *rsa.PrivateKey = generate()",
            &format!("PrivateKey = {}=", "A".repeat(43)),
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
        for mark in [
            "\"kty\"",
            "{\"kty\"",
            "}kty:",
            "kty:\n",
            "- kty: a\n",
            "{kty: {",
            "PrivateKey = ",
            "\"kty\":\"oct\",\"k\":\"",
            "\\\"kty\\\"",
            "kty = d = \"\\\\",
        ] {
            assert_eq!(kinds(mark.repeat(50_000).as_bytes()), [], "{mark}");
        }
    }

    #[test]
    fn binary_keys_are_found_in_base64() {
        let body = (0..82u32).map(|number| (number * 7 + 13) as u8);
        let header = [0x94, 0x58, 0x04, 0x65, 0, 0, 0, 22];
        let bytes: Vec<u8> = header.into_iter().chain(body).collect();
        let one = |encoded| [("a private key of PGP", true, encoded)];
        assert_eq!(kinds(&bytes), one(false));
        let text = STANDARD.encode(&bytes);
        let lines = format!("{}\n  {}\n", &text[..76], &text[76..]);
        for text in [
            text.clone(),
            format!("GPG_PRIVATE_KEY={text}\n"),
            format!("{{\"key\": \"{text}\"}}"),
            format!("key: |\n  {lines}"),
            STANDARD.encode(&text),
        ] {
            assert_eq!(kinds(text.as_bytes()), one(true), "{text}");
        }
        // The body of PEM is no second key.
        let pem = format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{lines}");
        assert_eq!(kinds(pem.as_bytes()), one(false));
        let mut public = bytes;
        public[0] = 0x98;
        assert_eq!(kinds(STANDARD.encode(&public).as_bytes()), []);
    }

    #[test]
    fn forms_of_other_programs_are_known() {
        let number = "00DEAE6F1C3B5A79886704152B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D5E6F70";
        let gnupg = |name: &str| {
            format!(
                "Created: 20261128T204340\nKey: ({name} (ecc (curve Ed25519)\n  (d #{number}#)))\n"
            )
        };
        let body = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk".repeat(5);
        let minisign = |begin: &str| format!("untrusted comment: a key\n{begin}{body}\n");
        let ssh2 = format!(
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"a\"\n{body}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n"
        );
        for (text, what, certain) in [
            (gnupg("private-key"), "a private key of GnuPG", true),
            (
                gnupg("protected-private-key"),
                "a private key of GnuPG",
                false,
            ),
            (minisign("RWRTY0Iy"), "a private key of minisign", false),
            (minisign("RWQAAEIy"), "a private key of minisign", true),
            (minisign("RWRCSwAA"), "a private key of signify", false),
            (ssh2, "a private key under a passphrase", false),
        ] {
            assert_eq!(kinds(text.as_bytes()), [(what, certain, false)], "{text}");
            let encoded = STANDARD.encode(&text);
            for text in [STANDARD.encode(&encoded), encoded] {
                assert_eq!(kinds(text.as_bytes()), [(what, certain, true)], "{text}");
            }
        }
        for text in [
            gnupg("public-key"),
            gnupg("shadowed-private-key"),
            "(define (private-key (rsa key)) (car key)) ; in Scheme, with no number".to_owned(),
            "untrusted comment: minisign public key\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n".to_owned(),
            "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAABAQDx\n---- END SSH2 PUBLIC KEY ----\n".to_owned(),
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
        for mark in ["(private-key (rsa ", "untrusted comment: ", "private_key: "] {
            assert_eq!(kinds(mark.repeat(50_000).as_bytes()), [], "{mark}");
        }
    }

    #[test]
    fn a_header_without_a_key_is_none() {
        for text in [
            "-----BEGIN PRIVATE KEY-----\nput the 1st and the 2nd half of your private key here, or the path of a file in /etc/ssl\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            "grep -q 'BEGIN PRIVATE KEY' file || echo there is no private key in that file at all",
            "-----BEGIN RSA PRIVATE KEY-----",
            &format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n", "X".repeat(64)),
            &format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                "xX0Y".repeat(16)
            ),
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
    }
}
