//! `sops-rs git`: how Git shows and merges encrypted files. Git itself calls `merge-driver`.

mod merge_driver;

use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: GitCommand,
}

#[derive(Subcommand, Debug)]
enum GitCommand {
    /// Merge three versions of a file, as Git's merge driver
    #[command(hide = true)]
    MergeDriver(merge_driver::Args),
}

pub(crate) fn cmd_git(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    match &args.command {
        GitCommand::MergeDriver(args) => Ok(merge_driver::cmd_merge_driver(ui, globals, args)),
    }
}
