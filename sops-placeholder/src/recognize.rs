//! Recognizes placeholders, so that none is deployed or committed by mistake.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::tree::Node;

use crate::object::ANNOTATION;
use crate::published::{ALL, dense};
use crate::value_path::PREFIX;

/// How many hexadecimal digits follow the prefix.
const DIGITS: usize = 8;

/// The length of the shortest placeholder, in bytes. The published values are longer.
const SHORTEST: usize = PREFIX.len() + DIGITS;

/// Whether `text` contains a placeholder, as plain text or in base64. Numbers, booleans, times and
/// most fields of a bootstrap token cannot be recognized by themselves.
pub fn is_placeholder(text: &str) -> bool {
    // Most values are shorter than any placeholder.
    text.len() >= SHORTEST
        && (is_plain_placeholder(text)
            || decoded(text).is_some_and(|text| is_plain_placeholder(&text)))
}

/// The path of the first placeholder in a tree: of its [annotation](ANNOTATION), or of a value.
/// Keys are joined with `.`.
pub fn find(tree: &Node) -> Option<String> {
    find_below(tree, "")
}

fn find_below(node: &Node, path: &str) -> Option<String> {
    let step = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match node {
        Node::Mapping(entries) => entries.iter().find_map(|entry| {
            let path = step(&entry.key);
            match entry.key == ANNOTATION {
                true => Some(path),
                false => find_below(&entry.value, &path),
            }
        }),
        Node::Sequence(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| find_below(item, &step(&index.to_string())))
        }
        Node::Scalar(_) => {
            let is_found = node.as_str().is_some_and(is_placeholder);
            is_found.then(|| path.to_owned())
        }
    }
}

fn is_plain_placeholder(text: &str) -> bool {
    let has_mark = text.match_indices(PREFIX).any(|(at, _)| {
        let digits = text[at + PREFIX.len()..].bytes().take(DIGITS);
        digits.filter(u8::is_ascii_hexdigit).count() == DIGITS
    });
    // All of them begin with these dashes.
    let is_published = || {
        let text = dense(text);
        ALL.iter().any(|published| text.contains(&dense(published)))
    };
    has_mark || text.contains("-----BEGIN ") && is_published()
}

/// The text that is encoded in base64.
fn decoded(text: &str) -> Option<String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let is_packed = |byte: u8| is_part(byte) || !byte.is_ascii_graphic();
    // Most text has a character that base64 lacks.
    if !text.bytes().all(is_packed) {
        return None;
    }
    let text: String = text.split_whitespace().collect();
    if text.len() < SHORTEST {
        return None;
    }
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::{CERTIFICATE, SSH_KEY, TLS_KEY};
    use crate::secret_text;

    #[test]
    fn every_kind_of_placeholder_is_recognized() {
        let indented = TLS_KEY.replace('\n', "\n  ");
        for text in [
            secret_text(None, "password"),
            secret_text(None, ".dockerconfigjson"),
            secret_text(Some("kubernetes.io/dockercfg"), ".dockercfg"),
            CERTIFICATE.to_owned(),
            TLS_KEY.to_owned(),
            SSH_KEY.to_owned(),
            indented,
        ] {
            assert!(is_placeholder(&text), "{text}");
            assert!(is_placeholder(&STANDARD.encode(&text)), "{text}");
        }
        for text in [
            "",
            "sops-rs-placeholder",
            "sops-rs-placeholder-<hash>",
            "sops-rs-placeholder-0123",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "cGFzc3dvcmQtcGFzc3dvcmQtcGFzc3dvcmQ=",
            "sops-rs-placeholder-\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
