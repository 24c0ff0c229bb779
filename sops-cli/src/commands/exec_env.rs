//! `sops-rs exec-env`.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use sops_core::{parse_document, variables};

use crate::arguments::{ExecArgs, FormatArgs, GlobalArgs};
use crate::command_error::{Code, CommandError, Role};
use crate::decrypt_file::Use;
use crate::exec::{self, Passing};
use crate::input::Input;
use crate::ui::Ui;

const EXAMPLE: &str = "for example: `sops-rs exec-env secrets.env './serve --port 80'`";

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    exec: ExecArgs,
    /// Give the command no other variables
    #[arg(long)]
    pristine: bool,
    /// Become the command instead of waiting for it
    #[arg(long)]
    same_process: bool,
    /// The format that is read [default: from the file extension, or the content of an encrypted file]
    #[arg(long, value_name = "FORMAT")]
    input_type: Option<String>,
}

pub(crate) fn cmd_exec_env(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    if args.exec.background && args.same_process {
        let message = "`--background` and `--same-process` exclude each other";
        return Err(CommandError::new(Code::ConflictingParameters, message));
    }
    let formats = FormatArgs {
        input_type: args.input_type.clone(),
        ..FormatArgs::default()
    };
    let (file, command) = args.exec.file_and_command(EXAMPLE)?;
    let input = Input::read(Some(file), formats.input(Some(file))?, Role::Encrypted)?;
    let decrypted = exec::decrypt(ui, globals, &args.exec, &input, Use::Values)?;
    let document = parse_document(&*decrypted.plaintext, input.format)
        .map_err(|error| input.plaintext_error(error))?;
    if document.document_count() > 1 {
        ui.warn(format_args!(
            "{} has several documents; only the first one is used",
            input.name
        ));
    }
    let secrets = variables(&document).map_err(|error| input.plaintext_error(error))?;
    let passing = if args.exec.background || args.same_process {
        None
    } else {
        Some(Passing::new()?)
    };
    let user = args.exec.become_user()?;
    let mut shell = exec::shell(command, args.pristine, user.as_ref(), secrets);
    match passing {
        Some(passing) => passing.run(shell),
        None if args.same_process => Err(exec::failed(&shell.exec())),
        None => exec::start(shell).map(|()| ExitCode::SUCCESS),
    }
}
