//! `sops-rs updatekeys`. For one file, or under the name `sops`, the output is that of `sops`. For
//! several files, `planned.rs` shows all changes first.

mod planned;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sops_core::EncryptedDocument;
use sops_core::config::{Config, CreationRule};
use sops_core::keys::MasterKey;
use sops_lint::shell_path;

use crate::arguments::{FormatArgs, GlobalArgs, invocation, no_file_to_change};
use crate::batch::{self, BatchFile};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::resolve::{ConfigResolver, ResolvedConfig};
use crate::config::rule_drift::{RuleDrift, RuleDrifts};
use crate::config::{load, nearer};
use crate::encryption_options;
use crate::files::{self, Readers};
use crate::input::Input;
use crate::key_plan::unanswered;
use crate::keys::changes::KeyChanges;
use crate::keys::damaged::refuse_damaged;
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::proposal;
use crate::recipient_edit::{NamesByConfig, RecipientNames};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs updatekeys secret.yaml      # after you change .sops.yaml
  sops-rs updatekeys --dry-run .      # what that would change
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
    /// Print the changes without making them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    formats: FormatArgs,
    #[arg(skip)]
    former_names: RecipientNames,
    /// Whether another command says what removed recipients can still decrypt.
    #[arg(skip)]
    is_part: bool,
}

impl Args {
    /// Updates the files in a directory without questions, after its configuration changed.
    pub(super) fn of_directory(directory: PathBuf, former_names: RecipientNames) -> Self {
        Self {
            files: vec![directory],
            yes: true,
            dry_run: false,
            formats: FormatArgs::default(),
            former_names,
            is_part: true,
        }
    }
}

pub(crate) fn cmd_updatekeys(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<(), CommandError> {
    update(ui, globals, &Services::new(ui, globals)?, args)
}

/// Updates the files with private keys that may already be unlocked.
pub(super) fn update(
    ui: &Ui,
    globals: &GlobalArgs,
    services: &Services,
    args: &Args,
) -> Result<(), CommandError> {
    if args.files.is_empty() {
        return Err(no_file_to_change("sops-rs updatekeys ."));
    }
    let own = load::config(ui, globals)?;
    if own.is_none() && !args.files.iter().any(|file| file.is_dir()) {
        return Err(encryption_options::no_rules(None)?);
    }
    let update = KeyUpdate {
        ui,
        services,
        args,
        drifts: RuleDrifts::default(),
        names: NamesByConfig::with_former(args.former_names.clone()),
    };
    match &args.files[..] {
        [file] if !file.is_dir() => {
            services.contact_servers_of_named_files();
            nearer::warn(ui, globals, own.as_ref(), file);
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
        files if invocation::is_sops() => update.one_by_one(globals, own, files),
        files => update.planned(globals, own, files),
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
    names: NamesByConfig,
}

/// A file that was read, and its creation rule.
struct RuledFile<'f> {
    document: &'f EncryptedDocument<'f>,
    config: Option<&'f Config>,
    rule: &'f CreationRule,
    changes: KeyChanges,
}

impl KeyUpdate<'_> {
    /// Gives the file the keys of its creation rule.
    fn file(&self, resolved: &ResolvedConfig, file: &Path) -> Result<UpdateOutcome, CommandError> {
        let Self {
            ui, services, args, ..
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
        let file_with_rule = self.compare(resolved, &input, &document)?;
        let changes = &file_with_rule.changes;
        if !changes.is_change() {
            ui.note(format_args!("File {name} already up to date"));
            return Ok(UpdateOutcome::Done);
        }
        let groups = file_with_rule.groups()?;
        ui.print("The following changes will be made to the file's groups:")?;
        let names = file_with_rule.config.map(|config| self.names.of(config));
        let names = names.filter(|_| !invocation::is_sops()).unwrap_or_default();
        for line in changes.lines() {
            ui.print(names.in_line_of_sops(line))?;
        }
        let key_groups = KeyGroups {
            groups: &groups,
            threshold: changes.threshold,
        };
        services.warn_if_closed(ui, &name, key_groups);
        if args.dry_run {
            return Ok(UpdateOutcome::Done);
        }
        if !args.yes {
            match ui.confirm("Is this okay?") {
                Ok(true) => {}
                Ok(false) => {
                    ui.note(format_args!("File {name} left unchanged"));
                    return Ok(UpdateOutcome::Done);
                }
                Err(error) => return Ok(UpdateOutcome::Unanswered(unanswered(&error))),
            }
        }
        let updated = services.with_key_groups(ui, &input, &document, key_groups)?;
        let expected = input.expected();
        files::write(ui, file, updated.as_bytes(), expected, Readers::Usual)?;
        ui.note(format_args!("File {name} synced with new keys"));
        if changes.removes() {
            self.advise_rotation(1);
        }
        Ok(UpdateOutcome::Done)
    }

    /// Says that the removed recipients of some files still have their data keys.
    fn advise_rotation(&self, files: usize) {
        if files == 0 || self.args.is_part || invocation::is_sops() {
            return;
        }
        let named = self.args.files.iter();
        let named: Vec<String> = named
            .map(|file| shell_path(&file.to_string_lossy()))
            .collect();
        let keys = match files {
            1 => "the data key of 1 file".to_owned(),
            number => format!("the data keys of {number} files"),
        };
        self.ui.warn(format_args!(
            "the removed recipients still have {keys}, so they can decrypt later versions too; run `sops-rs rotate -i {}`, and change the secrets at their source",
            named.join(" ")
        ));
    }

    /// Compares a file with its creation rule.
    fn compare<'f>(
        &self,
        resolved: &'f ResolvedConfig,
        input: &Input,
        document: &'f EncryptedDocument<'f>,
    ) -> Result<RuledFile<'f>, CommandError> {
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
        // `sops` ignores the threshold of the rule.
        if let Some(config) = config.filter(|_| !invocation::is_sops()) {
            config
                .check_threshold(rule)
                .map_err(|error| CommandError::in_config(error, config))?;
        }
        refuse_damaged(input, document, |_, _| false)?;
        let metadata = document.metadata();
        // A proposal has a rule of its own.
        if proposal::target(&resolved.path).is_none() {
            let drift = RuleDrift::between(metadata, rule, input.format);
            self.drifts.add(&input.name, drift);
        }
        Ok(RuledFile {
            document,
            config,
            rule,
            changes: KeyChanges::between(metadata, rule),
        })
    }

    /// Updates the files as `sops` does, with a question for each.
    fn one_by_one(
        &self,
        globals: &GlobalArgs,
        own: Option<Config>,
        files: &[PathBuf],
    ) -> Result<(), CommandError> {
        let (items, resolver) = self.items(globals, own, files)?;
        let (mut done, mut errors) = (0, Vec::new());
        for item in &items {
            let resolved = resolver.of(item)?;
            if item.is_found && !resolved.is_covered() {
                continue;
            }
            done += 1;
            match self.file(&resolved, &item.path) {
                Ok(UpdateOutcome::Done) => {}
                // The next question would not be answered either.
                Ok(UpdateOutcome::Unanswered(error)) => {
                    self.ui.errors(errors);
                    self.drifts.warn(self.ui);
                    return Err(error);
                }
                Err(error) => errors.push(error),
            }
        }
        let failed = errors.len();
        self.ui.errors(errors);
        self.drifts.warn(self.ui);
        match failed {
            0 => Ok(()),
            _ => Err(CommandError::new(
                Code::Generic,
                format!("{failed} of {done} files could not be updated"),
            )),
        }
    }

    /// The encrypted files, and the configurations for them.
    fn items(
        &self,
        globals: &GlobalArgs,
        own: Option<Config>,
        files: &[PathBuf],
    ) -> Result<(Vec<BatchFile>, ConfigResolver), CommandError> {
        let leftovers = match self.args.dry_run {
            true => batch::Leftovers::Keep,
            false => batch::Leftovers::Remove,
        };
        let items = batch::items(files.iter().map(PathBuf::as_path), leftovers)?;
        let items = batch::meant(items, true);
        if batch::are_named(&items) {
            self.services.contact_servers_of_named_files();
        }
        if own.is_none() && items.is_empty() {
            return Err(encryption_options::no_rules(None)?);
        }
        nearer::warn_of_all(self.ui, globals, own.as_ref(), batch::named(&items));
        let resolver = ConfigResolver::new(self.ui, globals, own, items.iter())?;
        resolver.name_several(self.ui, items.iter())?;
        Ok((items, resolver))
    }

    fn read(&self, file: &Path) -> Result<Input, CommandError> {
        let by_name = self.args.formats.input(Some(file));
        Input::read(Some(file), by_name, Role::Encrypted)
    }
}

impl RuledFile<'_> {
    /// The key groups of the rule.
    fn groups(&self) -> Result<Vec<Vec<MasterKey>>, CommandError> {
        encryption_options::groups(self.rule, self.config)
    }
}
