//! The names and contents of temporary directories, by which leftovers are recognized.

use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher};

/// The length of the random part of a name, in hexadecimal digits.
pub(super) const RANDOM_DIGITS: usize = 16;

/// The length of the random part in the names of older versions, which created temporary files
/// without a directory.
const OLD_RANDOM_PART: usize = 6;

/// The suffix of those names.
pub(super) const OLD_SUFFIX: &[u8] = b".tmp";

/// The file that makes Git ignore a directory with staged files. It is created first and removed
/// last, because a directory that contains other files but not this one is not recognized as a
/// leftover.
pub(super) const IGNORE_FILE: &str = ".gitignore";

pub(super) const IGNORE_ALL: &[u8] = b"*\n";

/// The names and contents of temporary directories. Leftovers are recognized by both.
#[derive(Clone, Copy)]
pub(crate) struct DirectoryKind {
    /// The prefix of the names; the rest is random.
    pub(crate) prefix: &'static str,
    pub(crate) content: FileContent,
}

/// The content of a temporary directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileContent {
    /// A `.gitignore`, and files whose names are numbers.
    Staged,
    /// Any files that an editor or a command may create, but no directories.
    Plaintext,
}

/// Whether the name is one that this program generates for this kind, or that an old version
/// generated for a temporary file.
pub(crate) fn is_temporary(name: &[u8], kind: DirectoryKind) -> bool {
    let Some(random) = name.strip_prefix(kind.prefix.as_bytes()) else {
        return false;
    };
    match random.strip_suffix(OLD_SUFFIX) {
        Some(random) => kind.content == FileContent::Staged && is_old_random_part(random),
        None => {
            let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            random.len() == RANDOM_DIGITS && random.iter().all(is_digit)
        }
    }
}

/// Whether these letters and digits look random. If all are of one class, they may be a word or a
/// number.
fn is_old_random_part(random: &[u8]) -> bool {
    let classes = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
    ];
    random.len() == OLD_RANDOM_PART
        && random.iter().all(u8::is_ascii_alphanumeric)
        && !classes.iter().any(|is_in| random.iter().all(is_in))
}

/// A random name. Collisions only have to be rare, because `mkdirat` rejects an existing name.
pub(super) fn random_name(prefix: &str) -> OsString {
    let random = RandomState::new().build_hasher().finish();
    format!("{prefix}{random:0RANDOM_DIGITS$x}").into()
}
