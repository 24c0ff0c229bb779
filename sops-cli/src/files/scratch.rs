//! Writes a file such as the `%A` of a merge driver, which another program created for this run,
//! reads next, and then deletes.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use crate::command_error::{CommandError, name_of};
use crate::signals::DeferredSignals;

/// Replaces the content of the file in place: syncing and renaming a copy would take longer than
/// the merge itself, and only the other program uses the file. After an error or a signal, the file
/// has its old content.
pub(crate) fn write_scratch(path: &Path, old: &[u8], new: &[u8]) -> Result<(), CommandError> {
    let failed = |error: &io::Error| CommandError::output(name_of(path), error);
    let _signals = DeferredSignals::new();
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty()).map_err(|error| failed(&error.into()))?;
    let mut file = File::from(file);
    replace(&mut file, new).map_err(|error| {
        // The old content fits, even if the disk is full.
        let _ = replace(&mut file, old);
        failed(&error)
    })
}

fn replace(file: &mut File, content: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)
}
