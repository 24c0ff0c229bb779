//! `sops-rs updatekeys`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sops_core::EncryptedDocument;

use crate::arguments::{FormatArgs, GlobalArgs, no_file};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::load;
use crate::config::resolve::{ConfigResolver, ResolvedConfig};
use crate::config::rule_drift::{RuleDrift, RuleDrifts};
use crate::files::{self, Readers};
use crate::input::Input;
use crate::keys::changes::KeyChanges;
use crate::keys::damaged::refuse_damaged;
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::ui::Ui;
use crate::{batch, encryption_options};

const EXAMPLES: &str = "\
Examples:
  sops-rs updatekeys secret.yaml      # after you change .sops.yaml
  sops-rs updatekeys -y .             # every encrypted file here";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files and directories
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change the keys without asking
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    formats: FormatArgs,
}

impl Args {
    /// For the files in a directory, without questions.
    pub(super) fn of_directory(directory: PathBuf) -> Self {
        Self {
            files: vec![directory],
            yes: true,
            formats: FormatArgs::default(),
        }
    }
}

pub(crate) fn cmd_updatekeys(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<(), CommandError> {
    let own = load::config(ui, globals)?;
    if own.is_none() && !args.files.iter().any(|file| file.is_dir()) {
        return Err(encryption_options::no_rules(None)?);
    }
    let services = Services::new(ui, globals)?;
    let update = KeyUpdate {
        ui,
        services: &services,
        args,
        drifts: RuleDrifts::default(),
    };
    match &args.files[..] {
        [] => Err(no_file()),
        [file] if !file.is_dir() => {
            let resolved = ResolvedConfig {
                config: own.map(Arc::new),
                path: file.clone(),
            };
            let updated = update.file(&resolved, file);
            update.drifts.warn(ui);
            match updated? {
                UpdateOutcome::Done => Ok(()),
                UpdateOutcome::Unanswered(error) => Err(error),
            }
        }
        files => {
            let mut items =
                batch::items(files.iter().map(PathBuf::as_path), batch::Leftovers::Remove)?;
            items.retain(|item| item.is_meant(true));
            if own.is_none() && items.is_empty() {
                return Err(encryption_options::no_rules(None)?);
            }
            let resolver = ConfigResolver::new(ui, globals, own, items.iter())?;
            resolver.name_several(ui, items.iter())?;
            let (mut done, mut errors) = (0, Vec::new());
            for item in &items {
                let resolved = resolver.of(item)?;
                if item.is_found && !resolved.is_covered() {
                    continue;
                }
                done += 1;
                match update.file(&resolved, &item.path) {
                    Ok(UpdateOutcome::Done) => {}
                    // The next question would not be answered either.
                    Ok(UpdateOutcome::Unanswered(error)) => {
                        ui.errors(errors);
                        update.drifts.warn(ui);
                        return Err(error);
                    }
                    Err(error) => errors.push(error),
                }
            }
            let failed = errors.len();
            ui.errors(errors);
            update.drifts.warn(ui);
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

/// The outcome for a file.
enum UpdateOutcome {
    Done,
    /// The user could not be asked.
    Unanswered(CommandError),
}

/// The context for updating files.
struct KeyUpdate<'a> {
    ui: &'a Ui,
    services: &'a Services,
    args: &'a Args,
    drifts: RuleDrifts,
}

impl KeyUpdate<'_> {
    /// Gives the file the keys of its creation rule.
    fn file(&self, resolved: &ResolvedConfig, file: &Path) -> Result<UpdateOutcome, CommandError> {
        let Self {
            ui,
            services,
            args,
            drifts,
        } = self;
        let name = name_of(file);
        file.metadata()
            .map_err(|error| CommandError::input(&name, &error).with_code(Code::Generic))?;
        let by_name = args.formats.input(Some(file));
        ui.note(format_args!("Syncing keys for file {name}"));
        let input = Input::read(Some(file), by_name, Role::Encrypted)?;
        let format = input.format;
        let document = EncryptedDocument::parse(&*input.content, format)
            .map_err(|error| input.error(error))?;
        let config = resolved.config.as_deref();
        let rule = match config {
            Some(config) => config
                .creation_rule_for(&resolved.path)
                .map_err(|error| CommandError::in_config(error, config))?,
            None => None,
        };
        let Some(rule) = rule else {
            return Err(encryption_options::no_rules(config)?);
        };
        refuse_damaged(&input, &document, |_, _| false)?;
        drifts.add(&name, RuleDrift::between(document.metadata(), rule, format));
        let changes = KeyChanges::between(document.metadata(), rule);
        if !changes.is_change() {
            ui.note(format_args!("File {name} already up to date"));
            return Ok(UpdateOutcome::Done);
        }
        let groups = encryption_options::groups(rule, config)?;
        ui.print("The following changes will be made to the file's groups:")?;
        for line in changes.lines() {
            ui.print(line)?;
        }
        let key_groups = KeyGroups {
            groups: &groups,
            threshold: changes.threshold,
        };
        services.warn_if_closed(ui, &name, key_groups);
        if !args.yes {
            match ui.confirm("Is this okay?") {
                Ok(true) => {}
                Ok(false) => {
                    ui.note(format_args!("File {name} left unchanged"));
                    return Ok(UpdateOutcome::Done);
                }
                Err(error) => {
                    let error = CommandError::input("the answer", &error)
                        .with_code(Code::Generic)
                        .hint("to skip the question, add `--yes`");
                    return Ok(UpdateOutcome::Unanswered(error));
                }
            }
        }
        let updated = services.with_key_groups(ui, &input, &document, key_groups)?;
        let expected = input.expected();
        files::write(ui, file, updated.as_bytes(), expected, Readers::Usual)?;
        ui.note(format_args!("File {name} synced with new keys"));
        Ok(UpdateOutcome::Done)
    }
}
