//! `sops-rs keys`. `check.rs` is its command, `inventory.rs` finds the master keys of a repository,
//! and `trial.rs` tries one.

mod check;
mod inventory;
mod trial;

use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs keys check
  sops-rs keys check apps secret.yaml";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: KeysAction,
}

#[derive(Subcommand, Debug)]
enum KeysAction {
    Check(check::Args),
}

pub(crate) fn cmd_keys(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    match &args.action {
        KeysAction::Check(args) => check::cmd_check(ui, globals, args),
    }
}
