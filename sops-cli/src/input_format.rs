//! Determines the format of an input from its name or, for an encrypted file, from its content.

use std::path::Path;

use sops_core::{Format, encrypted_format};

use crate::command_error::{Code, CommandError};

/// The source from which the format of an input is determined.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InputFormat {
    /// A flag, or the extension of the file name.
    Known(Format),
    /// The content of an encrypted file; other files are binary, since the extension is unknown.
    Content,
    /// The content of an encrypted file, without a name.
    Unnamed,
}

impl From<Format> for InputFormat {
    fn from(format: Format) -> Self {
        Self::Known(format)
    }
}

impl InputFormat {
    /// What the format of the file with this name is determined from.
    pub(crate) fn of_name(path: &Path) -> Self {
        match Format::from_path(path) {
            Format::Binary => Self::Content,
            format => Self::Known(format),
        }
    }

    /// The format of an encrypted file with this content.
    pub(crate) fn of_encrypted(self, content: &[u8]) -> Result<Format, CommandError> {
        match self {
            // Every encrypted JSON file has the form of a binary one.
            Self::Known(Format::Binary) => Ok(match encrypted_format(content) {
                Some(Format::Json) => Format::Json,
                _ => Format::Binary,
            }),
            // JSON is also YAML, but no program writes encrypted YAML like this. If it is read as
            // YAML, the result is in block style, as from `sops`.
            Self::Known(Format::Yaml) if is_json(content) => Ok(Format::Json),
            Self::Known(format) => Ok(format),
            Self::Content => Ok(encrypted_format(content).unwrap_or(Format::Binary)),
            Self::Unnamed => encrypted_format(content).ok_or_else(unknown),
        }
    }

    /// The format of a plaintext.
    pub(crate) fn of_plaintext(self) -> Result<Format, CommandError> {
        match self {
            Self::Known(format) => Ok(format),
            Self::Content => Ok(Format::Binary),
            Self::Unnamed => Err(unknown()),
        }
    }
}

/// Whether the content is an encrypted JSON file.
fn is_json(content: &[u8]) -> bool {
    let begins_so = content.trim_ascii_start().starts_with(b"{");
    begins_so
        && matches!(
            encrypted_format(content),
            Some(Format::Json | Format::Binary)
        )
}

/// Whether the name of a file determines its format.
pub(crate) fn has_format(path: &Path) -> bool {
    Format::from_path(path) != Format::Binary
}

fn unknown() -> CommandError {
    CommandError::new(Code::Generic, "the format of standard input is unknown")
        .hint("pass it, as in `--input-type yaml`, or pass a file name with `--filename-override`")
}
