//! `sops-rs exec-env`.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use sops_core::document::Shape;
use sops_core::{Document, Error, Variable, parse_document, variables};

use crate::arguments::{ExecArgs, ExecCommand, FormatArgs, GlobalArgs};
use crate::command_error::{Code, CommandError, Role};
use crate::decrypt_file::Use;
use crate::exec::{self, Passing};
use crate::input::Input;
use crate::ui::Ui;

const EXAMPLE: &str = "for example: `sops-rs exec-env secrets.env './serve --port 80'` or `sops-rs exec-env secrets.env -- ./serve --port 80`";

const EXAMPLES: &str = "\
Examples:
  sops-rs exec-env settings.yaml './serve --port 80'       # run by a shell
  sops-rs exec-env settings.yaml -- ./serve --port 80      # run without a shell
  sops-rs exec-env --redact settings.yaml ./serve          # mask printed values";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    exec: ExecArgs,
    /// Start with an empty environment
    #[arg(long)]
    pristine: bool,
    /// Replace this process with the command
    #[arg(long)]
    same_process: bool,
    /// Join the keys of nested values with this text, such as `__`
    #[arg(long, value_name = "TEXT")]
    separator: Option<String>,
    /// Input format: yaml, json, dotenv, ini, binary [default: by extension]
    #[arg(long, hide_short_help = true, value_name = "FORMAT")]
    input_type: Option<String>,
}

pub(crate) fn cmd_exec_env(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    if args.exec.background && args.same_process {
        let message = "`--background` and `--same-process` cannot be used together";
        return Err(CommandError::new(Code::ConflictingParameters, message));
    }
    if args.exec.redact && args.same_process {
        let message = "`--redact` and `--same-process` cannot be used together: another process has to read the output of the command";
        return Err(CommandError::new(Code::ConflictingParameters, message));
    }
    args.exec.check()?;
    let formats = FormatArgs {
        input_type: args.input_type.clone(),
        ..FormatArgs::default()
    };
    let (file, command) = args.exec.file_and_command(EXAMPLE)?;
    let input = Input::read(Some(file), formats.input(Some(file)), Role::Encrypted)?;
    let decrypted = exec::decrypt(ui, globals, &args.exec, &input, Use::Values)?;
    let document = parse_document(&*decrypted.plaintext, input.format)
        .map_err(|error| input.plaintext_error(error))?;
    if document.document_count() > 1 {
        ui.warn(format_args!(
            "{} has several documents; only the first one is used",
            input.name
        ));
    }
    let secrets = variables(&document, args.separator.as_deref())
        .map_err(|error| no_variables(error, &input, &document, args))?;
    warn_of_names(ui, &input.name, &secrets, &command);
    let patterns = exec::protect(ui, &args.exec, &input, &decrypted.plaintext, &[])?;
    let passing = if args.exec.background || args.same_process {
        None
    } else {
        Some(Passing::new()?)
    };
    let user = args.exec.become_user()?;
    let mut process = exec::process(command, args.pristine, user.as_ref(), secrets);
    match passing {
        Some(passing) => passing.run(ui, process, patterns),
        None if args.same_process => Err(exec::failed(&process.exec())),
        None => exec::start(process).map(|()| ExitCode::SUCCESS),
    }
}

/// The error for values that cannot become variables.
fn no_variables(error: Error, input: &Input, document: &Document<'_>, args: &Args) -> CommandError {
    let top = document.tops().next().flatten();
    let is_nested = match &error {
        Error::Variable { name, .. } if args.separator.is_none() => top
            .and_then(|top| top.get(name))
            .is_some_and(|value| value.shape() != Shape::Scalar),
        _ => false,
    };
    let error = input.plaintext_error(error);
    match is_nested {
        true => error.hint(
            "`--separator __` turns nested values into variables such as `db__host`; `exec-file` gives the command the whole file",
        ),
        false => error,
    }
}

/// Warns about variables that a shell cannot use or does not pass on.
fn warn_of_names(ui: &Ui, file: &str, secrets: &[Variable], command: &ExecCommand) {
    const MAX_SHOWN: usize = 5;
    let exported = |variable: &&Variable| variable.name.starts_with("export ");
    if let Some(variable) = secrets.iter().find(exported) {
        ui.warn(format!(
            "{file}: the name of the variable is `{}`, which no program looks for; remove `export` from the file",
            variable.name
        ));
    }
    if matches!(command, ExecCommand::Words(..)) {
        return;
    }
    let unusable = secrets
        .iter()
        .filter(|variable| !exported(variable) && !is_shell_name(&variable.name));
    let names: Vec<String> = unusable
        .map(|variable| format!("`{}`", variable.name))
        .collect();
    if names.is_empty() {
        return;
    }
    let more = match names.len() > MAX_SHOWN {
        true => format!(" and {} more", names.len() - MAX_SHOWN),
        false => String::new(),
    };
    ui.warn(format!(
        "{file}: shells do not pass on variables with these names: {}{more}; use only letters, digits and `_`",
        names[..names.len().min(MAX_SHOWN)].join(", ")
    ));
}

/// Whether a shell can name the variable (POSIX, 3.216 Name).
fn is_shell_name(name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    name.chars().all(is_part) && !name.starts_with(|first: char| first.is_ascii_digit())
}
