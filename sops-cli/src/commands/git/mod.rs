//! `sops-rs git`: how Git shows and merges encrypted files. `install.rs` writes the settings
//! (`driver.rs`) and the lines of `.gitattributes` (`attributes/`), and `status/` checks them.
//! Git itself calls the other commands.

mod attributes;
mod driver;
mod install;
pub(crate) mod merge_driver;
pub(crate) mod status;
pub(crate) mod textconv;

use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs git install                 # in each clone
  sops-rs git install --global        # for all your clones
  sops-rs git status";

const INSTALL_EXAMPLES: &str = "\
Examples:
  sops-rs git install                 # in each clone
  sops-rs git install --global        # for all your clones";

const UNINSTALL_EXAMPLES: &str = "\
Examples:
  sops-rs git uninstall
  sops-rs git uninstall --global";

const STATUS_EXAMPLES: &str = "\
Examples:
  sops-rs git status
  sops-rs git status --json";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: GitCommand,
}

#[derive(Subcommand, Debug)]
enum GitCommand {
    /// Set up this clone to show and merge encrypted files by value
    ///
    /// This writes Git settings, and lines in `.gitattributes`. Other lines of `.gitattributes` do
    /// not change. Run this again after you move sops-rs or add encrypted files that no line
    /// covers.
    #[command(after_help = INSTALL_EXAMPLES)]
    Install(install::Args),
    /// Remove the settings and lines that `install` wrote
    #[command(after_help = UNINSTALL_EXAMPLES)]
    Uninstall(install::UninstallArgs),
    /// Report missing settings, and plaintext that Git stores
    ///
    /// The exit code is 0 if this clone is set up, 1 if something is missing or plaintext is
    /// stored, and 2 after an error.
    #[command(after_help = STATUS_EXAMPLES)]
    Status(status::Args),
    /// Print a file, decrypted if it is encrypted; Git's `textconv` program
    #[command(hide = true)]
    Textconv(textconv::Args),
    /// Merge three versions of a file; Git's merge driver
    #[command(hide = true)]
    MergeDriver(merge_driver::Args),
}

pub(crate) fn cmd_git(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    match &args.command {
        GitCommand::Install(args) => install::cmd_install(ui, args),
        GitCommand::Uninstall(args) => install::cmd_uninstall(ui, args),
        GitCommand::Status(args) => status::cmd_status(ui, args),
        GitCommand::Textconv(args) => {
            textconv::cmd_textconv(args);
            Ok(ExitCode::SUCCESS)
        }
        GitCommand::MergeDriver(args) => Ok(merge_driver::cmd_merge_driver(ui, globals, args)),
    }
}
