//! The input and output formats of a command.

use std::path::Path;

use clap::Args;
use sops_core::document::binary;
use sops_core::{Format, parse_document};

use crate::command_error::{Code, CommandError, name_of};
use crate::input_format::{InputFormat, has_format};
use crate::ui::Ui;

/// The input and output format. As in `sops`, an unknown format counts as not given.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct FormatArgs {
    /// Input format: yaml, json, dotenv, ini, binary [default: by extension]
    ///
    /// For an encrypted file with an unknown extension, the content decides.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_type: Option<String>,
    /// Output format [default: by extension]
    ///
    /// If the extension is unknown, the output has the format of the input.
    #[arg(long, hide_short_help = true, value_name = "FORMAT")]
    pub(crate) output_type: Option<String>,
}

impl FormatArgs {
    /// What determines the format of the file with this name; `None` is standard input.
    pub(crate) fn input(&self, path: Option<&Path>) -> InputFormat {
        match self.named_input() {
            Some(format) => InputFormat::Known(format),
            None => path.map_or(InputFormat::Unnamed, InputFormat::of_name),
        }
    }

    /// The output format for an input in the format `input`: that of `--output-type`, or else that
    /// of the file's name, or else `input`.
    pub(crate) fn output(&self, path: Option<&Path>, input: Format) -> Format {
        let of_name = path.map(Format::from_path);
        let of_name = of_name.filter(|format| *format != Format::Binary);
        self.named_output().or(of_name).unwrap_or(input)
    }

    /// The format in which the plaintext of an encrypted file is written. As in `sops`, if
    /// `--input-type` gives the format, the result is the binary file that was encrypted, unless
    /// the file's name has another format.
    pub(crate) fn decrypted(&self, path: Option<&Path>, input: Format, content: &[u8]) -> Format {
        let output = self.output(path, input);
        let is_known = self.has_output() || path.is_none_or(has_format);
        if is_known || input == Format::Binary || self.named_input().is_none() {
            return output;
        }
        let document = parse_document(content, input);
        let is_binary = document.is_ok_and(|document| binary::data(&document).is_some());
        if is_binary { Format::Binary } else { output }
    }

    /// Whether `--output-type` names a format.
    pub(crate) fn has_output(&self) -> bool {
        self.named_output().is_some()
    }

    /// The formats of a changed file: `input`, unless `--output-type` names another for the output.
    pub(crate) fn of_change(&self, input: Format) -> Result<FormatChange, CommandError> {
        let output = self.named_output().unwrap_or(input);
        if output == Format::Binary && input != Format::Binary {
            return Err(CommandError::new(
                Code::ConflictingParameters,
                "`--output-type binary` would lose all keys except `data`",
            )
            .hint("to encrypt the whole file as one value, run `sops-rs decrypt -i FILE`, and then `sops-rs encrypt -i --input-type binary --output-type binary FILE`"));
        }
        Ok(FormatChange { input, output })
    }

    fn named_input(&self) -> Option<Format> {
        self.input_type.as_deref().and_then(Format::from_name)
    }

    fn named_output(&self) -> Option<Format> {
        self.output_type.as_deref().and_then(Format::from_name)
    }
}

/// The formats in which a changed file is read and written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormatChange {
    pub(crate) input: Format,
    pub(crate) output: Format,
}

impl FormatChange {
    /// Warns if the file's name suggests a format other than the new one.
    pub(crate) fn warn(self, ui: &Ui, path: &Path) {
        let is_misnamed = has_format(path) && self.output != Format::from_path(path);
        if self.output != self.input && is_misnamed {
            let name = self.output.name();
            ui.warn(format_args!(
                "{} is now {name}, but its name suggests another format; read it with `--input-type {name}`",
                name_of(path),
            ));
        }
    }
}

/// Warns about unknown formats on the command line.
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
