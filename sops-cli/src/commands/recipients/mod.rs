//! `sops-rs recipients`: one file for each command. `selection.rs` has the rules that are meant,
//! `rewrite.rs` changes them, and `update.rs` brings the encrypted files up to date.

mod add;
mod list;
mod remove;
mod rewrite;
mod selection;
mod update;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
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
