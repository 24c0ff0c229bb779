//! `sops-rs recipients`: one file for each command. `selection.rs` has the selected rules,
//! `rewrite.rs` changes them, `update.rs` brings the encrypted files up to date, and `remaining.rs`
//! finds files that a removed recipient can still decrypt.

mod add;
mod list;
mod remaining;
mod remove;
mod rewrite;
mod selection;
mod update;

#[cfg(feature = "kube")]
pub(crate) use add::add_to_rules;
pub(crate) use remove::remove_everywhere;
#[cfg(feature = "kube")]
pub(crate) use remove::{is_only_own_key, remove_replaced};

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs recipients list
  sops-rs recipients add --update --name ann age1…
  sops-rs recipients remove --update --rotate bob";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: RecipientsAction,
}

#[derive(Subcommand, Debug)]
enum RecipientsAction {
    List(list::Args),
    Add(add::Args),
    Remove(remove::Args),
}

pub(crate) fn cmd_recipients(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<(), CommandError> {
    match &args.action {
        RecipientsAction::List(args) => list::cmd_list(ui, globals, args),
        RecipientsAction::Add(args) => add::cmd_add(ui, globals, args),
        RecipientsAction::Remove(args) => remove::cmd_remove(ui, globals, args),
    }
}
