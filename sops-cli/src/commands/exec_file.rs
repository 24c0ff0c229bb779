//! `sops-rs exec-file`.

use std::path::Path;
use std::process::ExitCode;

use crate::arguments::{ExecArgs, FormatArgs, GlobalArgs, invocation};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::decrypt_file::{self, Use};
use crate::exec::{self, Passing, pipe};
use crate::files::PrivateDirectory;
use crate::input::Input;
use crate::ui::Ui;

const EXAMPLE: &str = "for example: `sops-rs exec-file secrets.yaml './serve --settings {}'` or `sops-rs exec-file secrets.yaml -- ./serve --settings {}`, where `{}` is the path of the decrypted file";

const EXAMPLES: &str = "\
Examples:
  sops-rs exec-file settings.yaml './serve --settings {}'
  sops-rs exec-file --no-fifo settings.yaml -- ./serve --settings {}
  sops-rs exec-file --redact settings.yaml './serve --settings {}'";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    exec: ExecArgs,
    /// Use a file instead of a pipe
    #[arg(long)]
    no_fifo: bool,
    /// Use a disk if there is no memory file system
    #[arg(long, hide_short_help = true, env = "SOPS_RS_ALLOW_DISK", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    allow_disk: bool,
    /// Name of the file or pipe
    #[arg(
        long,
        value_name = "NAME",
        default_value = "tmp-file",
        hide_default_value = true
    )]
    filename: String,
    #[command(flatten)]
    formats: FormatArgs,
}

pub(crate) fn cmd_exec_file(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    if args.exec.background {
        let message =
            "with `--background`, the decrypted file would be deleted before the command reads it";
        return Err(CommandError::new(Code::Generic, message)
            .hint("let the shell run everything in the background: `sops-rs exec-file … &`"));
    }
    args.exec.check()?;
    let name = args.filename()?;
    let (file, command) = args.exec.file_and_command(EXAMPLE)?;
    let by_name = args.formats.input(Some(file));
    let input = Input::read(Some(file), by_name, Role::Encrypted)?;
    if !command.names_file() && !invocation::is_sops() {
        ui.warn("the command has no `{}`, so it does not get the path of the decrypted file; for variables, use `sops-rs exec-env`");
    }
    let to = args
        .formats
        .decrypted(Some(file), input.format, &input.content);
    let purpose = Use::in_format(input.format, to);
    let decrypted = exec::decrypt(ui, globals, &args.exec, &input, purpose)?;
    // The conversion consumes the plaintext.
    let original = args
        .exec
        .is_protecting()
        .then(|| decrypted.plaintext.clone());
    let plaintext = decrypt_file::in_format(ui, globals, &input, decrypted, to)?;
    let patterns = match original {
        Some(original) => exec::protect(ui, &args.exec, &input, &original, &plaintext)?,
        None => None,
    };
    // From here on, signals are passed on to the command, and the file is removed at the end.
    let passing = Passing::new()?;
    let user = args.exec.become_user()?;
    let (_directory, path) = if args.no_fifo {
        let directory = PrivateDirectory::for_plaintext(ui, args.allow_disk)?;
        let path = directory.create(Path::new(name), &plaintext)?;
        (directory, path)
    } else {
        let directory = PrivateDirectory::for_pipes()?;
        let path = pipe::serve(&directory.path(), name, plaintext)
            .map_err(|error| CommandError::output(name_of(&directory.path().join(name)), &error))?;
        (directory, path)
    };
    let Some(path) = path.to_str() else {
        let message = format!("{}: the name of the directory is not UTF-8", name_of(&path));
        return Err(CommandError::new(Code::Generic, message));
    };
    let command = command.with_file(path);
    let process = exec::process(command, false, user.as_ref(), Vec::new());
    passing.run(ui, process, patterns)
}

impl Args {
    /// The name of the file, which must not be a path.
    fn filename(&self) -> Result<&str, CommandError> {
        match self.filename.as_str() {
            "" => Ok("tmp-file"),
            name if Path::new(name).file_name() == Some(name.as_ref()) => Ok(name),
            _ => Err(CommandError::new(
                Code::Generic,
                "`--filename` takes a name without directories",
            )),
        }
    }
}
