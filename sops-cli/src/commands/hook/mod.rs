//! `sops-rs hook`: the checks that Git runs before commits, merges and pushes, and their
//! installation.
//!
//! `index.rs` checks a commit, `pushed.rs` a push, and `refusal.rs` decides and reports.
//! `install.rs` installs the hooks; `limits.rs` and `managers.rs` handle other programs that manage
//! hooks.

mod chained;
mod decrypted;
mod directory;
mod earlier_rules;
mod earlier_versions;
mod hook_name;
mod index;
mod install;
mod kept_data_key;
mod limits;
mod local_mac;
mod managers;
mod push_list;
mod pushed;
mod pushed_mac;
mod refusal;
mod remote;
mod script;
mod shell;
mod standards;
mod untracked;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs hook install
  sops-rs hook run --all-files        # in CI, check every tracked file
  sops-rs hook run --from-ref main    # check the commits after main";

const INSTALL_EXAMPLE: &str = "\
Examples:
  sops-rs hook install                # in each clone";

const UNINSTALL_EXAMPLE: &str = "\
Examples:
  sops-rs hook uninstall";

const RUN_EXAMPLES: &str = "\
Examples:
  sops-rs hook run                    # check what is staged
  sops-rs hook run --all-files        # in CI, check every tracked file
  sops-rs hook run --from-ref main    # check the commits after main";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Hook,
}

#[derive(Subcommand, Debug)]
enum Hook {
    /// Install hooks that check commits, merges and pushes, without replacing existing hooks
    #[command(after_help = INSTALL_EXAMPLE)]
    Install,
    /// Remove the hooks that `install` wrote
    #[command(after_help = UNINSTALL_EXAMPLE)]
    Uninstall,
    /// Check staged files, other files, or commits
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
}

#[derive(clap::Args, Debug)]
struct RunArgs {
    /// Also check these files, as they are in Git's index, or on disk if Git does not track them
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check all tracked files, as they are in Git's index
    #[arg(long, conflicts_with_all = ["files", "from_ref", "pre_push"])]
    all_files: bool,
    /// Check every version of every file in the commits after this one
    #[arg(long, value_name = "REF", conflicts_with_all = ["files", "pre_push"])]
    from_ref: Option<String>,
    /// With `--from-ref`, the last commit to check
    #[arg(
        long,
        value_name = "REF",
        requires = "from_ref",
        default_value = "HEAD"
    )]
    to_ref: String,
    /// Check a push: Git passes these values to a pre-push hook, and lists the refs on standard
    /// input
    #[arg(long, value_names = ["REMOTE", "URL"], num_args = 1..=2, conflicts_with = "files")]
    pre_push: Vec<String>,
}

pub(crate) fn cmd_hook(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    match &args.command {
        Hook::Install => install::install(ui),
        Hook::Uninstall => install::uninstall(ui),
        Hook::Run(args) => {
            run(ui, globals, args).map_err(|error| error.with_code(Code::CannotReadInput))
        }
    }
}

fn run(ui: &Ui, globals: &GlobalArgs, args: &RunArgs) -> Result<ExitCode, CommandError> {
    if let Some(remote) = args.pre_push.first() {
        let address = args.pre_push.last().unwrap_or(remote);
        return pushed::check_push(ui, globals, remote, address);
    }
    if let Some(from) = &args.from_ref {
        return pushed::check_range(ui, globals, &pushed::Range::given(from, &args.to_ref));
    }
    if args.all_files {
        return index::check(ui, globals, index::Also::All);
    }
    // The pre-commit framework passes a range of commits in the environment.
    match pushed::Range::of_framework() {
        Some(range) => pushed::check_range(ui, globals, &range),
        None => index::check(ui, globals, index::Also::Files(&args.files)),
    }
}
