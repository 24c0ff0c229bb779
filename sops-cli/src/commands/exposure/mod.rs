//! `sops-rs exposure`: who could read the current secret values. `people.rs` finds someone's keys,
//! `survey.rs` reads the history, `report.rs` collects what is known about each value, and
//! `output.rs` prints it. `due.rs` compares the age of each value with the maximum age in its
//! creation rule, and `plaintext.rs` searches the history for values in plaintext.

mod due;
mod output;
mod people;
mod plaintext;
mod report;
mod survey;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::ValueEnum;
use sops_core::keys::KeyService;

use self::due::MaxAges;
pub(super) use self::output::checklist;
pub(super) use self::people::{Names, person};
pub(super) use self::report::Report;
pub(super) use self::survey::Survey;
use crate::arguments::{Age, GlobalArgs, age};
use crate::command_error::{Code, CommandError};
use crate::git::{HistoryGap, Reach};
use crate::keys::services::Services;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs exposure
  sops-rs exposure --removed bob      # what bob knows that is still in use
  sops-rs exposure --max-age 90d      # what is due for replacement";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files and directories with the values to look at [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// List only values that this recipient could read; you can use its name
    #[arg(long, value_name = "RECIPIENT|NAME")]
    who: Option<String>,
    /// Like `--who`, and fail until every value is replaced
    #[arg(long, value_name = "RECIPIENT|NAME", conflicts_with = "who")]
    removed: Option<String>,
    /// Leave out access that ended before this revision
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// List the values that are older than the `max_age` of their creation rule
    #[arg(long, conflicts_with_all = ["who", "removed", "since"])]
    due: bool,
    /// Like `--due`, with an age for rules that have no `max_age`
    #[arg(long, value_name = "AGE", value_parser = age, conflicts_with_all = ["who", "removed", "since"])]
    max_age: Option<Age>,
    /// Search the history for plaintext copies of current values
    #[arg(long, conflicts_with_all = ["who", "removed", "since", "due", "max_age", "reflog"])]
    plaintext: bool,
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
    /// JUnit XML, with `--due` or `--max-age`
    Junit,
    /// A calendar with the day on which each value is due (iCalendar, RFC 5545)
    Calendar,
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
    let reach = match (args.plaintext, args.reflog) {
        (true, _) => Reach::AllRefs,
        (false, true) => Reach::Reflog,
        (false, false) => Reach::Branches,
    };
    let keys = services.all();
    let survey = Survey::new(&*keys, &paths, reach)?;
    services.say(ui);
    if args.plaintext {
        return plaintext(ui, args, &survey, &*keys);
    }
    let names = Names::read(&survey)?;
    if args.due || args.max_age.is_some() {
        return due(ui, globals, args, &survey, &names);
    }
    let wanted = args.who.as_deref().or(args.removed.as_deref());
    let wanted = wanted.map(|wanted| person(&survey, &names, wanted));
    let report = Report::new(
        &survey,
        &names,
        wanted.transpose()?.as_ref(),
        args.since.as_deref(),
    )?;
    match args.format {
        OutputForm::Text => output::text(ui, &report)?,
        OutputForm::Json => output::json(ui, &report)?,
        OutputForm::Junit | OutputForm::Calendar => return Err(needs_due()),
    }
    Ok(match () {
        () if report.is_incomplete() => ExitCode::from(2),
        () if args.removed.is_some() && !report.values.is_empty() => ExitCode::FAILURE,
        () => ExitCode::SUCCESS,
    })
}

fn plaintext(
    ui: &Ui,
    args: &Args,
    survey: &Survey,
    keys: &dyn KeyService,
) -> Result<ExitCode, CommandError> {
    let search = plaintext::search(survey, keys)?;
    match args.format {
        OutputForm::Text => plaintext::text(ui, &search)?,
        OutputForm::Json => plaintext::json(ui, &search)?,
        OutputForm::Junit | OutputForm::Calendar => return Err(needs_due()),
    }
    let gap = survey.graph.gap.map(HistoryGap::reason);
    plaintext::summarize(ui, &search);
    if let Some(gap) = gap {
        ui.warn(format_args!("older commits were not searched: {gap}"));
    }
    Ok(match () {
        () if gap.is_some() || !search.unknown.is_empty() => ExitCode::from(2),
        () if !search.leaks.is_empty() => ExitCode::FAILURE,
        () => ExitCode::SUCCESS,
    })
}

fn needs_due() -> CommandError {
    let message = "`--format junit` and `--format calendar` need `--due` or `--max-age`";
    CommandError::new(Code::Generic, message)
}

fn due(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
    survey: &Survey,
    names: &Names,
) -> Result<ExitCode, CommandError> {
    let ages = MaxAges::read(ui, globals, survey, args.max_age.as_ref())?;
    let values = due::due_values(survey, &ages, SystemTime::now());
    match args.format {
        OutputForm::Text => due::text(ui, &values)?,
        OutputForm::Json => due::json(ui, &values)?,
        OutputForm::Junit => due::junit(ui, &values)?,
        OutputForm::Calendar => due::calendar(ui, &values)?,
    }
    let report = Report::new(survey, names, None, None)?;
    output::warn_of_unknown(ui, &report);
    Ok(match () {
        () if report.is_incomplete() => ExitCode::from(2),
        () if due::is_any_due(&values) => ExitCode::FAILURE,
        () => ExitCode::SUCCESS,
    })
}
