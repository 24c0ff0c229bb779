//! A named pipe that returns the plaintext each time it is opened.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use zeroize::Zeroizing;

/// Creates the pipe `name` in the directory, and writes `content` to every process that opens it,
/// until the directory is removed.
pub(crate) fn serve(
    directory: &Path,
    name: &str,
    content: Zeroizing<Vec<u8>>,
) -> io::Result<PathBuf> {
    let path = directory.join(name);
    // The next pipe is in the same directory, under a different name that is never too long.
    let next = directory.join(if name == "next" { "other" } else { "next" });
    make(&path)?;
    let pipe = path.clone();
    // The thread waits for a reader, perhaps forever, and ends with the process.
    thread::spawn(move || while serve_one(&pipe, &next, &content).is_ok() {});
    Ok(path)
}

fn serve_one(path: &Path, next: &Path, content: &[u8]) -> io::Result<()> {
    let mut pipe = OpenOptions::new().write(true).open(path)?;
    // The next reader gets another pipe, so that no two readers share the content.
    make(next)?;
    fs::rename(next, path)?;
    // A reader may stop before the end.
    let _ = pipe.write_all(content);
    Ok(())
}

fn make(path: &Path) -> io::Result<()> {
    Ok(mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR)?)
}
