//! The original command line of `sops`, without a command: `-d`, `-e`, `-r`, `--set`, or only a
//! file to edit it.

use std::path::Path;

use clap::Subcommand as _;
use sops_lint::shell_path;

use super::deferred::DeferredArgs;
use super::{Command, decrypt, edit, encrypt, rotate, set};
use crate::arguments::{
    FileArg, FormatArgs, KeyChangeArgs, KmsArgs, MasterKeyArgs, NameArg, OpeningArgs, OutputArgs,
    RuleArgs, ThresholdArg, invocation, no_file, require_existing,
};
use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    #[arg(long, short)]
    decrypt: bool,
    #[arg(long, short)]
    encrypt: bool,
    #[arg(long, short)]
    rotate: bool,
    #[arg(long, value_name = "PATH VALUE")]
    set: Option<String>,
    #[arg(long)]
    extract: Option<String>,
    #[arg(long, short)]
    show_master_keys: bool,
    #[arg(long)]
    allow_disk: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    changes: KeyChangeArgs,
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    formats: FormatArgs,
    #[command(flatten)]
    name: NameArg,
    #[command(flatten)]
    opening: OpeningArgs,
    #[command(flatten)]
    keys: MasterKeyArgs,
    #[command(flatten)]
    kms: KmsArgs,
    #[command(flatten)]
    threshold: ThresholdArg,
    #[command(flatten)]
    rules: RuleArgs,
    #[arg(long)]
    disable_version_check: bool,
    #[arg(long)]
    check_for_updates: bool,
}

impl Args {
    /// The command that the flags select.
    pub(crate) fn command(self, ui: &Ui) -> Result<Command, CommandError> {
        let modes = [self.encrypt, self.decrypt, self.rotate, self.set.is_some()];
        match modes.iter().filter(|mode| **mode).count() {
            0 => {
                let first = self.file.first().filter(|file| !file.exists());
                if let Some(word) = first
                    && self.formats.input_type.is_none()
                    && is_bare_word(word)
                {
                    self.refuse_word(ui, word)?;
                }
            }
            1 => {}
            _ => ui.warn(
                "`--encrypt`, `--decrypt`, `--rotate` and `--set` cannot be combined; only the last in this order has an effect",
            ),
        }
        let Some(file) = self.file.first() else {
            return Err(no_file().hint("`sops-rs --help` lists the commands"));
        };
        let is_read = self.encrypt || self.decrypt || self.rotate;
        let is_standard_input = (self.encrypt || self.decrypt) && self.file.is_standard_input();
        if is_read && !is_standard_input && !self.changes.any() {
            require_existing(file)?;
        }
        Ok(if let Some(set) = &self.set {
            let file = file.to_owned();
            Command::Set(DeferredArgs(set::Args::from_legacy(
                &file,
                set,
                self.formats,
                self.opening,
            )?))
        } else if self.rotate {
            Command::Rotate(DeferredArgs(rotate::Args {
                file: self.file,
                output: self.output,
                changes: self.changes,
                yes: self.yes,
                dry_run: false,
                kms: self.kms,
                formats: self.formats,
                name: self.name,
                opening: self.opening,
                ..rotate::Args::default()
            }))
        } else if self.decrypt {
            Command::Decrypt(DeferredArgs(decrypt::Args {
                file: self.file,
                output: self.output,
                extract: self.extract,
                decode: false,
                formats: self.formats,
                name: self.name,
                opening: self.opening,
            }))
        } else if self.encrypt {
            Command::Encrypt(DeferredArgs(encrypt::Args {
                file: self.file,
                over: None,
                output: self.output,
                keys: self.keys,
                kms: self.kms,
                threshold: self.threshold,
                formats: self.formats,
                name: self.name,
                rules: self.rules,
                dry_run: false,
            }))
        } else {
            Command::Edit(DeferredArgs(edit::Args {
                file: self.file,
                show_master_keys: self.show_master_keys,
                decode: edit::decodes_by_default(),
                allow_disk: self.allow_disk,
                formats: self.formats,
                opening: self.opening,
                keys: self.keys,
                kms: self.kms,
                threshold: self.threshold,
                rules: self.rules,
                name: self.name,
            }))
        })
    }
}

/// Commands of other programs, and the commands here that do the same.
const SYNONYMS: [(&str, &str); 14] = [
    ("show", "decrypt"),
    ("cat", "decrypt"),
    ("view", "decrypt"),
    ("get", "decrypt --extract KEY-PATH"),
    ("explain", "config explain"),
    ("run", "exec-env"),
    ("exec", "exec-env"),
    ("create", "secret create"),
    ("new", "secret create"),
    ("list", "status"),
    ("share", "recipients add"),
    ("revoke", "recipients remove"),
    ("unlock", "agent start"),
    ("lock", "agent lock"),
];

impl Args {
    /// Refuses a word that is neither a file nor likely to be a new one. Under the name `sops`,
    /// this is a warning about misspelled commands.
    fn refuse_word(&self, ui: &Ui, word: &Path) -> Result<(), CommandError> {
        let name = name_of(word);
        let message = format!("`{name}` is not a command");
        let similar = command_like(&name);
        if invocation::is_sops() {
            if let Some(command) = similar {
                ui.warn(format_args!("{message}; did you mean `{command}`?"));
            }
            return Ok(());
        }
        let synonym = SYNONYMS.iter().find(|(other, _)| *other == name);
        let meant = synonym
            .map(|(_, command)| (*command).to_owned())
            .or(similar);
        let error = CommandError::new(Code::Generic, message);
        let error = match meant {
            Some(command) => error.hint(format!("did you mean `sops-rs {command}`?")),
            None => error.hint("`sops-rs --help` lists the commands"),
        };
        Err(error.hint(format!(
            "to edit a new file of this name: `sops-rs edit {}`",
            shell_path(&name)
        )))
    }
}

/// Whether a word is unlikely to be the name of a file.
fn is_bare_word(word: &Path) -> bool {
    let text = word.to_str().unwrap_or_default();
    word.components().count() == 1
        && word.extension().is_none()
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.contains('/')
}

/// The command that a word resembles.
fn command_like(word: &str) -> Option<String> {
    /// The minimum similarity at which a word counts as a misspelled command.
    const LIKENESS: f64 = 0.6;
    let commands = Command::augment_subcommands(clap::Command::new("all"));
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(word, name);
    commands
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(clap::Command::get_name)
        .max_by(|left, right| likeness(left).total_cmp(&likeness(right)))
        .filter(|name| likeness(name) >= LIKENESS)
        .map(str::to_owned)
}
