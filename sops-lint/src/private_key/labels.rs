//! Finds private keys that are recognized only by a name next to them, such as JSON Web Keys and
//! WireGuard keys.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::{PrivateKey, is_mixed};
use super::{gnupg, web_key};
use crate::base64_text::is_base64;

/// The names next to private keys. All have at least four characters, which makes the search for
/// several strings fast.
const LABELS: [(&str, Label); 15] = [
    ("\"kty\"", Label::WebKey),
    ("'kty'", Label::WebKey),
    ("kty:", Label::WebKey),
    // The form in a string with escapes, and in TOML.
    ("\"kty\\", Label::WebKey),
    ("kty =", Label::WebKey),
    ("kty=\"", Label::WebKey),
    ("PrivateKey", Label::WireGuard),
    ("privateKey", Label::Number),
    ("private_key", Label::Number),
    ("PRIVATE_KEY", Label::Number),
    ("PresharedKey", Label::Preshared),
    ("presharedKey", Label::Preshared),
    ("(private-key", Label::GnuPg),
    ("(protected-private-key", Label::GnuPg),
    ("untrusted comment:", Label::Signature),
];

#[derive(Clone, Copy)]
enum Label {
    WebKey,
    WireGuard,
    /// A key of 32 bytes, such as that of WireGuard and many other programs.
    Number,
    Preshared,
    GnuPg,
    /// A key of minisign or signify.
    Signature,
}

/// The beginnings of minisign and signify keys: an algorithm, and how the key is encrypted. Public
/// keys have no second part.
const SIGNATURES: [(&[u8], &str, bool); 3] = [
    (b"RWRTY", "a minisign private key", false),
    (b"RWQAAE", "a minisign private key", true),
    (b"RWRCS", "a signify private key", false),
];

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let search = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(LABELS.map(|(name, _)| name));
    search.expect("the words are few enough for one search")
});

pub(super) fn find(bytes: &[u8], keys: &mut Vec<PrivateKey>) {
    let mut done = 0;
    for name in SEARCH.find_iter(bytes) {
        let (start, end) = (name.start(), name.end());
        if start < done {
            continue;
        }
        let number = |description| number(bytes, start, end, description);
        let key = match LABELS[name.pattern().as_usize()].1 {
            Label::WebKey => {
                let (end, key) = web_key::key(bytes, start..end, done);
                done = end;
                key
            }
            Label::WireGuard => number("a WireGuard private key"),
            Label::Number => number("a 32-byte private key"),
            Label::Preshared => number("a WireGuard preshared key"),
            Label::GnuPg => gnupg::key(bytes, start, end),
            Label::Signature => signature(bytes, start, end),
        };
        keys.extend(key);
    }
}

/// The key of minisign or signify in the line after its comment.
fn signature(bytes: &[u8], start: usize, end: usize) -> Option<PrivateKey> {
    let near = &bytes[end..bytes.len().min(end + 1024)];
    let line = near
        .splitn(2, |byte| *byte == b'\n')
        .nth(1)?
        .trim_ascii_start();
    let length = line
        .iter()
        .position(|byte| !is_base64(*byte))
        .unwrap_or(line.len());
    let known = SIGNATURES
        .iter()
        .find(|(begin, ..)| line.starts_with(begin));
    let (_, description, certain) = known.filter(|_| length >= 100)?;
    Some(PrivateKey {
        span: start..end,
        description,
        certain: *certain,
        encoded: false,
    })
}

/// A name, a separator, and 32 bytes in base64.
fn number(bytes: &[u8], start: usize, end: usize, description: &'static str) -> Option<PrivateKey> {
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
        description,
        certain: true,
        encoded: false,
    })
}
