//! `sops-rs accept`: takes in the values that someone proposed.

use std::fs;
use std::path::{Path, PathBuf};

use super::set::{Assignment, assign};
use crate::arguments::{FormatArgs, GlobalArgs, OpeningArgs};
use crate::batch::{self, Leftovers};
use crate::command_error::{Code, CommandError, name_of};
use crate::keys::services::Services;
use crate::proposal::{self, Proposal};
use crate::ui::Ui;
use crate::update_file::FileUpdate;

const EXAMPLES: &str = "\
Examples:
  sops-rs accept
  sops-rs accept --yes secret.yaml
  sops-rs accept --reject secret.yaml";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Proposals, files that have proposals, and directories [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Accept all proposals without asking
    #[arg(long, short, conflicts_with = "reject")]
    yes: bool,
    /// Delete the proposals instead
    #[arg(long)]
    reject: bool,
}

pub(crate) fn cmd_accept(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let proposals = find(&args.paths)?;
    let is_found = args.paths.is_empty() || args.paths.iter().any(|path| path.is_dir());
    if proposals.is_empty() {
        ui.note("There are no proposals");
        return Ok(());
    }
    let services = Services::new(ui, globals)?;
    if !is_found {
        services.contact_servers_of_named_files();
    }
    let acceptance = Acceptance {
        ui,
        globals,
        services: &services,
        is_found,
        yes: args.yes,
    };
    let (mut errors, mut left) = (Vec::new(), 0);
    for path in &proposals {
        let outcome = match args.reject {
            true => remove(path).map(|()| ui.note(format_args!("Deleted {}", name_of(path)))),
            false => match acceptance.accept(path) {
                Ok(true) => Ok(()),
                Ok(false) => {
                    left += 1;
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        errors.extend(outcome.err());
    }
    if left > 0 {
        ui.note(format_args!(
            "Proposals left: {left}; to delete them, run `sops-rs accept --reject`"
        ));
    }
    let failed = errors.len();
    let Some(code) = errors.first().map(CommandError::code) else {
        return Ok(());
    };
    ui.errors(errors);
    Err(CommandError::new(
        code,
        format!(
            "{failed} of {} proposals were not accepted",
            proposals.len()
        ),
    ))
}

/// The proposals at these paths, for these files and in these directories, each once.
fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let here = [Path::new(".").to_owned()];
    let paths = if paths.is_empty() { &here[..] } else { paths };
    let mut proposals = Vec::new();
    for path in paths {
        if path.is_dir() {
            let items = batch::items([path.as_path()].into_iter(), Leftovers::Keep)?;
            let files = items.into_iter().map(|item| item.path);
            proposals.extend(files.filter(|path| proposal::target(path).is_some()));
        } else if proposal::target(path).is_some() {
            proposals.push(path.clone());
        } else {
            proposals.extend(proposal::of_file(path)?);
        }
    }
    proposals.sort();
    proposals.dedup();
    Ok(proposals)
}

/// The context for accepting proposals.
struct Acceptance<'a> {
    ui: &'a Ui,
    globals: &'a GlobalArgs,
    services: &'a Services,
    /// Whether some proposals may have been found in a directory.
    is_found: bool,
    /// Whether the user agreed to all of them in advance.
    yes: bool,
}

impl Acceptance<'_> {
    /// Shows a proposal, and sets its values if the user agrees. Returns whether they did.
    fn accept(&self, path: &Path) -> Result<bool, CommandError> {
        let Self { ui, globals, .. } = *self;
        let name = name_of(path);
        let refused = |message: &str| CommandError::new(Code::Generic, message).in_file(&name);
        let Some(file) = proposal::target(path) else {
            return Err(refused("the name is not that of a proposal"));
        };
        let Proposal { file: of, values } = Proposal::read(ui, self.services, path)?;
        if of != proposal::base_name(&file) {
            return Err(refused("the proposal was written for another file")
                .hint("it may have been renamed; rename it back, or delete it"));
        }
        for value in &values {
            ui.print(format_args!(
                "{}: set `{}` to {}, proposed in {name}",
                name_of(&file),
                value.path.dotted(),
                value.summary()
            ))?;
        }
        if !self.yes {
            if !ui.can_ask() {
                return Err(refused("there is no terminal to ask on")
                    .hint("to accept the proposal without a question, pass `--yes`"));
            }
            let agreed = ui.confirm("Accept this proposal?");
            if !agreed.map_err(|error| CommandError::stream("standard input", &error))? {
                return Ok(false);
            }
        }
        let values = values.into_iter();
        let assignments: Vec<Assignment> = values
            .map(|value| Assignment::of_node(value.path, value.node))
            .collect();
        let update = FileUpdate {
            ui,
            globals,
            file: &file,
            is_found: self.is_found,
            formats: &FormatArgs::default(),
            opening: &OpeningArgs::default(),
        };
        assign(&update, &assignments, true)?;
        remove(path)?;
        ui.done(path, "accepted and deleted");
        Ok(true)
    }
}

fn remove(path: &Path) -> Result<(), CommandError> {
    fs::remove_file(path).map_err(|error| CommandError::output(name_of(path), &error))
}
