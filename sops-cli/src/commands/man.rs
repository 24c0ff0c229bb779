//! `sops-rs man`.

use clap_mangen::Man;

use crate::command_error::{Code, CommandError};
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The command
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub(crate) fn cmd_man(
    ui: &Ui,
    args: &Args,
    mut command_line: clap::Command,
) -> Result<(), CommandError> {
    command_line.build();
    let page = match &args.command {
        None => Man::new(command_line),
        Some(name) => {
            let Some(command) = command_line.find_subcommand(name) else {
                return Err(CommandError::new(
                    Code::Generic,
                    format!("there is no command `{name}`"),
                ));
            };
            Man::new(command.clone()).title(format!("sops-rs-{name}"))
        }
    };
    let mut text = Vec::new();
    page.render(&mut text)
        .map_err(|error| CommandError::output("the page", &error))?;
    ui.output(&text)
}
