//! `sops-rs filestatus`.

use sops_core::{EncryptedDocument, Error};

use crate::arguments::{FileArg, FormatArgs};
use crate::command_error::{Code, CommandError, Role};
use crate::input::Input;
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    #[command(flatten)]
    formats: FormatArgs,
}

pub(crate) fn cmd_filestatus(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    let file = args.file.require(ui)?;
    let format = args.formats.input(Some(file))?;
    let input = Input::read(Some(file), format, Role::Encrypted)
        .map_err(|error| error.with_code(Code::Generic))?;
    let is_encrypted = match EncryptedDocument::parse(&*input.content, format) {
        Ok(document) => !document.metadata().mac.is_empty(),
        Err(Error::NotEncrypted) => false,
        Err(error) => return Err(input.error(error)),
    };
    ui.output(format!("{{\"encrypted\":{is_encrypted}}}\n").as_bytes())
}
