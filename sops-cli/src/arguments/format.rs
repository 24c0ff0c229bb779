//! The formats that are read and written.

use std::path::Path;

use clap::Args;
use sops_core::Format;

use crate::command_error::{Code, CommandError};

/// What format is read and written.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct FormatArgs {
    /// The format that is read: `yaml`, `json`, `dotenv`, `ini` or `binary`; the file's extension tells it otherwise
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_type: Option<String>,
    /// The format that is written, one of the same; the file's extension tells it otherwise
    #[arg(long, value_name = "FORMAT")]
    pub(crate) output_type: Option<String>,
}

impl FormatArgs {
    pub(crate) fn input(&self, path: Option<&Path>) -> Result<Format, CommandError> {
        format("--input-type", self.input_type.as_deref(), path)
    }

    /// The format that is written, where `input` is read: that of the name, if there is one.
    pub(crate) fn output(
        &self,
        path: Option<&Path>,
        input: Format,
    ) -> Result<Format, CommandError> {
        let is_given = self
            .output_type
            .as_ref()
            .is_some_and(|name| !name.is_empty());
        match path {
            None if !is_given => Ok(input),
            _ => format("--output-type", self.output_type.as_deref(), path),
        }
    }

    /// The format of a file that is changed: the one in which it is also written.
    pub(crate) fn both(&self, path: &Path) -> Result<Format, CommandError> {
        let input = self.input(Some(path))?;
        let output = self.output(Some(path), input)?;
        if output != input && self.output_type.is_none() {
            let message = "a file that is changed keeps its format, which `--output-type` or the file's extension says";
            return Err(CommandError::new(Code::ConflictingParameters, message)
                .hint(format!("add `--output-type {}`", input.name())));
        }
        if output != input {
            return Err(CommandError::new(
                Code::ConflictingParameters,
                "a file that is changed keeps its format: `--input-type` and `--output-type` must be the same",
            )
            .hint("to convert it: `sops-rs decrypt --output-type`, then `sops-rs encrypt`"));
        }
        Ok(input)
    }
}

fn format(flag: &str, name: Option<&str>, path: Option<&Path>) -> Result<Format, CommandError> {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        return Format::from_name(name).ok_or_else(|| {
            CommandError::new(Code::Generic, format!("{flag}: there is no such format"))
                .hint("the formats are `yaml`, `json`, `dotenv`, `ini` and `binary`")
        });
    }
    path.map(Format::from_path).ok_or_else(|| {
        CommandError::new(Code::Generic, "the format of standard input is not known")
            .hint("tell it with `--input-type yaml`, or a file name with `--filename-override`")
    })
}
