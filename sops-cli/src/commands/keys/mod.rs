//! `sops-rs keys`: one file for each command. For `check`, `inventory.rs` finds the master keys of
//! a repository, and `trial.rs` tries one. For `split` and `join`, `share_text.rs` writes and reads
//! shares as text.

mod check;
mod inventory;
mod join;
mod share_text;
mod split;
mod trial;

use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs keys check apps secret.yaml
  sops-rs keys split 3-of-5
  sops-rs keys join";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: KeysAction,
}

#[derive(Subcommand, Debug)]
enum KeysAction {
    Check(check::Args),
    Split(split::Args),
    Join(join::Args),
}

pub(crate) fn cmd_keys(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    match &args.action {
        KeysAction::Check(args) => return check::cmd_check(ui, globals, args),
        KeysAction::Split(args) => split::cmd_split(ui, args)?,
        KeysAction::Join(args) => join::cmd_join(ui, args)?,
    }
    Ok(ExitCode::SUCCESS)
}
