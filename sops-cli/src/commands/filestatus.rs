//! `sops-rs filestatus`.

use sops_core::metadata::{INVALID_VERSION, MISSING};
use sops_core::{EncryptedDocument, Error, Format, KeyPath};

use crate::arguments::{FileArg, FormatArgs};
use crate::command_error::{Code, CommandError, Role};
use crate::input::Input;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs filestatus secret.yaml
  sops-rs filestatus --input-type json secret.json";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    #[command(flatten)]
    formats: FormatArgs,
}

pub(crate) fn cmd_filestatus(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    let file = args.file.require(ui)?;
    let by_name = args.formats.input(Some(file));
    let input = Input::read(Some(file), by_name, Role::Encrypted)
        .map_err(|error| error.with_code(Code::Generic))?;
    if input.content.is_empty() {
        return empty(ui, &input);
    }
    let is_encrypted = match EncryptedDocument::parse(&*input.content, input.format) {
        Ok(document) => !document.metadata().mac.is_empty(),
        Err(Error::NotEncrypted) => false,
        // Here, `sops` requires a version but does not check it.
        Err(Error::Metadata { path, message, .. })
            if is_version(path.as_ref()) && [MISSING, INVALID_VERSION].contains(&&*message) =>
        {
            message != MISSING
        }
        Err(error) => return Err(input.error(error)),
    };
    ui.output(format!("{{\"encrypted\":{is_encrypted}}}\n").as_bytes())
}

/// The status of an empty file: invalid as JSON, and plaintext in the other formats, as in `sops`.
fn empty(ui: &Ui, input: &Input) -> Result<(), CommandError> {
    match input.format {
        Format::Json | Format::Binary => {
            Err(CommandError::new(Code::Generic, "the file is empty").in_file(&input.name))
        }
        _ => ui.output(b"{\"encrypted\":false}\n"),
    }
}

fn is_version(path: Option<&KeyPath>) -> bool {
    path.is_some_and(|path| path.dotted().to_string() == "version")
}
