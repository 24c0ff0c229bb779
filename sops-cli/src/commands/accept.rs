//! `sops-rs accept`: applies the values that someone proposed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sops_core::document::Indentation;
use sops_core::{Document, EncryptedDocument, Format, KeyPath, extract, parse_document};

use super::set::{Assignment, assign, is_secret_data, several_values};
use crate::arguments::{FormatArgs, GlobalArgs, OpeningArgs};
use crate::batch::{self, Leftovers};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::input::Input;
use crate::input_format::InputFormat;
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
        yes: args.yes,
    };
    let (mut errors, mut left) = (Vec::new(), 0);
    if args.reject {
        for path in &proposals {
            match remove(path) {
                Ok(()) => ui.note(format_args!("Deleted {}", name_of(path))),
                Err(error) => errors.push(error),
            }
        }
    } else {
        let mut pending = Vec::new();
        for path in &proposals {
            match acceptance.read(path) {
                Ok(proposal) => pending.push(proposal),
                Err(error) => errors.push(error),
            }
        }
        // The newest value is set last, so it stays.
        pending.sort_by(|a, b| a.order().cmp(&b.order()));
        for (index, proposal) in pending.iter().enumerate() {
            match acceptance.accept(proposal, &pending[index + 1..]) {
                Ok(true) => {}
                Ok(false) => left += 1,
                Err(error) => errors.push(error),
            }
        }
    }
    if left > 0 {
        ui.note(format_args!(
            "Proposals left: {left}; to delete them, run the command again with `--reject`"
        ));
    }
    if let ([_], [_]) = (&proposals[..], &errors[..]) {
        return errors.pop().map_or(Ok(()), Err);
    }
    let failed = errors.len();
    let Some(code) = errors.first().map(CommandError::code) else {
        return Ok(());
    };
    ui.errors(errors);
    Err(CommandError::new(
        code,
        format!(
            "{failed} of {} proposals could not be {}",
            proposals.len(),
            if args.reject { "deleted" } else { "accepted" }
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
            let own = proposal::of_file(path)?;
            if own.is_empty()
                && let Err(error) = path.symlink_metadata()
            {
                return Err(CommandError::input(name_of(path), &error));
            }
            proposals.extend(own);
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
    /// Whether the user agreed to all proposals in advance.
    yes: bool,
}

/// A proposal that was read.
struct Pending {
    path: PathBuf,
    /// The file that it is for.
    file: PathBuf,
    proposal: Proposal,
    /// Whether each of its values has changed since the proposal was made.
    are_outdated: Vec<bool>,
}

impl Pending {
    /// The key for sorting: the proposals for a file in the order of their creation.
    fn order(&self) -> (&Path, SystemTime, &Path) {
        (&self.file, self.proposal.created, &self.path)
    }

    /// Whether this proposal sets the value at the path, or a value that contains it.
    fn replaces(&self, file: &Path, path: &KeyPath) -> bool {
        let mut own = self.proposal.values.iter().map(|value| &value.path);
        self.file == file && own.any(|own| path.components().starts_with(own.components()))
    }
}

impl Acceptance<'_> {
    fn read(&self, path: &Path) -> Result<Pending, CommandError> {
        let refused =
            |message: &str| CommandError::new(Code::Generic, message).in_file(&name_of(path));
        let Some(file) = proposal::target(path) else {
            return Err(refused("this is not the file name of a proposal")
                .hint("a proposal has a name such as `secret.yaml.5b9cd915.proposal`"));
        };
        let proposal = Proposal::read(self.ui, self.services, path)?;
        if proposal.file != proposal::base_name(&file) {
            return Err(refused("the proposal was written for another file")
                .hint("if you renamed the proposal, rename it back; otherwise delete it"));
        }
        Ok(Pending {
            path: path.to_owned(),
            are_outdated: self.outdated(&file, &proposal)?,
            file,
            proposal,
        })
    }

    /// Which values of the file have changed since the proposal was made, before this run accepts
    /// any: those with another ciphertext. A value without a fingerprint counts if the file was
    /// changed later.
    fn outdated(&self, file: &Path, proposal: &Proposal) -> Result<Vec<bool>, CommandError> {
        let input = Input::read(Some(file), InputFormat::of_name(file), Role::Encrypted)?;
        let encrypted = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let document =
            parse_document(&*input.content, input.format).map_err(|error| input.error(error))?;
        let modified = humantime::parse_rfc3339(&encrypted.metadata().last_modified);
        let is_later = modified.is_ok_and(|modified| modified > proposal.created);
        let values = proposal.values.iter();
        let outdated = values.map(|value| match &value.replaces {
            Some(replaces) => *replaces != proposal::fingerprint(&document, &value.path),
            None => is_later,
        });
        Ok(outdated.collect())
    }

    /// Shows a proposal, and sets its values if the user agrees; returns whether they did. The
    /// proposals in `later` are accepted after this one.
    fn accept(&self, pending: &Pending, later: &[Pending]) -> Result<bool, CommandError> {
        let Self { ui, globals, .. } = *self;
        let Pending {
            path,
            file,
            proposal,
            are_outdated,
        } = pending;
        let name = name_of(path);
        let refused = |message: &str| CommandError::new(Code::Generic, message).in_file(&name);
        let input = Input::read(Some(file), InputFormat::of_name(file), Role::Encrypted)?;
        let document =
            parse_document(&*input.content, input.format).map_err(|error| input.error(error))?;
        let created = humantime::format_rfc3339_seconds(proposal.created);
        for (value, is_outdated) in proposal.values.iter().zip(are_outdated) {
            let is_secret_data = is_secret_data(&document, &value.path);
            let (path, summary) = (value.path.dotted(), value.summary(is_secret_data));
            let change = match exists(&document, &value.path) {
                true => match several_values(&document, &value.path) {
                    Some(old) => format!("replace `{path}`, {old}, with {summary}"),
                    None => format!("set `{path}` to {summary}"),
                },
                false => format!("add the new key `{path}` with {summary}"),
            };
            let newest = later.iter().rev();
            let newest = newest
                .filter(|other| other.replaces(file, &value.path))
                .map(|newest| format!("; the newer value in {} wins", name_of(&newest.path)))
                .next();
            ui.print(format_args!(
                "{}: {change}, proposed in {name} at {created}{}",
                name_of(file),
                newest.unwrap_or_default()
            ))?;
            if *is_outdated {
                ui.warn(format_args!(
                    "`{path}` of {} has changed or was encrypted again since this proposal was made, so the proposed value may be older than the one in the file",
                    name_of(file)
                ));
            }
        }
        if !self.yes {
            if !ui.can_ask() {
                return Err(refused("cannot ask without a terminal")
                    .hint("to accept the proposal without a question, pass `--yes`"));
            }
            let agreed = ui.confirm("Accept this proposal?");
            if !agreed.map_err(|error| CommandError::stream("standard input", &error))? {
                return Ok(false);
            }
        }
        let values = proposal.values.iter();
        let assignments: Vec<Assignment> = values
            .map(|value| Assignment::of_node(value.path.clone(), value.node.clone()))
            .collect();
        let update = FileUpdate {
            ui,
            globals,
            services: self.services,
            file,
            formats: &FormatArgs::default(),
            opening: &OpeningArgs::default(),
        };
        assign(&update, &assignments, &[], true)?;
        remove(path)?;
        ui.done(path, "accepted and deleted");
        Ok(true)
    }
}

/// Whether the document has a value at the path.
fn exists(document: &Document<'_>, path: &KeyPath) -> bool {
    extract(document, path, Format::Json, &Indentation::default()).is_ok()
}

fn remove(path: &Path) -> Result<(), CommandError> {
    fs::remove_file(path).map_err(|error| CommandError::output(name_of(path), &error))
}
