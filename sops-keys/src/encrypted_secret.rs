//! The secret that is encrypted for one master key, `enc` in the metadata: its size limit, and the
//! damage that is visible without a key.

use crate::age::age_file;
use crate::family::Family;
use crate::pgp::message;

/// The longest encrypted secret, in bytes: 64 KiB.
///
/// The ciphertext of a data key has about 400 bytes for an age recipient, 2,300 for a post-quantum
/// one, and 3,000 for a PGP or RSA key of 16,384 bits. The limit leaves room for plugins and
/// services, and bounds the time that an untrusted file can take.
pub(crate) const MAX_BYTES: usize = 1 << 16;

/// The problem with a longer secret.
pub(crate) const TOO_LONG: &str = "is longer than 64 KiB, the limit for an encrypted data key";

/// The problem with the encrypted secret of a key; `None` if nothing is visible without the key.
pub(crate) fn damage(family: Family, enc: &str) -> Option<&'static str> {
    match family {
        _ if enc.trim().is_empty() => Some("is missing or empty"),
        Family::Age => age_file::damage(enc),
        Family::Pgp => message::damage(enc),
        _ => None,
    }
}
