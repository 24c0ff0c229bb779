//! The secret that is encrypted for one master key, `enc` in the metadata: how long it may be, and what shows of damage without a key.

use crate::age::age_file;
use crate::family::Family;
use crate::pgp::message;

/// The longest encrypted secret, in bytes: 64 KiB.
///
/// What is encrypted is a data key of 32 bytes. For an age recipient that takes about 400 bytes, for a post-quantum one 2300, for a PGP or RSA key of
/// 16384 bits 3000. The limit leaves room for plugins and services, and bounds the time that an untrusted file can take.
pub(crate) const MAX_BYTES: usize = 1 << 16;

/// The problem with a longer one.
pub(crate) const TOO_LONG: &str = "is longer than 64 KiB, the limit for an encrypted data key";

/// What is wrong with the encrypted secret of a key; `None` if nothing shows without the key.
pub(crate) fn damage(family: Family, enc: &str) -> Option<&'static str> {
    match family {
        _ if enc.trim().is_empty() => Some("is missing or empty"),
        Family::Age => age_file::damage(enc),
        Family::Pgp => message::damage(enc),
        _ => None,
    }
}
