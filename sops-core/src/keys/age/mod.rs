//! The family age: recipients, identities, and the age files in which data keys are stored.
//!
//! The formats are those of <https://age-encryption.org/v1>, with the crate `age` at work beneath. SOPS stores one age file for
//! each recipient.

mod contained;
mod file;
#[cfg(feature = "pq")]
mod hybrid;
mod identities;
mod identity;
mod keygen;
mod locked;
#[cfg(feature = "plugin")]
mod plugin;
mod recipient;
mod service;
mod source;
#[cfg(feature = "ssh")]
mod ssh;
mod trial;

use std::io::{self, Read};

use zeroize::Zeroizing;

use file::{AgeFile, without_armor};

pub use identities::{Held, Identities, SourceReport};
#[cfg(feature = "pq")]
pub use keygen::generate_hybrid;
pub use keygen::{KeyPair, generate_x25519};
pub use recipient::Recipient;

pub(crate) use identity::Layout;
pub(crate) use recipient::{holds_private_key, shortened};
pub(crate) use source::{Content, Source};

/// The first line of an ASCII-armoured age file.
const ARMOR_BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// Key files of this size and above are not read, as `sops` has it: 16 MiB.
const KEY_FILE_LIMIT: usize = 1 << 24;

/// What is wrong with an armoured age file, as far as it shows without a key: the tag of its header and that of its content need one.
pub(crate) fn damage(enc: &str) -> Option<&'static str> {
    if !enc.trim_ascii_start().starts_with(ARMOR_BEGIN) {
        return Some("is not an armoured age file");
    }
    let Ok(file) = without_armor(enc.as_bytes()) else {
        return Some("is cut off or altered");
    };
    let header = AgeFile::decryptor(&file);
    header.is_err().then_some("has a malformed header")
}

/// Reads private keys to their end, of which `expected` bytes are expected.
///
/// # Errors
/// Those of the reader, and [`io::ErrorKind::FileTooLarge`] for 16 MiB and more.
pub fn read_keys(from: impl Read, expected: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it and one byte more, so that no part is left behind by growing.
    let mut text = Zeroizing::new(Vec::with_capacity(expected.min(KEY_FILE_LIMIT) + 1));
    from.take(KEY_FILE_LIMIT as u64).read_to_end(&mut text)?;
    match text.len() {
        KEY_FILE_LIMIT => Err(io::ErrorKind::FileTooLarge.into()),
        _ => Ok(text),
    }
}
