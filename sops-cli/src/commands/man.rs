//! `sops-rs man`.

use std::fs;
use std::path::PathBuf;

use clap_mangen::Man;

use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs man groups add | man -l -
  sops-rs man --directory ~/.local/share/man/man1";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A command, such as `encrypt` or `groups add`
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write all pages to this directory
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "command")]
    directory: Option<PathBuf>,
}

pub(crate) fn cmd_man(
    ui: &Ui,
    args: &Args,
    mut command_line: clap::Command,
) -> Result<(), CommandError> {
    command_line.build();
    if let Some(directory) = &args.directory {
        fs::create_dir_all(directory)
            .map_err(|error| CommandError::output(name_of(directory), &error))?;
        return all_pages(&command_line, command_line.get_name())
            .into_iter()
            .try_for_each(|(name, page)| {
                let path = directory.join(format!("{name}.1"));
                files::write(ui, &path, &page?, Expected::Anything, Readers::Usual)
            });
    }
    let (mut command, mut name) = (&command_line, command_line.get_name().to_owned());
    for word in &args.command {
        command = command.find_subcommand(word).ok_or_else(|| {
            let message = format!("there is no command `{}`", args.command.join(" "));
            CommandError::new(Code::Generic, message).hint("`sops-rs --help` lists the commands")
        })?;
        name = format!("{name}-{word}");
    }
    ui.output(&page(command, &name)?)
}

/// The names and pages of the command and its subcommands.
fn all_pages(command: &clap::Command, name: &str) -> Vec<(String, Result<Vec<u8>, CommandError>)> {
    let own = (name.to_owned(), page(command, name));
    let subcommands = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help");
    let below = subcommands.flat_map(|command| {
        let name = format!("{name}-{}", command.get_name());
        all_pages(command, &name)
    });
    std::iter::once(own).chain(below).collect()
}

fn page(command: &clap::Command, name: &str) -> Result<Vec<u8>, CommandError> {
    let mut text = Vec::new();
    // `clap_mangen` leaves out the help of these flags, unless it has several paragraphs.
    let command = command.clone().mut_args(|arg| arg.hide_short_help(false));
    Man::new(command)
        .title(name)
        .render(&mut text)
        .map_err(|error| CommandError::output("the page", &error))?;
    Ok(text)
}
