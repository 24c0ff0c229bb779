//! The message authentication code of a file: SHA-512 over its values.

use sha2::{Digest, Sha512};

use crate::wiped_bytes::WipedBytes;

/// The prefix of the hash input if only encrypted values are covered, so that the two kinds of MAC
/// never match: the SHA-256 of `sops`.
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// The running hash of a file's values, in document order.
#[derive(Clone)]
pub(crate) struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

impl Mac {
    pub(crate) fn new(only_encrypted: bool) -> Self {
        let mut hash = Sha512::new();
        if only_encrypted {
            hash.update(ONLY_ENCRYPTED);
        }
        Self {
            hash,
            only_encrypted,
        }
    }

    /// Adds a value in its canonical form. Null and comments must not be added.
    pub(crate) fn add(&mut self, canonical: &[u8], encrypted: bool) {
        if encrypted || !self.only_encrypted {
            self.hash.update(canonical);
        }
    }

    /// Adds the values of a part of the document.
    pub(crate) fn add_all(&mut self, values: &MacInput) {
        self.hash.update(&*values.bytes);
    }

    /// The hash as 128 upper-case hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        self.hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect()
    }
}

/// The values of a part of a document, which are hashed after the values before it.
pub(crate) struct MacInput {
    bytes: WipedBytes,
    only_encrypted: bool,
}

impl MacInput {
    pub(crate) fn new(only_encrypted: bool) -> Self {
        Self {
            bytes: WipedBytes::default(),
            only_encrypted,
        }
    }

    /// Adds a value as [`Mac::add`] does.
    pub(crate) fn add(&mut self, canonical: &[u8], encrypted: bool) {
        if encrypted || !self.only_encrypted {
            self.bytes.push(canonical);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_has_the_hash_of_the_empty_string() {
        // SHA-512 of the empty string, from FIPS 180-4.
        assert!(
            Mac::new(false)
                .finish()
                .starts_with("CF83E1357EEFB8BDF1542850D66D8007")
        );
    }

    #[test]
    fn the_prefix_is_the_hash_of_sops() {
        assert_eq!(sha2::Sha256::digest(b"sops").as_slice(), ONLY_ENCRYPTED);
    }
}
