//! Reads the content of a file, on two threads if it is large: the kernel copies a large file more
//! slowly than a thread starts.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Files of this size in bytes are large.
const LARGE: u64 = 1024 * 1024;

/// Reads the whole file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut content = large_content(&file);
    // What was appended since its size was known, or else all of it.
    if !content.is_empty() {
        io::Seek::seek(&mut file, io::SeekFrom::Start(content.len() as u64))?;
    }
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// The content of a large file up to its current size; empty for a small one, for a pipe, and if
/// the file becomes shorter.
#[cfg(unix)]
fn large_content(file: &File) -> Vec<u8> {
    use std::os::unix::fs::FileExt as _;
    use std::panic::resume_unwind;
    use std::thread;

    let metadata = file.metadata().ok();
    let size = metadata
        .filter(|metadata| metadata.is_file() && metadata.len() >= LARGE)
        .and_then(|metadata| usize::try_from(metadata.len()).ok());
    let mut content = vec![0; size.unwrap_or(0)];
    let (first, second) = content.split_at_mut(content.len() / 2);
    let middle = first.len() as u64;
    let is_read = thread::scope(|scope| {
        let second = size.map(|_| scope.spawn(move || file.read_exact_at(second, middle)));
        let first = file.read_exact_at(first, 0);
        let second =
            second.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        first.is_ok() && second.is_none_or(|second| second.is_ok())
    });
    match is_read {
        true => content,
        false => Vec::new(),
    }
}

#[cfg(not(unix))]
fn large_content(_: &File) -> Vec<u8> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_all_sizes_are_read() {
        let directory = tempfile::tempdir().expect("a directory can be created");
        let path = directory.path().join("file");
        let large = LARGE as usize;
        for size in [0, 1, large - 1, large, large + 1, 3 * large + 7] {
            let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            std::fs::write(&path, &content).expect("the file can be written");
            let read = read(&path).expect("the file can be read");
            assert!(read == content, "{size}");
        }
    }

    #[test]
    fn a_missing_file_and_a_directory_are_errors() {
        let directory = tempfile::tempdir().expect("a directory can be created");
        let kind = |path: &Path| read(path).map_err(|error| error.kind());
        let missing = directory.path().join("missing");
        assert_eq!(kind(&missing), Err(io::ErrorKind::NotFound));
        assert_eq!(kind(directory.path()), Err(io::ErrorKind::IsADirectory));
    }
}
