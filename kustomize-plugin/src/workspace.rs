//! The working directory, and the files that may be read from it.
//!
//! kustomize starts a function in the directory of the kustomization that names it. kustomize
//! limits a build to that directory, but does not limit functions. Here, a path must be relative
//! and spell out each `..` (`../../base/secret.yaml`), and symbolic links may not lead further, so
//! a review of the configuration shows what is read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::problem::Problem;

/// The maximum size of a file in bytes. SOPS documents are smaller.
const LIMIT: u64 = 1 << 32;

/// The directory that paths are relative to.
pub(crate) struct Workspace {
    directory: PathBuf,
}

impl Workspace {
    /// # Errors
    /// The system's error if the directory does not exist.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        Ok(Self {
            directory: directory.canonicalize()?,
        })
    }

    /// Whether a file with this path exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.directory.join(path).exists()
    }

    /// The bytes of a regular file.
    pub(crate) fn read(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let refused = |message: &str| Problem::new(message).in_file(path);
        let failed = |error: io::Error| {
            Problem::new(match error.kind() {
                io::ErrorKind::NotFound => {
                    format!(
                        "there is no such file; paths are relative to {}",
                        self.directory.display()
                    )
                }
                _ => format!("the file cannot be read: {error}"),
            })
            .in_file(path)
        };
        let (up, down) = split(Path::new(path)).ok_or_else(|| {
            refused("the path is absolute; write it relative to the directory of the kustomization")
        })?;
        let mut root = self.directory.as_path();
        for _ in 0..up {
            root = root
                .parent()
                .ok_or_else(|| refused("the path leads out of the file system"))?;
        }
        let target = root.join(down).canonicalize().map_err(failed)?;
        if !target.starts_with(root) {
            return Err(refused(
                "a symbolic link leads out of the directory that the path names; replace the link with the file",
            ));
        }
        read_regular(&target)
            .map_err(failed)?
            .ok_or_else(|| refused("it is not a regular file, or it is 4 GiB or larger"))
    }
}

/// How many directories a relative path leads up, and the rest of the path; `None` for an absolute
/// path.
fn split(path: &Path) -> Option<(usize, PathBuf)> {
    let mut up = 0;
    let mut down = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => down.push(name),
            Component::CurDir => {}
            Component::ParentDir if down.pop() => {}
            Component::ParentDir => up += 1,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some((up, down))
}

fn read_regular(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // Opening a FIFO would wait for a writer.
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    let length = metadata.len();
    if !metadata.is_file() || length >= LIMIT {
        return Ok(None);
    }
    // Has room for the whole file and one more byte, so that the buffer never has to grow and leave
    // a copy behind.
    let size = usize::try_from(length).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_are_read_from_their_path_only() {
        let directory = tempfile::tempdir().expect("a temporary directory can be created");
        let root = directory.path();
        fs::create_dir_all(root.join("app/sub")).expect("the path is writable");
        for file in ["outside", "app/inside", "app/sub/deep"] {
            fs::write(root.join(file), file).expect("the path is writable");
        }
        symlink("sub/deep", root.join("app/link")).expect("the path is writable");
        symlink("../outside", root.join("app/leak")).expect("the path is writable");
        symlink("..", root.join("app/up")).expect("the path is writable");
        symlink("missing", root.join("app/dangling")).expect("the path is writable");
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            root.join("app/fifo"),
            rustix::fs::Mode::RWXU,
        )
        .expect("the path is writable");
        let workspace = Workspace::new(&root.join("app")).expect("the entry exists");
        let read = |path: &str| {
            workspace
                .read(path)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .map_err(|problem| (problem.message, problem.file))
        };
        for (path, content) in [
            ("inside", "app/inside"),
            ("./sub/../inside", "app/inside"),
            ("link", "app/sub/deep"),
            ("../outside", "outside"),
            ("../app/inside", "app/inside"),
            // The path itself leads up with `..`, and the link leads no further.
            ("../app/leak", "outside"),
        ] {
            assert_eq!(read(path).as_deref(), Ok(content), "{path}");
        }
        for (path, message) in [
            ("/etc/hostname", "the path is absolute"),
            ("leak", "a symbolic link leads out"),
            ("up/outside", "a symbolic link leads out"),
            ("fifo", "it is not a regular file"),
            ("sub", "it is not a regular file"),
            (".", "it is not a regular file"),
            ("", "it is not a regular file"),
            ("missing", "there is no such file"),
            ("dangling", "there is no such file"),
            ("inside/x", "the file cannot be read"),
            ("a\0b", "the file cannot be read"),
            (&"../".repeat(64), "the path leads out of the file system"),
        ] {
            let (found, file) = read(path).expect_err(path);
            assert!(found.starts_with(message), "{path}: {found}");
            assert_eq!(file.as_deref(), Some(path));
        }
    }
}
