//! The formats that are read and written.

use std::path::Path;

use clap::Args;
use sops_core::document::binary;
use sops_core::{Format, parse_document};

use crate::command_error::{Code, CommandError};
use crate::input_format::{InputFormat, has_format};

/// What format is read and written.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct FormatArgs {
    /// The format that is read: `yaml`, `json`, `dotenv`, `ini` or `binary` [default: from the file extension, or the content of an encrypted file]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_type: Option<String>,
    /// The format that is written, one of the same [default: from the file extension, or the format that is read]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) output_type: Option<String>,
}

impl FormatArgs {
    /// What tells the format of the file with this name; `None` is standard input.
    pub(crate) fn input(&self, path: Option<&Path>) -> Result<InputFormat, CommandError> {
        if let Some(format) = format("--input-type", self.input_type.as_deref())? {
            return Ok(InputFormat::Known(format));
        }
        Ok(path.map_or(InputFormat::Unnamed, InputFormat::of_name))
    }

    /// The format that is written, where `input` is read: that of the name if it has one, and else the same.
    pub(crate) fn output(
        &self,
        path: Option<&Path>,
        input: Format,
    ) -> Result<Format, CommandError> {
        if let Some(format) = format("--output-type", self.output_type.as_deref())? {
            return Ok(format);
        }
        Ok(match path.map_or(Format::Binary, Format::from_path) {
            Format::Binary => input,
            named => named,
        })
    }

    /// The format in which the plaintext of an encrypted file is written. As in `sops`, a document that `--input-type` names becomes the binary file
    /// that it was made of, if the file's name does not tell another format.
    pub(crate) fn decrypted(
        &self,
        path: Option<&Path>,
        input: Format,
        content: &[u8],
    ) -> Result<Format, CommandError> {
        let output = self.output(path, input)?;
        let is_told = self.has_output() || path.is_none_or(has_format);
        if is_told
            || input == Format::Binary
            || format("--input-type", self.input_type.as_deref())?.is_none()
        {
            return Ok(output);
        }
        let document = parse_document(content, input);
        let is_binary = document.is_ok_and(|document| binary::data(&document).is_some());
        Ok(if is_binary { Format::Binary } else { output })
    }

    /// Whether `--output-type` is given.
    pub(crate) fn has_output(&self) -> bool {
        let name = self.output_type.as_deref().unwrap_or_default();
        !name.is_empty()
    }

    /// Refuses to write a file that is changed in another format than the one that it has.
    pub(crate) fn check_kept(&self, input: Format) -> Result<(), CommandError> {
        match format("--output-type", self.output_type.as_deref())? {
            Some(output) if output != input => Err(CommandError::new(
                Code::ConflictingParameters,
                "a file that is changed keeps its format: `--output-type` must be that of the file",
            )
            .hint("to convert it: `sops-rs decrypt --output-type`, then `sops-rs encrypt`")),
            _ => Ok(()),
        }
    }
}

/// The format that a flag names, if it is given.
fn format(flag: &str, name: Option<&str>) -> Result<Option<Format>, CommandError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let format = Format::from_name(name).ok_or_else(|| {
        CommandError::new(Code::Generic, format!("{flag}: there is no such format"))
            .hint("the formats are `yaml`, `json`, `dotenv`, `ini` and `binary`")
    });
    format.map(Some)
}
