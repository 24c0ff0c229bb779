//! `sops-rs status`. `file_status.rs` has what is known about one file, and `report.rs` prints it.

mod file_status;
mod report;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use self::file_status::StatusReader;
use crate::arguments::GlobalArgs;
use crate::batch;
use crate::command_error::{Code, CommandError};
use crate::config::load;
use crate::config::resolve::ConfigResolver;
use crate::keys::services::Services;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs status
  sops-rs status apps secret.yaml --by recipient
  sops-rs status --json > status.json";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files and directories [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Group the output
    #[arg(long, value_name = "BY", conflicts_with = "json")]
    by: Option<Order>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Order {
    /// List the files of each recipient
    Recipient,
}

pub(crate) fn cmd_status(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let services = Services::new(ui, globals)?;
    let own = load::config(ui, globals)?;
    let paths: Vec<&Path> = match &args.paths[..] {
        [] => vec![Path::new(".")],
        paths => paths.iter().map(PathBuf::as_path).collect(),
    };
    let items = batch::items(paths.into_iter(), batch::Leftovers::Keep)?;
    let items = batch::meant(items, true);
    let resolver = ConfigResolver::new(ui, globals, own, items.iter())?;
    let reader = StatusReader::new(&services, &resolver);
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for item in &items {
        match reader.read(item) {
            Ok(status) => files.push(status),
            Err(error) => errors.push(error),
        }
    }
    match (args.json, args.by) {
        (true, _) => report::json(ui, &files)?,
        (false, Some(Order::Recipient)) => report::by_recipient(ui, &files)?,
        (false, None) => report::lines(ui, &files)?,
    }
    if files.is_empty() && errors.is_empty() {
        ui.note("There are no encrypted files");
    }
    let failed = errors.len();
    ui.errors(errors);
    match failed {
        0 => Ok(()),
        _ => Err(CommandError::new(
            Code::CannotReadInput,
            format!("{failed} of {} files could not be read", items.len()),
        )),
    }
}
