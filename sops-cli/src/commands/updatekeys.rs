//! `sops-rs updatekeys`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sops_core::EncryptedDocument;

use crate::arguments::{FormatArgs, GlobalArgs, no_file};
use crate::batch;
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::creation;
use crate::damaged_keys::refuse_damaged;
use crate::files::{self, Expected, Readers};
use crate::governing::{Governed, Governing};
use crate::key_changes::KeyChanges;
use crate::key_services::Services;
use crate::rule_drift::{RuleDrift, RuleDrifts};
use crate::source::Source;
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The files and folders
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    formats: FormatArgs,
}

pub(crate) fn cmd_updatekeys(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<(), CommandError> {
    let own = creation::config(ui, globals)?;
    if own.is_none() && !args.files.iter().any(|file| file.is_dir()) {
        return Err(creation::no_rules(None)?);
    }
    let services = Services::new(ui, globals)?;
    let drifts = RuleDrifts::default();
    match &args.files[..] {
        [] => Err(no_file()),
        [file] if !file.is_dir() => {
            let governed = Governed {
                config: own.map(Arc::new),
                path: file.clone(),
            };
            let updated = update(ui, &services, &governed, args, file, &drifts);
            drifts.warn(ui);
            match updated? {
                Outcome::Done => Ok(()),
                Outcome::Unanswered(error) => Err(error),
            }
        }
        files => {
            let mut items =
                batch::items(files.iter().map(PathBuf::as_path), batch::Leftovers::Remove)?;
            items.retain(|item| item.is_meant(true));
            if own.is_none() && items.is_empty() {
                return Err(creation::no_rules(None)?);
            }
            let governing = Governing::new(ui, globals, own, items.iter())?;
            governing.name_several(ui, items.iter())?;
            let (mut done, mut failed) = (0, 0);
            for item in &items {
                let governed = governing.of(item)?;
                if item.is_found && !governed.is_covered() {
                    continue;
                }
                done += 1;
                match update(ui, &services, &governed, args, &item.path, &drifts) {
                    Ok(Outcome::Done) => {}
                    // The next question would have no answer either.
                    Ok(Outcome::Unanswered(error)) => {
                        drifts.warn(ui);
                        return Err(error);
                    }
                    Err(error) => {
                        ui.error(&error);
                        failed += 1;
                    }
                }
            }
            drifts.warn(ui);
            match failed {
                0 => Ok(()),
                _ => Err(CommandError::new(
                    Code::Generic,
                    format!("{failed} of {done} files could not be updated"),
                )),
            }
        }
    }
}

/// What became of a file.
enum Outcome {
    Done,
    /// The user could not be asked.
    Unanswered(CommandError),
}

fn update(
    ui: &Ui,
    services: &Services,
    governed: &Governed,
    args: &Args,
    file: &Path,
    drifts: &RuleDrifts,
) -> Result<Outcome, CommandError> {
    let name = name_of(file);
    file.metadata()
        .map_err(|error| CommandError::input(&name, &error).with_code(Code::Generic))?;
    let format = args.formats.both(file)?;
    ui.note(format_args!("Syncing keys for file {name}"));
    let source = Source::read(Some(file), format, Role::Encrypted)?;
    let document =
        EncryptedDocument::parse(&*source.content, format).map_err(|error| source.error(error))?;
    let config = governed.config.as_deref();
    let rule = match config {
        Some(config) => config
            .creation_rule_for(&governed.path)
            .map_err(CommandError::general)?,
        None => None,
    };
    let Some(rule) = rule else {
        return Err(creation::no_rules(config)?);
    };
    refuse_damaged(&source, &document, |_, _| false)?;
    drifts.add(&name, RuleDrift::between(document.metadata(), rule, format));
    let changes = KeyChanges::between(document.metadata(), rule);
    if !changes.is_change() {
        ui.note(format_args!("File {name} already up to date"));
        return Ok(Outcome::Done);
    }
    let groups = creation::groups(rule, config)?;
    ui.print("The following changes will be made to the file's groups:")?;
    for line in changes.lines() {
        ui.print(line)?;
    }
    let threshold = changes.threshold;
    services.warn_if_closed(ui, &name, &groups, threshold);
    if !args.yes {
        match ui.confirm("Is this okay?") {
            Ok(true) => {}
            Ok(false) => {
                ui.note(format_args!("File {name} left unchanged"));
                return Ok(Outcome::Done);
            }
            Err(error) => {
                let error = CommandError::input("the answer", &error)
                    .with_code(Code::Generic)
                    .hint("`--yes` asks nothing");
                return Ok(Outcome::Unanswered(error));
            }
        }
    }
    let updated = services.with_key_groups(ui, &source, &document, &groups, threshold)?;
    let expected = Expected::Content(&source.content);
    files::write(ui, file, updated.as_bytes(), expected, Readers::Usual)?;
    ui.note(format_args!("File {name} synced with new keys"));
    Ok(Outcome::Done)
}
