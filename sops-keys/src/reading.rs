//! Opens and reads untrusted files with a size limit, and without waiting for the writer of a pipe.
//! For programs that look for keys and configurations in a repository or a home directory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::platform::without_blocking;

/// The largest configuration, list of settings or baseline that is read: 4 MiB.
pub const CONFIG_LIMIT: u64 = 4 * 1024 * 1024;

/// Key files of this size or larger are not read, as in `sops`: 16 MiB.
const KEY_FILE_LIMIT: usize = 1 << 24;

/// Most files are smaller than this, and are read with one call.
const USUAL_SIZE: usize = 8 * 1024;

/// The kinds of files that may be opened. Symbolic links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file. For files in a repository, where a pipe or a device is a mistake or an
    /// attack.
    Regular,
    /// Anything except a directory. For files that the user names, such as `--config <(…)` or
    /// `/dev/stdin`.
    Any,
}

/// Opens a file for reading, without blocking if it must be regular. The kind of the open file is
/// checked, so replacing the path in between has no effect.
///
/// # Errors
/// The errors of the system; [`io::ErrorKind::IsADirectory`] for a directory and
/// [`io::ErrorKind::InvalidInput`] for other disallowed kinds of files.
pub fn open(path: &Path, kind: FileKind) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    if kind == FileKind::Regular {
        without_blocking(&mut options);
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if kind == FileKind::Regular && !metadata.is_file() {
        let message = "not a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(file)
}

/// Reads up to `limit` bytes. The limit is needed because pipes and devices have no size and may be
/// endless.
///
/// # Errors
/// The errors of the reader, and [`io::ErrorKind::FileTooLarge`] beyond the limit.
pub fn read_bounded(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL_SIZE);
    match from.take(limit + 1).read_to_end(&mut bytes)? as u64 {
        size if size > limit => {
            let message = format!("larger than {} MiB", limit / (1024 * 1024));
            Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
        }
        _ => Ok(bytes),
    }
}

/// Reads a configuration, settings or a baseline of at most [`CONFIG_LIMIT`] bytes.
///
/// # Errors
/// The errors of [`open`] and [`read_bounded`].
pub fn read_config(path: &Path, kind: FileKind) -> io::Result<Vec<u8>> {
    read_bounded(open(path, kind)?, CONFIG_LIMIT)
}

/// Reads private keys to the end. `expected` is the expected size in bytes.
///
/// # Errors
/// The errors of the reader, and [`io::ErrorKind::FileTooLarge`] for 16 MiB or more.
pub fn read_keys(from: impl Read, expected: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // The extra byte avoids a reallocation, which would leave a copy of the keys in memory.
    let mut text = Zeroizing::new(Vec::with_capacity(expected.min(KEY_FILE_LIMIT) + 1));
    from.take(KEY_FILE_LIMIT as u64).read_to_end(&mut text)?;
    match text.len() {
        KEY_FILE_LIMIT => Err(io::ErrorKind::FileTooLarge.into()),
        _ => Ok(text),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let directory = tempfile::tempdir().expect("a temporary directory can be created");
        let path = |name: &str| directory.path().join(name);
        fs::write(path("small"), "a: 1\n").expect("the directory is writable");
        let large = File::create(path("large")).expect("the directory is writable");
        large.set_len(CONFIG_LIMIT + 1).expect("the file can grow");
        let full = File::create(path("full")).expect("the directory is writable");
        full.set_len(CONFIG_LIMIT).expect("the file can grow");
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RWXU)
            .expect("the directory is writable");
        std::os::unix::net::UnixListener::bind(path("socket")).expect("the directory is writable");
        for (target, name) in [
            ("small", "link"),
            ("pipe", "link to a pipe"),
            ("nowhere", "dangling"),
            ("/dev/zero", "endless"),
            (".", "link to a directory"),
        ] {
            symlink(target, path(name)).expect("the directory is writable");
        }
        let read = |name: &str, kind| {
            let read = read_config(&path(name), kind);
            read.map(|bytes| bytes.len()).map_err(|error| error.kind())
        };
        use io::ErrorKind::{FileTooLarge, InvalidInput, IsADirectory, NotFound};
        for (name, expected) in [
            ("small", Ok(5)),
            ("link", Ok(5)),
            ("full", Ok(CONFIG_LIMIT as usize)),
            ("large", Err(FileTooLarge)),
            ("endless", Err(InvalidInput)),
            ("pipe", Err(InvalidInput)),
            ("link to a pipe", Err(InvalidInput)),
            ("link to a directory", Err(IsADirectory)),
            ("dangling", Err(NotFound)),
        ] {
            assert_eq!(read(name, FileKind::Regular), expected, "{name}");
        }
        assert!(read("socket", FileKind::Regular).is_err());
        assert_eq!(read("endless", FileKind::Any), Err(FileTooLarge));
        assert_eq!(read(".", FileKind::Any), Err(IsADirectory));
        let writer = std::thread::spawn({
            let pipe = path("pipe");
            move || fs::write(pipe, "a: 1\n")
        });
        assert_eq!(read("pipe", FileKind::Any), Ok(5));
        writer
            .join()
            .expect("the writer ends")
            .expect("the pipe was read");
    }
}
