//! Writing files. A file is replaced as a whole or not at all: its successor is written beside it, synced, and renamed.

mod attributes;
mod commit;
mod directory;
mod lock;
mod special;
mod staging;
mod target;
mod temporary_directory;
mod turn;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::Stat;
use rustix::process::geteuid;

use crate::command_error::{Code, CommandError, name_of};
use crate::signals::Deferred;
use crate::ui::Ui;

pub(crate) use directory::Directory;
pub(crate) use staging::{Staged, Staging};
pub(crate) use temporary_directory::{Content, Kind, TemporaryDirectory, remove_leftovers};
pub(crate) use turn::retrying;

/// What must be at the path when the file is written.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// The file with this content, as it was read.
    Content(&'a [u8]),
    /// No file.
    Nothing,
    /// Either.
    Anything,
}

/// Who may read a new file. A file that is replaced keeps its mode and owner, except that plaintext goes to no other user.
#[derive(Clone, Copy)]
pub(crate) enum Readers {
    /// Everyone that the umask allows.
    Usual,
    /// The same users, who may also run it: it is a script.
    Executable,
    /// Only the user who runs the program, since it holds plaintext or a private key.
    Owner,
}

/// Writes `content` to the file at `path`, following symbolic links. On an error, and on a signal, the file is as it was.
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
    let _signals = Deferred::new();
    let staging = Staging::default();
    let staged = staging.stage(path, content, expected, readers)?;
    staging.commit(ui, vec![staged]).into_iter().collect()
}

/// Checks that the file at `path` can be written, before there is anything to write.
pub(crate) fn check(path: &Path) -> Result<(), CommandError> {
    Staging::default()
        .stage(path, &[], Expected::Anything, Readers::Usual)
        .map(drop)
}

/// Whether a name is that of a temporary file or directory of this program.
pub(crate) fn is_temporary(name: &OsStr) -> bool {
    temporary_directory::is_temporary(name.as_bytes(), staging::KIND)
}

/// Removes the temporary files that killed runs left in a directory.
pub(crate) fn clean(directory: &Path) {
    if let Ok(directory) = Directory::open(directory) {
        remove_leftovers(&directory, staging::KIND);
    }
}

/// Whether a file belongs to neither the user nor the administrator.
fn is_of_another(file: &Stat) -> bool {
    ![geteuid().as_raw(), 0].contains(&file.st_uid)
}

/// Refuses to write plaintext to a file or pipe of another user.
fn readable_by_another(name: &str, file: &Stat) -> CommandError {
    let message = format!(
        "{name} belongs to another user (uid {}), who could read the plaintext; nothing was written",
        file.st_uid
    );
    CommandError::new(Code::CannotWriteOutput, message)
}

/// `sops` has a code of its own only for a file that cannot be opened.
fn failed(path: &Path, error: &io::Error) -> CommandError {
    CommandError::output(name_of(path), error).with_code(Code::Generic)
}
