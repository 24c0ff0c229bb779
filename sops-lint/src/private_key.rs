//! Private keys in any bytes: as they stand, and in base64 of any alignment. One pass finds what may be one; only that is looked at.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

/// What private keys contain. The first is that of age, the second that of its plugins, the last that of PuTTY.
const MARKS: [&str; 4] = [
    "AGE-SECRET-KEY-",
    "AGE-PLUGIN-",
    "PRIVATE KEY",
    "Private-Lines: ",
];

/// Base64 as people cut and wrap it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The marks, then each of them in base64 at the three places that it can have in a group of three bytes.
static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let plain = MARKS.iter().map(|mark| (*mark).to_owned());
    let encoded = MARKS
        .iter()
        .flat_map(|mark| (0..3).map(|shift| in_base64(mark, shift)));
    AhoCorasick::new(plain.chain(encoded)).ok()
});

/// The characters of base64 that a text is sure to have with so many bytes before it.
fn in_base64(text: &str, shift: usize) -> String {
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
    find_in(bytes, true)
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
            _ if packed => {
                let span = wrapped(bytes, start);
                done = span.end;
                decoded(bytes, span)
            }
            _ => None,
        };
        done = key.as_ref().map_or(done, |key| key.span.end);
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
    let dashes = before
        .windows(11)
        .rposition(|window| window == b"-----BEGIN ")?;
    let start = begin + dashes;
    let rest = bytes.get(mark + "PRIVATE KEY".len()..)?;
    let is_pgp = rest.starts_with(b" BLOCK-----");
    if !is_pgp && !rest.starts_with(b"-----") {
        return None;
    }
    let body = &rest[if is_pgp { 11 } else { 5 }..];
    let end = body.windows(5).position(|window| window == b"-----");
    let body = &body[..end.unwrap_or(body.len()).min(64 * 1024)];
    let text: Vec<u8> = body
        .iter()
        .copied()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    // Documentation has dots or words there.
    let letters = text.len();
    let is_words = body.windows(3).any(|window| window == b"...");
    let kind = bytes.get(start + 11..mark).unwrap_or_default();
    let what = match kind {
        b"OPENSSH " => "a private key of SSH",
        b"PGP " => "a private key of PGP",
        b"ENCRYPTED " => "a private key under a passphrase",
        _ => "a private key in PEM",
    };
    (letters >= 40 && !is_words && looks_encoded(body)).then(|| PrivateKey {
        span: start..mark + "PRIVATE KEY".len(),
        what,
        certain: kind != b"ENCRYPTED ",
        encoded: false,
    })
}

/// Whether there is a run of base64 as a key's body has, which no words are.
fn looks_encoded(body: &[u8]) -> bool {
    body.split(|byte| !is_base64(*byte))
        .any(|run| run.len() >= 32)
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

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
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
    fn a_header_without_a_key_is_none() {
        for text in [
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            "grep -q 'BEGIN PRIVATE KEY' file || echo there is no private key in that file at all",
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(kinds(text.as_bytes()), [], "{text}");
        }
    }
}
