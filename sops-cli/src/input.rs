//! The input of a command: a file or standard input, with its format.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sops_core::reading::FileKind;
use sops_core::{Error, Format, reading};

use crate::command_error::{Code, CommandError, Role, STANDARD_INPUT, name_of};
use crate::files::Expected;
use crate::input_format::InputFormat;

/// The content of a file, with its name and its format.
pub(crate) struct Input {
    /// The name of the input in messages.
    pub(crate) name: String,
    /// `None` is standard input.
    pub(crate) path: Option<PathBuf>,
    pub(crate) format: Format,
    /// The content, as UTF-8. The program's allocator wipes it when it is freed; `Zeroizing` would
    /// wipe it once more, byte by byte.
    pub(crate) content: Vec<u8>,
    /// The bytes of the file, if they are UTF-16.
    utf16: Option<Vec<u8>>,
    role: Role,
}

/// The largest manifest, in bytes: no API server accepts one of this size.
const MANIFEST_LIMIT: u64 = 64 * 1024 * 1024;

/// Reads a whole manifest. A pipe or a device has no known size, and may have no end.
///
/// # Errors
/// The errors of the reader, and [`io::ErrorKind::FileTooLarge`] beyond [`MANIFEST_LIMIT`].
pub(crate) fn read_manifest(from: impl Read) -> io::Result<Vec<u8>> {
    reading::read_bounded(from, MANIFEST_LIMIT)
}

/// Reads a file of a repository, which must be a regular file.
///
/// # Errors
/// The errors of [`read_manifest`] and [`reading::open`].
pub(crate) fn read_repository_file(path: &Path) -> io::Result<Vec<u8>> {
    reading::open(path, FileKind::Regular).and_then(read_manifest)
}

/// Converts UTF-16 with a byte order mark to UTF-8; `None` if the bytes are not in this encoding.
fn from_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let (units, []) = bytes[2..].as_chunks::<2>() else {
        return None;
    };
    let mut text = String::with_capacity(units.len() * 3);
    for character in char::decode_utf16(units.iter().map(|pair| unit(*pair))) {
        text.push(character.ok()?);
    }
    Some(text.into_bytes())
}

fn is_directory(name: &str) -> CommandError {
    let message = format!("{name} is a directory");
    CommandError::new(Code::CannotReadInput, message).hint("this command takes one file")
}

impl Input {
    /// Reads the file, or standard input without one.
    pub(crate) fn read(
        path: Option<&Path>,
        format: impl Into<InputFormat>,
        role: Role,
    ) -> Result<Self, CommandError> {
        let bytes = match path {
            Some(path) => std::fs::read(path),
            None => {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
        };
        Self::of(path, format.into(), role, bytes)
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
        Self::of(path, format.into(), role, bytes)
    }

    fn of(
        path: Option<&Path>,
        format: InputFormat,
        role: Role,
        bytes: io::Result<Vec<u8>>,
    ) -> Result<Self, CommandError> {
        let name = path.map_or_else(|| STANDARD_INPUT.to_owned(), name_of);
        let bytes = bytes.map_err(|error| match error.kind() {
            io::ErrorKind::IsADirectory => is_directory(&name),
            _ => CommandError::input(&name, &error),
        })?;
        let decoded = match role {
            Role::Encrypted => from_utf16(&bytes),
            // Decryption would not restore the UTF-16 bytes.
            _ if format.of_plaintext()? == Format::Binary => None,
            _ => from_utf16(&bytes),
        };
        let (content, utf16) = match decoded {
            Some(decoded) => (decoded, Some(bytes)),
            None => (bytes, None),
        };
        let format = match role {
            Role::Encrypted => format.of_encrypted(&content)?,
            _ => format.of_plaintext()?,
        };
        Ok(Self {
            name,
            path: path.map(Path::to_owned),
            format,
            content,
            utf16,
            role,
        })
    }

    /// Whether the file is in UTF-16, and the content was decoded.
    pub(crate) fn is_utf16(&self) -> bool {
        self.utf16.is_some()
    }

    /// The condition that the file still has the content that was read.
    pub(crate) fn expected(&self) -> Expected<'_> {
        Expected::Content(self.utf16.as_ref().unwrap_or(&self.content))
    }

    /// An error of the library about this content.
    pub(crate) fn error(&self, error: impl Into<Error>) -> CommandError {
        let error = error.into();
        CommandError::in_text(error, &self.name, &self.content, self.format, self.role)
    }

    /// An error of the library about the decrypted content, whose lines the user does not see.
    pub(crate) fn plaintext_error(&self, error: impl Into<Error>) -> CommandError {
        let error = error.into();
        CommandError::in_text(error, &self.name, &[], self.format, self.role).in_file(&self.name)
    }
}
