//! The certificate and the private keys that are placeholders. They are published, so that anyone
//! can recognize them, and protect nothing. The certificate is valid until the end of the year
//! 9999.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A self-signed certificate for `placeholder.invalid`.
pub(crate) const CERTIFICATE: &str = include_str!("../published/tls.crt");

/// The private key of the certificate.
pub(crate) const TLS_KEY: &str = include_str!("../published/tls.key");

/// An SSH private key.
pub(crate) const SSH_KEY: &str = include_str!("../published/ssh.key");

/// All published values.
pub(crate) const ALL: [&str; 3] = [CERTIFICATE, TLS_KEY, SSH_KEY];

/// Whether a private key, which may be in base64 or indented, is one of the published ones, and
/// nothing else.
pub fn is_published_key(text: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(text) else {
        return false;
    };
    let text = dense(text);
    let is_key = |text: &str| [TLS_KEY, SSH_KEY].iter().any(|key| dense(key) == text);
    let decoded = || {
        let bytes = STANDARD.decode(&text).ok()?;
        Some(dense(str::from_utf8(&bytes).ok()?))
    };
    is_key(&text) || decoded().is_some_and(|decoded| is_key(&decoded))
}

/// The text without white space, and without line breaks that are escaped.
pub(crate) fn dense(text: &str) -> String {
    let text = text.replace("\\n", "");
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_keys_themselves_are_recognized() {
        for key in [TLS_KEY, SSH_KEY] {
            let indented = key.replace('\n', "\n    ");
            let escaped = key.replace('\n', "\\n");
            for text in [key, key.trim(), &indented, &escaped, &STANDARD.encode(key)] {
                assert!(is_published_key(text.as_bytes()), "{text}");
            }
            let both = format!("{key}{key}");
            let other = format!("x{key}");
            let altered = key.replace('Q', "R");
            for text in [&*both, &other, &altered, &STANDARD.encode(&both), "", "a"] {
                assert!(!is_published_key(text.as_bytes()), "{text}");
            }
        }
        assert!(!is_published_key(CERTIFICATE.as_bytes()));
    }
}
