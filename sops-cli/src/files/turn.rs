//! Retries commands that read, change and write a file if another run changed it meanwhile. From
//! the second attempt on, runs take turns.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::lock::{FIRST_PAUSE, LONGEST_PAUSE};
use crate::command_error::CommandError;

/// How many times a command tries to change a file.
const ATTEMPTS: usize = 20;

/// How long to wait for other runs. After that, the first to write wins.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `attempt`, which reads, changes and writes the file, and repeats it while other runs change
/// the file in between.
pub(crate) fn retrying<T>(
    file: &Path,
    mut attempt: impl FnMut() -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let mut turn = None;
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(error) if error.is_conflict() => {}
            result => return result,
        }
        // If the file was replaced, the old lock is on the old file. Otherwise, it would block this
        // run's next lock.
        drop(turn.take());
        turn = lock(file);
    }
    attempt()
}

/// Waits for a lock on the current file at the path. `None` if that fails; the command then runs
/// without the lock.
fn lock(path: &Path) -> Option<File> {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    while start.elapsed() < PATIENCE {
        let file = open(path).ok()?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) if is_at(&file, path) => return Some(file),
            // The file was replaced in the meantime.
            Ok(()) => continue,
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(_) => return None,
        }
        thread::sleep(pause);
        pause = LONGEST_PAUSE.min(pause * 2);
    }
    None
}

fn open(path: &Path) -> io::Result<File> {
    // Opening a pipe must not block, and opening a terminal must not make it the controlling
    // terminal.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(left), Ok(right)) => left.dev() == right.dev() && left.ino() == right.ino(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_error::Code;

    fn error() -> CommandError {
        CommandError::new(Code::CannotWriteOutput, "no")
    }

    #[test]
    fn only_conflicts_are_retried_a_limited_number_of_times() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be created");
        let mut count = 0;
        let outcome = retrying(file.path(), || {
            count += 1;
            match count {
                3 => Ok(()),
                _ => Err(error().with_conflict()),
            }
        });
        assert!(outcome.is_ok() && count == 3);

        let mut count = 0;
        let outcome: Result<(), _> = retrying(file.path(), || {
            count += 1;
            Err(error())
        });
        assert!(outcome.is_err() && count == 1);

        let mut count = 0;
        let outcome: Result<(), _> = retrying(file.path(), || {
            count += 1;
            Err(error().with_conflict())
        });
        assert!(outcome.is_err() && count == ATTEMPTS);
    }

    #[test]
    fn the_lock_is_on_the_current_file() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let [path, new] = ["x", "y"].map(|name| root.path().join(name));
        fs::write(&path, "old").expect("the file can be written");
        fs::write(&new, "new").expect("the file can be written");
        let held = lock(&path).expect("the lock is free");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| lock(&path).expect("the lock becomes free"));
            thread::sleep(Duration::from_millis(50));
            fs::rename(&new, &path).expect("the file can be renamed");
            drop(held);
            let file = waiting.join().expect("the thread ends");
            assert!(is_at(&file, &path));
        });
        assert!(lock(&root.path().join("missing")).is_none());
    }
}
