//! Reads age files in linear time.
//!
//! The crate `age` 0.11 reparses the header from the start for each line that it reads. Anyone
//! can write a header of thousands of lines, so this module passes it the whole header as one line.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use ::age::armor::ArmoredReader;
use ::age::{DecryptError, Decryptor};
use memchr::{memchr, memmem};

/// The first line of an ASCII-armored age file.
pub(super) const ARMOR_BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// The maximum number of stanzas in the header of an encrypted data key: each is tried with each
/// private key. SOPS writes one stanza; other programs add a few meaningless ones.
const MAX_STANZAS: usize = 32;

/// Whether the header of a binary age file has more stanzas than an encrypted data key needs.
pub(super) fn has_many_stanzas(file: &[u8]) -> bool {
    let header = &file[..header_length(file)];
    memmem::find_iter(header, b"\n-> ")
        .nth(MAX_STANZAS)
        .is_some()
}

/// The bytes of an age file; the header is returned by a single read.
pub(super) struct AgeFile<'f> {
    rest: &'f [u8],
    /// The remaining part of the header.
    header: usize,
}

impl<'f> AgeFile<'f> {
    /// Reads the header of a binary age file.
    ///
    /// # Errors
    /// The errors of the crate, for a malformed header.
    pub(super) fn decryptor(file: &'f [u8]) -> Result<Decryptor<Self>, DecryptError> {
        Decryptor::new_buffered(Self {
            rest: file,
            header: header_length(file),
        })
    }
}

impl Read for AgeFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.rest.read(buffer)
    }
}

impl BufRead for AgeFile<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.rest)
    }

    fn consume(&mut self, amount: usize) {
        self.rest.consume(amount);
    }

    fn read_until(&mut self, byte: u8, buffer: &mut Vec<u8>) -> io::Result<usize> {
        if self.header == 0 {
            return self.rest.read_until(byte, buffer);
        }
        let (header, rest) = self.rest.split_at(self.header);
        buffer.extend_from_slice(header);
        self.rest = rest;
        self.header = 0;
        Ok(header.len())
    }
}

/// The length of the header, which ends with the first line that begins with `---`: no line of a
/// stanza does. A file without such a line is all header, and malformed.
fn header_length(file: &[u8]) -> usize {
    memmem::find(file, b"\n---")
        .and_then(|at| Some(at + 1 + memchr(b'\n', &file[at + 1..])? + 1))
        .unwrap_or(file.len())
}

/// The binary form of an age file that may be armored.
///
/// # Errors
/// An error if the armor is truncated or was altered.
pub(super) fn without_armor(file: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    if !file.trim_ascii_start().starts_with(ARMOR_BEGIN.as_bytes()) {
        return Ok(Cow::Borrowed(file));
    }
    let mut binary = Vec::with_capacity(file.len());
    // As in `sops`, white space before the armor is ignored.
    ArmoredReader::new(file.trim_ascii_start()).read_to_end(&mut binary)?;
    Ok(Cow::Owned(binary))
}

/// The damage to an armored age file that is visible without a key. Its header and content also
/// have tags, which only a key can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// The text does not begin like an armored age file. As in `sops`, a binary file is rejected.
    NotArmored,
    /// The armor is truncated or was altered.
    Armor,
    /// The header is malformed.
    Header,
}

impl Damage {
    /// The predicate of a message about the file.
    fn predicate(self) -> &'static str {
        match self {
            Self::NotArmored => "is not an armored age file",
            Self::Armor => "is cut off or altered",
            Self::Header => "has a malformed header",
        }
    }

    /// The description of the file in a message.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotArmored => "not an armored age file",
            Self::Armor | Self::Header => "a malformed or truncated age file",
        }
    }
}

/// The binary form of an armored age file.
///
/// # Errors
/// [`Damage::NotArmored`] and [`Damage::Armor`].
pub(super) fn unarmored(enc: &str) -> Result<Cow<'_, [u8]>, Damage> {
    if !enc.trim_ascii_start().starts_with(ARMOR_BEGIN) {
        return Err(Damage::NotArmored);
    }
    without_armor(enc.as_bytes()).map_err(|_| Damage::Armor)
}

/// Reads the header of the binary form of an age file.
///
/// # Errors
/// [`Damage::Header`].
pub(super) fn decryptor(file: &[u8]) -> Result<Decryptor<AgeFile<'_>>, Damage> {
    AgeFile::decryptor(file).map_err(|_| Damage::Header)
}

/// The damage to an armored age file, as the predicate of a message.
pub(crate) fn damage(enc: &str) -> Option<&'static str> {
    let checked = unarmored(enc).and_then(|file| decryptor(&file).map(drop));
    checked.err().map(Damage::predicate)
}

#[cfg(test)]
mod tests {

    use super::*;

    /// A header of `count` stanzas with a wrong MAC.
    fn header(count: usize, end: &str) -> Vec<u8> {
        let key = "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc";
        let stanza = format!("-> X25519 {key}\n{key}\n");
        format!("age-encryption.org/v1\n{}{end}", stanza.repeat(count)).into_bytes()
    }

    #[test]
    fn a_header_of_any_length_is_read() {
        let end = "--- TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n0123456789abcdef";
        for (end, is_valid) in [
            (end, true),
            ("", false),
            ("---", false),
            ("\n--- x\n", false),
        ] {
            for count in [1, 20_000] {
                let file = header(count, end);
                assert_eq!(AgeFile::decryptor(&file).is_ok(), is_valid, "{count} {end}");
            }
        }
    }

    #[test]
    fn stanzas_are_counted() {
        for (count, is_many) in [(0, false), (1, false), (32, false), (33, true)] {
            assert_eq!(
                has_many_stanzas(&header(count, "--- x\n")),
                is_many,
                "{count}"
            );
        }
    }

    #[test]
    fn armor_is_removed() {
        let binary = header(1, "x");
        assert_eq!(without_armor(&binary).unwrap(), binary);
        let armored =
            "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n";
        assert_eq!(&*without_armor(armored.as_bytes()).unwrap(), b"age");
        assert!(without_armor(&armored.as_bytes()[..50]).is_err());
    }
}
