//! Windows. A file's readers are in its access control list, which the standard library does not
//! read, and a directory below the user's profile lets only the user and administrators read it.

use std::fs::{Metadata, OpenOptions};
use std::path::Path;

/// Named pipes have paths of their own, `\\.\pipe\…`, and no terminal can become the controlling
/// one.
pub(crate) fn without_blocking(_: &mut OpenOptions) {}

/// Nothing is known about the access of others.
pub(crate) fn open_to_others(_: &Metadata) -> Option<u32> {
    None
}

/// The standard library has no stable way to identify a file.
pub(crate) fn same_file(_: &Path, _: &Path) -> Option<bool> {
    None
}
