//! Publishes to a directory.

use std::fs;
use std::path::Path;

use sops_core::{EncryptedDocument, Format};

use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::ui::Ui;

/// Writes the published file. It replaces an existing file only if that file is encrypted.
pub(super) fn write(ui: &Ui, target: &Path, content: &[u8]) -> Result<(), CommandError> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)
            .map_err(|error| CommandError::output(name_of(parent), &error))?;
    }
    // A link could lead to a file outside the directory.
    let is_special = fs::symlink_metadata(target).is_ok_and(|metadata| !metadata.is_file());
    if is_special {
        let message = format!("{} is not a regular file", name_of(target));
        return Err(CommandError::new(Code::CannotWriteOutput, message)
            .hint("move it away, or publish to another directory"));
    }
    let old = match fs::read(target) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(CommandError::input(name_of(target), &error)),
    };
    let expected = match &old {
        Some(old) if !is_encrypted(old) => {
            let message = format!(
                "{} already exists and is not an encrypted file",
                name_of(target)
            );
            return Err(CommandError::new(Code::CannotWriteOutput, message)
                .hint("move it away, or publish to another directory"));
        }
        Some(old) => Expected::Content(old),
        None => Expected::Nothing,
    };
    files::write(ui, target, content, expected, Readers::Usual)
}

/// Whether the content is an encrypted file of any format.
fn is_encrypted(content: &[u8]) -> bool {
    let formats = [
        Format::Binary,
        Format::Json,
        Format::Yaml,
        Format::Dotenv,
        Format::Ini,
    ];
    let mut formats = formats.into_iter();
    formats.any(|format| EncryptedDocument::parse(content, format).is_ok())
}
