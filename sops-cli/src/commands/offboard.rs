//! `sops-rs offboard`: removes someone who left, and lists what they still know.

use std::path::{Path, PathBuf};

use sops_core::Format;
use sops_core::parse_document;
use sops_lint::shell_word;

use super::exposure::{Names, Report, Survey, checklist, person};
use super::recipients::remove_everywhere;
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::load;
use crate::files::{self, Expected, Readers};
use crate::git::{Reach, other_branches_naming};
use crate::keys::services::Services;
use crate::recipient_edit::occurrences;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs offboard bob
  sops-rs offboard --checklist todo.md bob";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The recipient, its first 8 characters or more, or its name
    #[arg(value_name = "RECIPIENT|NAME")]
    who: String,
    /// Write the checklist to this new file [default: offboarding-NAME.md]
    #[arg(long, value_name = "FILE")]
    checklist: Option<PathBuf>,
}

pub(crate) fn cmd_offboard(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let services = Services::new(ui, globals)?;
    // The history is read first, so that a problem with it leaves everything as it was.
    let survey = Survey::new(&*services.all(), &[Path::new(".")], Reach::Branches)?;
    let names = Names::read(&survey)?;
    let person = person(&survey, &names, &args.who)?;
    let path = args.checklist.clone();
    let path = path.unwrap_or_else(|| checklist_of(&args.who));
    refuse_existing(&path)?;
    let report = Report::new(&survey, &names, Some(&person), None)?;
    let keys = person.keys.iter();
    let ids: Vec<String> = keys.map(|key| survey.past.masters.key(*key).id()).collect();
    let mut recipients = in_configuration(ui, globals, &ids)?;
    // The configuration may have been changed without the files.
    let current = survey.recipients();
    let left = person.keys.iter().filter(|key| current.contains(key));
    let left = left.map(|key| survey.past.masters.key(*key).id());
    recipients.extend(
        left.filter(|id| !recipients.contains(id))
            .collect::<Vec<_>>(),
    );
    let mut remaining = Vec::new();
    for recipient in &recipients {
        remaining.push(remove_everywhere(ui, globals, &services, recipient)?);
    }
    let text = checklist(&report);
    files::write(
        ui,
        &path,
        text.as_bytes(),
        Expected::Nothing,
        Readers::Usual,
    )?;
    let found = report.values.len();
    let plural = if found == 1 { "" } else { "s" };
    ui.done(&path, format_args!("{found} value{plural} to replace"));
    warn_of_branches(ui, &recipients)?;
    let mut errors: Vec<CommandError> = remaining
        .into_iter()
        .filter_map(|remaining| remaining.refuse("offboard").err())
        .collect();
    if report.is_incomplete() {
        let message =
            "some versions in the history could not be read, so the checklist may be incomplete";
        let error = CommandError::new(Code::CannotReadInput, message);
        errors.push(error.hint(format!(
            "`sops-rs exposure --removed {}` lists these versions",
            shell_word(&args.who)
        )));
    }
    let last = errors.pop();
    ui.errors(errors);
    last.map_or(Ok(()), Err)
}

/// How many branches are listed.
const MOST_BRANCHES: usize = 10;

/// Warns about other branches in which the recipients still have access: a new value that someone
/// cherry-picks to such a branch is encrypted for them.
fn warn_of_branches(ui: &Ui, recipients: &[String]) -> Result<(), CommandError> {
    let mut branches = Vec::new();
    for recipient in recipients {
        branches.extend(other_branches_naming(recipient)?);
    }
    branches.sort_unstable();
    branches.dedup();
    let mut names = branches;
    if let Some(more) = names
        .len()
        .checked_sub(MOST_BRANCHES)
        .filter(|more| *more > 0)
    {
        names.truncate(MOST_BRANCHES);
        names.push(format!("and {more} more"));
    }
    if !names.is_empty() {
        ui.warn(format_args!(
            "other branches still name the removed recipients, and new values in these branches are encrypted for them too: {}; in each branch that you still use, run this command with a new file for `--checklist`, and delete the branches that you do not need",
            names.join(", ")
        ));
    }
    Ok(())
}

/// The name of the checklist file for someone. It contains at most the beginning of a recipient.
fn checklist_of(who: &str) -> PathBuf {
    const MAX_LENGTH: usize = 20;
    let characters = who.chars().take(MAX_LENGTH);
    let name = characters.map(|character| match character.is_alphanumeric() {
        true => character,
        false => '-',
    });
    PathBuf::from(format!("offboarding-{}.md", name.collect::<String>()))
}

fn refuse_existing(path: &Path) -> Result<(), CommandError> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = "the file already exists";
    Err(CommandError::new(Code::Generic, message)
        .in_file(&name_of(path))
        .hint("pass another file with `--checklist`"))
}

/// The recipients in `ids` that a creation rule names.
fn in_configuration(
    ui: &Ui,
    globals: &GlobalArgs,
    ids: &[String],
) -> Result<Vec<String>, CommandError> {
    let Some(config) = load::config(ui, globals)? else {
        return Ok(Vec::new());
    };
    let document = parse_document(config.text(), Format::Yaml).map_err(CommandError::general)?;
    let mut named: Vec<String> = occurrences(&document)
        .into_iter()
        .map(|own| own.recipient)
        .filter(|recipient| ids.contains(recipient))
        .collect();
    named.sort();
    named.dedup();
    Ok(named)
}
