//! `sops-rs config`: one file for each command.

mod check;
mod explain;
mod schema;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs config explain apps/secret.yaml
  sops-rs config check
  sops-rs config schema > sops.schema.json";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: ConfigAction,
}

#[derive(Subcommand, Debug)]
enum ConfigAction {
    Explain(explain::Args),
    Check(check::Args),
    Schema(schema::Args),
}

pub(crate) fn cmd_config(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    match &args.action {
        ConfigAction::Explain(args) => explain::cmd_explain(ui, globals, args),
        ConfigAction::Check(_) => check::cmd_check(ui, globals),
        ConfigAction::Schema(_) => schema::cmd_schema(ui),
    }
}
