//! The input of a command: a file or standard input, with its format.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sops_core::reading::FileKind;
use sops_core::{Error, Format, reading};
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError, Role, name_of};

/// The content of a file, where it came from, and what it is.
pub(crate) struct Input {
    /// Its name in messages.
    pub(crate) name: String,
    /// `None` is standard input.
    pub(crate) path: Option<PathBuf>,
    pub(crate) format: Format,
    pub(crate) content: Zeroizing<Vec<u8>>,
    role: Role,
}

/// The largest manifest, in bytes: no API server accepts one of this size.
const MANIFEST_LIMIT: u64 = 64 * 1024 * 1024;

/// All of a manifest. A pipe or a device has no size to ask for, and may have no end.
///
/// # Errors
/// Those of the reader, and [`io::ErrorKind::FileTooLarge`] beyond [`MANIFEST_LIMIT`].
pub(crate) fn read_manifest(from: impl Read) -> io::Result<Vec<u8>> {
    reading::read_bounded(from, MANIFEST_LIMIT)
}

/// Reads a file of a repository, which must be a regular file.
///
/// # Errors
/// As [`read_manifest`], and those of [`reading::open`].
pub(crate) fn read_repository_file(path: &Path) -> io::Result<Vec<u8>> {
    reading::open(path, FileKind::Regular).and_then(read_manifest)
}

fn is_directory(name: &str) -> CommandError {
    let message = format!("{name} is a directory");
    CommandError::new(Code::CannotReadInput, message).hint("this command takes one file")
}

impl Input {
    /// Reads the file, or standard input if there is none.
    pub(crate) fn read(
        path: Option<&Path>,
        format: Format,
        role: Role,
    ) -> Result<Self, CommandError> {
        let bytes = match path {
            Some(path) => std::fs::read(path),
            None => {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
        };
        Self::of(path, format, role, bytes)
    }

    /// Reads a manifest, whose size is limited.
    #[cfg(feature = "kube")]
    pub(crate) fn of_manifests(
        path: Option<&Path>,
        format: Format,
        role: Role,
    ) -> Result<Self, CommandError> {
        let bytes = match path {
            Some(path) => std::fs::File::open(path).and_then(read_manifest),
            None => read_manifest(io::stdin().lock()),
        };
        Self::of(path, format, role, bytes)
    }

    fn of(
        path: Option<&Path>,
        format: Format,
        role: Role,
        bytes: io::Result<Vec<u8>>,
    ) -> Result<Self, CommandError> {
        let name = path.map_or_else(|| "standard input".to_owned(), name_of);
        let bytes = bytes.map_err(|error| match error.kind() {
            io::ErrorKind::IsADirectory => is_directory(&name),
            _ => CommandError::input(&name, &error),
        })?;
        Ok(Self {
            name,
            path: path.map(Path::to_owned),
            format,
            content: Zeroizing::new(bytes),
            role,
        })
    }

    /// An error of the library about this content.
    pub(crate) fn error(&self, error: impl Into<Error>) -> CommandError {
        let error = error.into();
        CommandError::in_text(error, &self.name, &self.content, self.format, self.role)
    }

    /// An error of the library about the decrypted content, whose lines the user does not see.
    pub(crate) fn plaintext_error(&self, error: impl Into<Error>) -> CommandError {
        let error = error.into();
        CommandError::in_text(error, &self.name, &[], self.format, self.role)
    }
}
