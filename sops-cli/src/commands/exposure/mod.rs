//! `sops-rs exposure`: who could read the secret values of today. `people.rs` finds someone's keys,
//! `report.rs` has what is known about each value, and `output.rs` prints it.

mod output;
mod people;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use self::people::{Names, person};
use self::report::{Report, Subject, Survey};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError};
use crate::keys::services::Services;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs exposure
  sops-rs exposure --removed bob      # what bob knows that is still in use
  sops-rs exposure apps --who ci --since v1.0";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files and directories with the values to look at [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// List only values that this recipient could read; you can use its name
    #[arg(long, value_name = "RECIPIENT|NAME")]
    who: Option<String>,
    /// Like `--who`, and fail until every value was replaced
    #[arg(long, value_name = "RECIPIENT|NAME", conflicts_with = "who")]
    removed: Option<String>,
    /// Leave out what could be read only before this revision
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// Also read commits that only the reflog of this clone contains
    #[arg(long)]
    reflog: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputForm,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum OutputForm {
    #[default]
    Text,
    Json,
}

pub(crate) fn cmd_exposure(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    // The code 1 means that values are in use.
    exposure(ui, globals, args).map_err(|error| error.with_code(Code::CannotReadInput))
}

fn exposure(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<ExitCode, CommandError> {
    let services = Services::new(ui, globals)?;
    let paths: Vec<&Path> = match &args.paths[..] {
        [] => vec![Path::new(".")],
        paths => paths.iter().map(PathBuf::as_path).collect(),
    };
    let survey = Survey::new(&*services.all(), &paths, args.reflog)?;
    services.say(ui);
    let names = Names::read(&survey)?;
    let wanted = args.who.as_deref().or(args.removed.as_deref());
    let subject = match wanted {
        Some(wanted) => Some(Subject::new(&survey, person(&survey, &names, wanted)?)),
        None => None,
    };
    let report = Report::new(&survey, &names, subject.as_ref(), args.since.as_deref())?;
    match args.format {
        OutputForm::Text => output::text(ui, &report)?,
        OutputForm::Json => output::json(ui, &report)?,
    }
    Ok(match () {
        () if report.is_incomplete() => ExitCode::from(2),
        () if args.removed.is_some() && !report.values.is_empty() => ExitCode::FAILURE,
        () => ExitCode::SUCCESS,
    })
}
