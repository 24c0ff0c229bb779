//! Finds the private keys in any text, such as a key file, the manifest of a Secret, or an SSH
//! private key.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem;
use zeroize::Zeroizing;

use super::identities::Identities;

/// The prefix of all age identities.
const MARK: &[u8] = b"AGE-SECRET-KEY-";

/// The length in bytes below which a word cannot contain an identity in base64.
const SHORTEST_BASE64: usize = 74 * 4 / 3;

impl Identities {
    /// The identities anywhere in `text`: as they are or in base64, as in a Secret, and an SSH
    /// private key if `text` contains nothing else. Other text is skipped.
    ///
    /// ```
    /// use sops_keys::Identities;
    /// use sops_keys::age::generate_x25519;
    ///
    /// let pair = generate_x25519();
    /// let text = format!("stringData:\n  age.agekey: {}\n", pair.key_file("now").lines().last().unwrap_or_default());
    /// assert_eq!(Identities::contained_in(text.as_bytes()).recipients(), [pair.recipient]);
    /// ```
    #[must_use]
    pub fn contained_in(text: &[u8]) -> Self {
        let mut identities = Self::new();
        identities.add_contained(text);
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"\"',".contains(byte);
        for word in text.split(is_end) {
            if word.len() >= SHORTEST_BASE64
                && let Ok(decoded) = BASE64_STANDARD.decode(word)
            {
                identities.add_contained(&Zeroizing::new(decoded));
            }
        }
        #[cfg(feature = "ssh")]
        if text.trim_ascii_start().starts_with(b"-----BEGIN ") {
            // A certificate, for example, is not a private key.
            let _ = identities.add_ssh_key("", text);
        }
        identities
    }

    fn add_contained(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(start) = memmem::find(rest, MARK) {
            rest = &rest[start..];
            let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
            let (word, after) = rest.split_at(rest.iter().take_while(is_part).count());
            // Text that only resembles an identity contains no key.
            let _ = self.add_keys("", word);
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::age::generate_x25519;

    #[test]
    fn identities_are_found_in_any_text() {
        let (first, second) = (generate_x25519(), generate_x25519());
        let (file, word) = (first.key_file("now"), second.key_file("now"));
        let word = word.lines().last().expect("a key file has lines");
        let found = |text: &str| Identities::contained_in(text.as_bytes()).recipients();
        for text in [
            file.to_string(),
            format!("data:\n  age.agekey: {}\n", BASE64_STANDARD.encode(&*file)),
            format!("{{\"a\": \"{}\"}}", BASE64_STANDARD.encode(&*file)),
            format!("KEY={}", file.lines().last().expect("the file has lines")),
        ] {
            assert_eq!(
                found(&text),
                std::slice::from_ref(&first.recipient),
                "{text}"
            );
        }
        assert_eq!(
            found(&format!("{}{word}", *file)),
            [first.recipient, second.recipient]
        );
        for text in ["", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-", "a: b\n"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    #[cfg(feature = "ssh")]
    fn an_ssh_private_key_is_found() {
        let text = include_bytes!("../../../testdata/keys/ssh_ed25519");
        assert_eq!(Identities::contained_in(text).recipients().len(), 1);
    }
}
