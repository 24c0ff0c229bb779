//! Writes files. A file is replaced completely or not at all: the new file is written to a
//! temporary directory next to the old one, synced, and renamed. This module also manages temporary
//! directories, but knows nothing about the content of files.

mod attributes;
mod commit;
mod conditions;
mod directory;
mod errors;
mod lock;
mod platform;
mod private_directory;
mod scratch;
mod special;
mod staging;
mod target;
mod temporary_directory;
mod turn;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::FileType;

use self::directory::OpenDirectory;
use self::temporary_directory::remove_leftovers;
use crate::command_error::CommandError;
use crate::signals::DeferredSignals;
use crate::ui::Ui;

pub(crate) use conditions::{Expected, Readers};
pub(crate) use errors::check_directory;
pub(crate) use platform::{commands_above, is_in_memory};
pub(crate) use private_directory::PrivateDirectory;
pub(crate) use scratch::write_scratch;
pub(crate) use staging::{StagedReplacement, Staging};
pub(crate) use turn::retrying;

/// Writes `content` to the file at `path`, following symbolic links. After an error or a signal,
/// the old file is unchanged.
pub(crate) fn write(
    ui: &Ui,
    path: &Path,
    content: &[u8],
    expected: Expected<'_>,
    readers: Readers,
) -> Result<(), CommandError> {
    if matches!(expected, Expected::Anything) && special::is_special(path) {
        return special::write(path, content, readers);
    }
    let _signals = DeferredSignals::new();
    let staging = Staging::default();
    let staged = staging.stage(path, content, expected, readers)?;
    staging.commit(ui, vec![staged]).into_iter().collect()
}

/// Checks in advance that the file at `path` can be written.
pub(crate) fn check(path: &Path) -> Result<(), CommandError> {
    Staging::default()
        .stage(path, &[], Expected::Anything, Readers::Usual)
        .map(drop)
}

/// Whether standard output is this regular file or, without a name, the file that standard input
/// reads from.
pub(crate) fn is_standard_output(file: Option<&Path>) -> bool {
    let output = rustix::fs::fstat(io::stdout());
    let input = match file {
        Some(file) => rustix::fs::stat(file),
        None => rustix::fs::fstat(io::stdin()),
    };
    let (Ok(output), Ok(input)) = (output, input) else {
        return false;
    };
    FileType::from_raw_mode(output.st_mode) == FileType::RegularFile
        && (output.st_dev, output.st_ino) == (input.st_dev, input.st_ino)
}

/// Whether a name is that of a temporary file or directory of this program.
pub(crate) fn is_temporary(name: &OsStr) -> bool {
    temporary_directory::is_temporary(name.as_bytes(), staging::KIND)
}

/// Removes the temporary files that killed runs left in a directory.
pub(crate) fn clean(directory: &Path) {
    if let Ok(directory) = OpenDirectory::open(directory) {
        remove_leftovers(&directory, staging::KIND);
    }
}
