//! The command line as a whole: reads it, runs the command, and turns the outcome into an exit
//! code.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::iter;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, Args as _, CommandFactory, FromArgMatches, Parser, Subcommand as _};
use sops_core::metadata::FORMAT_VERSION;
use sops_printable::lines;

use crate::arguments::invocation::{self, under_name};
use crate::arguments::{GlobalArgs, format, go_flags};
use crate::command_error::{CommandError, usage};
use crate::commands::deferred::described;
use crate::commands::git::{merge_driver, textconv};
use crate::commands::{self, Command, legacy};
use crate::completion;
use crate::completion::sops_answers;
use crate::completion::sops_commands::is_command;
use crate::help;
use crate::ui::Ui;

/// Encrypt, decrypt and edit secrets in files that sops can read too
#[derive(Parser, Debug)]
#[command(
    name = "sops-rs",
    bin_name = "sops-rs",
    version = concat!(env!("CARGO_PKG_VERSION"), " (compatible with sops ", "3.13.3", ")"),
    disable_version_flag = true,
    after_help = "\
`sops-rs COMMAND --help` explains a command, and `-h` prints a summary. \
`sops-rs FILE` edits the file; `-d`, `-e`, `-r` and `--set` work as in older versions of sops.

sops-rs looks for private keys in the same places as sops, such as SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, \
~/.config/sops/age/keys.txt, and the SSH keys in ~/.ssh. It also uses the same exit codes."
)]
struct Front {
    /// Print the version
    #[arg(long, short = 'v', short_alias = 'V', action = ArgAction::Version)]
    version: (),
    #[command(flatten)]
    globals: GlobalArgs,
}

/// clap's description of the command line.
pub(crate) fn command() -> clap::Command {
    // Flags of the old form would hide the current ones.
    let front = described(front(), legacy::Args::augment_args).mut_args(|arg| {
        let hide = arg.is_hide_set() || !stands_before_command(arg.get_id().as_str());
        arg.hide(hide)
    });
    help::with_groups(described(front, Command::augment_subcommands))
}

/// clap's description of the program with only the flags of every command.
fn front() -> clap::Command {
    match invocation::is_sops() {
        true => Front::command()
            .name("sops")
            .bin_name("sops")
            .version(FORMAT_VERSION),
        false => Front::command(),
    }
}

/// clap's description of the part of the command line that is in use: one command, if the line
/// begins with its name, because describing all commands takes as long as decrypting a file.
/// Descriptions are never freed, because wiping their memory takes time, and nothing in it is
/// secret.
fn command_in_use(name: Option<&OsStr>) -> clap::Command {
    let all = ManuallyDrop::new(Command::augment_subcommands(clap::Command::new("all")));
    match name.and_then(|name| all.find_subcommand(name)) {
        Some(subcommand) => front().subcommand(subcommand.clone()),
        None => command(),
    }
}

/// The values of the flags, or help or a usage error.
fn matches(program: OsString, arguments: Vec<OsString>) -> Result<clap::ArgMatches, clap::Error> {
    // Under the name `sops`, this may be a file instead.
    let name = std::env::args_os()
        .nth(1)
        .filter(|name| !invocation::is_sops() || is_command(name));
    let read = |command: clap::Command| {
        let mut command = ManuallyDrop::new(command);
        let arguments = go_flags::usual(arguments.clone(), &command, invocation::is_sops());
        command.try_get_matches_from_mut(iter::once(program.clone()).chain(arguments))
    };
    // Only the description of all commands has the text of help and errors.
    let frequent = name.as_deref().and_then(commands::frequent);
    if let Some(Ok(matches)) = frequent.map(|command| read(front().subcommand(command))) {
        return Ok(matches);
    }
    read(command_in_use(name.as_deref()))
}

/// Whether the flag has a meaning before a command, and does not belong to the old form.
fn stands_before_command(id: &str) -> bool {
    GlobalArgs::IDS.contains(&id) || matches!(id, "help" | "version")
}

/// Runs the command line.
pub(crate) fn run() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let mut arguments: Vec<OsString> = arguments.collect();
    if textconv::run_as_link(Path::new(&program), &arguments) {
        return ExitCode::SUCCESS;
    }
    if let Some(code) = merge_driver::run_as_installed(&arguments) {
        return code;
    }
    if let Some(answer) = answer_to_shell(&program, &arguments) {
        // If the shell has exited, it needs no answer.
        let _ = Ui::new(false).output(answer.as_bytes());
        return ExitCode::SUCCESS;
    }
    // Without a subcommand, these commands print their help.
    if let [name] = &arguments[..]
        && invocation::is_sops()
        && (name == "groups" || name == "completion")
    {
        arguments.push("--help".into());
    }
    let parsed = matches(program, arguments).and_then(|matches| {
        let command = match matches.subcommand_name() {
            Some(_) => Ok(Command::from_arg_matches(&matches)?),
            None => Err(legacy::Args::from_arg_matches(&matches)?),
        };
        let mut globals = Front::from_arg_matches(&matches)?.globals;
        globals.is_config_of_environment =
            matches.value_source("config") == Some(ValueSource::EnvVariable);
        Ok((globals, command, matches))
    });
    let (globals, command, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(error),
    };
    let ui = Ui::new(globals.verbose)
        .called_sops(invocation::is_sops())
        .quiet(globals.quiet)
        .color(globals.color);
    format::warn_of_unknown(&ui, &matches);
    let command = match command {
        Ok(command) => {
            warn_of_flags_before(&ui, &matches);
            Ok(command)
        }
        Err(legacy) => legacy.command(&ui),
    };
    match command.and_then(|command| commands::run(&ui, &globals, &command, self::command)) {
        Ok(code) => code,
        Err(error) => {
            ui.error(&error);
            ExitCode::from(error.code() as u8)
        }
    }
}

/// The answer to a completion script, if one is asking: this program's own answer or that of
/// `sops`.
fn answer_to_shell(program: &OsStr, arguments: &[OsString]) -> Option<String> {
    if let [first, question @ ..] = arguments
        && first == completion::QUESTION
    {
        return Some(completion::answer(question, &command()));
    }
    let (last, words) = arguments.split_last()?;
    if last != sops_answers::QUESTION {
        return None;
    }
    let describes = std::env::var("_CLI_ZSH_AUTOCOMPLETE_HACK").is_ok_and(|value| value == "1");
    let all = ManuallyDrop::new(Command::augment_subcommands(clap::Command::new("all")));
    let about = |name: &str| Some(all.find_subcommand(name)?.get_about()?.to_string());
    let words = [&[program.to_owned()], words].concat();
    Some(sops_answers::answer(&words, describes, about))
}

/// Prints help or a usage error. A usage error has the general exit code, as in `sops`.
fn usage(mut error: clap::Error) -> ExitCode {
    usage::escape(&mut error);
    usage::suggest(&mut error);
    let text = error.render().to_string();
    let safe = lines(&text);
    let written = match (under_name(&safe), error.use_stderr()) {
        (shown, _) if shown == text => error.print().and_then(|()| io::stdout().flush()),
        (shown, true) => io::stderr().write_all(shown.as_bytes()),
        (shown, false) => io::stdout().write_all(shown.as_bytes()),
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match written {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let error = CommandError::stream("standard output", &error);
                Ui::new(false).error(&error);
                ExitCode::from(error.code() as u8)
            }
        },
        _ => ExitCode::from(usage::code(&error, invocation::is_sops())),
    }
}

/// Warns about flags of the old form that have no effect before a command, as `sops` does.
fn warn_of_flags_before(ui: &Ui, matches: &clap::ArgMatches) {
    for id in matches.ids().map(clap::Id::as_str) {
        if matches.value_source(id) == Some(ValueSource::CommandLine) && !stands_before_command(id)
        {
            let name = id.replace('_', "-");
            ui.warn(format_args!(
                "`--{name}` before the command has no effect; put it after the command"
            ));
        }
    }
}
