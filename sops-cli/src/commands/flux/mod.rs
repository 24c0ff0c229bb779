//! `sops-rs flux`: one file for each command.

mod install_key;
mod rotate_key;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

pub(crate) use self::verify::report_of_backup;

const EXAMPLES: &str = "\
Examples:
  sops-rs flux install-key --create-namespace
  sops-rs flux rotate-key --age-key-file flux.txt --start
  sops-rs flux verify";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: FluxCommand,
}

#[derive(Subcommand, Debug)]
enum FluxCommand {
    InstallKey(install_key::Args),
    RotateKey(rotate_key::Args),
    Verify(verify::Args),
}

pub(crate) fn cmd_flux(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    match &args.action {
        FluxCommand::InstallKey(args) => install_key::cmd_install_key(ui, globals, args)?,
        FluxCommand::RotateKey(args) => return rotate_key::cmd_rotate_key(ui, globals, args),
        FluxCommand::Verify(args) => return verify::cmd_verify(ui, args),
    }
    Ok(ExitCode::SUCCESS)
}
