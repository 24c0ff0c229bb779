//! `sops-rs recover`. `drill.rs` is its command, and `runbook.rs` writes down what to do.

mod drill;
mod runbook;

use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs recover drill --key-file backup.txt
  sops-rs recover drill --key-file backup.txt --runbook > runbook.md";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: RecoverCommand,
}

#[derive(Subcommand, Debug)]
enum RecoverCommand {
    Drill(drill::Args),
}

pub(crate) fn cmd_recover(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    let RecoverCommand::Drill(args) = &args.action;
    drill::cmd_drill(ui, globals, args).map_err(|error| match error.code() {
        Code::BrokenPipe => error,
        // Gaps have the general code.
        _ => error.with_code(Code::CannotReadInput),
    })
}
