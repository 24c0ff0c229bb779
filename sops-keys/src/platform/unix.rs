//! Linux, macOS and the like.

use std::fs::{Metadata, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Keeps a named pipe from waiting for a writer, and a terminal from becoming the controlling
/// terminal.
pub(crate) fn without_blocking(options: &mut OpenOptions) {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.custom_flags(flags.bits().cast_signed());
}

/// The mode of a file that other users can access, by OpenSSH's rule for private keys.
pub(crate) fn open_to_others(metadata: &Metadata) -> Option<u32> {
    let mode = metadata.permissions().mode() & 0o777;
    (metadata.is_file() && mode & 0o077 != 0).then_some(mode)
}

/// Whether two paths lead to the same file, including hard links; `None` if the system does not
/// say.
pub(crate) fn same_file(left: &Path, right: &Path) -> Option<bool> {
    let id = |path: &Path| path.metadata().map(|file| (file.dev(), file.ino())).ok();
    Some(id(left)? == id(right)?)
}
