//! The flags of `set`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sops_core::KeyPath;

use crate::arguments::{self, FormatArgs, IdempotentArg, OpeningArgs, go_count};
use crate::command_error::{Code, CommandError, name_of};
use crate::random_text::RandomText;

const EXAMPLES: &str = "\
Examples:
  openssl rand -base64 24 | sops-rs set secret.yaml data.password
  sops-rs set settings.yaml replicas 3 owner '\"ann\"'   # values in JSON";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) values: ValueArgs,
    #[command(flatten)]
    pub(super) idempotent: IdempotentArg,
    #[command(flatten)]
    pub(super) formats: FormatArgs,
    #[command(flatten)]
    pub(super) opening: OpeningArgs,
    #[arg(long, hide = true, value_parser = go_count)]
    shamir_secret_sharing_threshold: Option<usize>,
}

/// Key paths with their values, and where the values come from.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub(crate) struct ValueArgs {
    /// The key path: `a.b[0]`, `.a["b.c"]` or `["a"]["b"]`
    #[arg(value_name = "PATH", allow_hyphen_values = true)]
    pub(super) path: Option<String>,
    /// The value as JSON [default: text from standard input or a prompt]
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(super) value: Option<OsString>,
    /// More paths and values
    #[arg(
        value_name = "PATH VALUE",
        hide_short_help = true,
        allow_hyphen_values = true
    )]
    pub(super) more: Vec<OsString>,
    /// Take the values as plain text, not as JSON
    #[arg(long)]
    pub(super) text: bool,
    /// Read plain text from a file, including the line break at its end; `-` is standard input
    ///
    /// For several paths, repeat this flag in the same order.
    #[arg(long, hide_short_help = true, value_name = "FILE", conflicts_with_all = ["prompt", "generate", "value_file", "value_stdin"])]
    pub(super) from_file: Vec<PathBuf>,
    /// Ask for the value of each path on the terminal, without showing it
    #[arg(long, hide_short_help = true, conflicts_with_all = ["generate", "value_file", "value_stdin"])]
    pub(super) prompt: bool,
    /// Set random values of this length, such as `32` or `64:hex`
    ///
    /// The alphabets, with the bits of entropy per character, are alnum (5.95), lower (5.17),
    /// digits (3.32), hex (4), base64url (6) and ascii (6.55). The default is alnum: 32 characters
    /// have 190 bits.
    #[arg(long, value_name = "LENGTH[:ALPHABET]", conflicts_with_all = ["value_file", "value_stdin"])]
    pub(super) generate: Option<RandomText>,
    /// Encode the text in base64 [default: under `data` of a Secret]
    ///
    /// A value in JSON is never encoded. Under `data` of a Secret, it must be base64.
    #[arg(long, hide_short_help = true)]
    pub(super) encode: bool,
    /// Read the value as JSON from the file VALUE
    #[arg(long, hide_short_help = true)]
    pub(super) value_file: bool,
    /// Read the value as JSON from standard input
    #[arg(long, hide_short_help = true)]
    pub(super) value_stdin: bool,
    /// Like `--text`, but keep a line break at the end of the value
    #[arg(long, hide_short_help = true)]
    pub(super) value_raw: bool,
}

impl ValueArgs {
    /// The first path, as the user typed it.
    pub(super) fn first_path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

impl Args {
    /// Parses the value of `--set` in the old form: path and value in one string.
    pub(crate) fn from_legacy(
        file: &Path,
        both: &str,
        formats: FormatArgs,
        opening: OpeningArgs,
    ) -> Result<Self, CommandError> {
        let Some((path, value)) = both.split_once("] ") else {
            return Err(CommandError::new(
                Code::InvalidSetFormat,
                "`--set` needs a key path, a space and a value",
            )
            .hint("for example: `--set '[\"key\"][0] \"text\"'`"));
        };
        Ok(Self {
            file: Some(file.to_owned()),
            values: ValueArgs {
                path: Some(format!("{path}]")),
                value: Some(value.into()),
                ..ValueArgs::default()
            },
            formats,
            opening,
            ..Self::default()
        })
    }
}

/// A path on the command line of `set` or `unset`.
pub(crate) fn key_path(text: &str) -> Result<KeyPath, CommandError> {
    arguments::key_path(text)
        .map_err(|error| CommandError::general(error).with_code(Code::InvalidSetFormat))
}

/// The command that sets or proposes values, for its messages.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'c> {
    pub(crate) command: &'static str,
    pub(crate) file: Option<&'c Path>,
}

impl Caller<'_> {
    /// The error for a value on the command line next to `--value-stdin`.
    pub(super) fn value_twice() -> CommandError {
        let message =
            "`--value-stdin` reads the value from standard input, so pass only a key path";
        CommandError::new(Code::NoFileSpecified, message)
    }

    /// The error for missing arguments.
    pub(super) fn usage(self) -> CommandError {
        let Self { command, file } = self;
        let message = match file {
            None => "expected a file, a key path and a value",
            Some(_) => "expected pairs of a key path and a value",
        };
        let file = file.map_or_else(|| "secret.yaml".to_owned(), name_of);
        CommandError::new(Code::NoFileSpecified, message).hint(format!(
            "for example: `sops-rs {command} {file} data.password`, which asks for the value; or with a value in JSON: `sops-rs {command} {file} replicas 3`"
        ))
    }
}
