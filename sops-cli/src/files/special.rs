//! Output to a pipe or a device, which is never replaced.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{OFlags, Stat, fstat, stat};

use super::conditions::Readers;
use super::directory::{is_of_another, is_regular, is_same};
use super::errors::{failed, readable_by_another};
use crate::command_error::{Code, CommandError, name_of};

/// Whether the path exists and is not a regular file.
pub(super) fn is_special(path: &Path) -> bool {
    stat(path).is_ok_and(|found| !is_regular(&found))
}

/// Writes to the pipe or device at the path. Signals end the process while it waits for a reader.
pub(super) fn write(path: &Path, content: &[u8], readers: Readers) -> Result<(), CommandError> {
    let unopened = |error: io::Error| CommandError::output(name_of(path), &error);
    // Opening a pipe waits for a reader, so the owner is also checked before.
    let stat = stat(path).map_err(|error| unopened(error.into()))?;
    check(path, &stat, readers)?;
    let mut file = OpenOptions::new()
        .write(true)
        .custom_flags(OFlags::NOCTTY.bits().cast_signed())
        .open(path)
        .map_err(unopened)?;
    let opened = fstat(&file).map_err(|error| unopened(error.into()))?;
    check(path, &opened, readers)?;
    if is_regular(&opened) {
        let message = format!(
            "{} was replaced by another program in the meantime; nothing was written to it",
            name_of(path)
        );
        return Err(
            CommandError::new(Code::CannotWriteOutput, message).hint("run the command again")
        );
    }
    file.write_all(content)
        .map_err(|error| failed(path, &error))
}

/// Rejects writing plaintext to a pipe or terminal of another user.
fn check(path: &Path, stat: &Stat, readers: Readers) -> Result<(), CommandError> {
    let leaks = matches!(readers, Readers::Owner)
        && is_of_another(stat)
        && !is_standard_stream(stat)
        // An unnamed pipe was passed in by the process that started this one.
        && path.canonicalize().is_ok();
    if !leaks {
        return Ok(());
    }
    Err(readable_by_another(&name_of(path), stat).hint("write to a pipe or file that you own"))
}

/// Whether the file is one of the standard streams. Under `sudo`, these belong to the user who
/// called it.
fn is_standard_stream(stat: &Stat) -> bool {
    let is = |stream: rustix::io::Result<Stat>| stream.is_ok_and(|stream| is_same(&stream, stat));
    is(fstat(io::stdin())) || is(fstat(io::stdout())) || is(fstat(io::stderr()))
}
