//! The formats that are read and written.

use std::path::Path;

use clap::Args;
use sops_core::Format;

use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

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
        format(self.input_type.as_deref(), path)
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
            .is_some_and(|name| Format::from_name(name).is_some());
        match path {
            None if !is_given => Ok(input),
            _ => format(self.output_type.as_deref(), path),
        }
    }

    /// The formats in which a file that is changed is read and written: the same, unless the flag says otherwise.
    pub(crate) fn of_change(&self, path: &Path) -> Result<FormatChange, CommandError> {
        let input = self.input(Some(path))?;
        let named = self.output_type.as_deref().and_then(Format::from_name);
        let output = named.unwrap_or(input);
        if output == Format::Binary && input != Format::Binary {
            return Err(CommandError::new(
                Code::ConflictingParameters,
                "`--output-type binary` of a file with other keys than `data` loses these",
            )
            .hint("to convert it: `sops-rs decrypt --output-type`, then `sops-rs encrypt`"));
        }
        Ok(FormatChange { input, output })
    }
}

/// The formats in which a file that is changed is read and written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormatChange {
    pub(crate) input: Format,
    pub(crate) output: Format,
}

impl FormatChange {
    /// Says how a file is read again whose name does not tell its new format.
    pub(crate) fn warn(self, ui: &Ui, path: &Path) {
        if self.output != self.input && self.output != Format::from_path(path) {
            let name = self.output.name();
            ui.warn(format_args!(
                "{} is now {name}, which its name does not say; read it with `--input-type {name}`",
                name_of(path),
            ));
        }
    }
}

/// The format that is named, or that of the path. An unknown one is as if it was not given, as in `sops`.
fn format(name: Option<&str>, path: Option<&Path>) -> Result<Format, CommandError> {
    let named = name.and_then(Format::from_name);
    named
        .or_else(|| path.map(Format::from_path))
        .ok_or_else(|| {
            CommandError::new(Code::Generic, "the format of standard input is not known")
                .hint("tell it with `--input-type yaml`, or a file name with `--filename-override`")
        })
}

/// Warns of formats on the command line that do not exist.
pub(crate) fn warn_of_unknown(ui: &Ui, matches: &clap::ArgMatches) {
    for id in ["input_type", "output_type"] {
        let name = matches.try_get_one::<String>(id).ok().flatten();
        if let Some(name) = name.filter(|name| !name.is_empty())
            && Format::from_name(name).is_none()
        {
            let flag = id.replace('_', "-");
            ui.warn(format_args!(
                "`--{flag} {name}` is ignored: the formats are `yaml`, `json`, `dotenv`, `ini` and `binary`"
            ));
        }
    }
    if let Some((_, matches)) = matches.subcommand() {
        warn_of_unknown(ui, matches);
    }
}
