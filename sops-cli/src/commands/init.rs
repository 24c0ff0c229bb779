//! `sops-rs init`.

use std::ffi::OsStr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use ignore::DirEntry;
use sops_core::config::{self, Config};
use sops_core::keys::{Environment, Family, Identities, Recipient};

use super::keygen;
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, files_named, name_of};
use crate::config::load;
use crate::config::working_dir::{shortened, working_dir};
use crate::files::{self, Expected, Readers};
use crate::git::root_above;
use crate::lint;
use crate::ui::Ui;
use crate::walking::Walking;

/// How deep, and for how many entries, it searches for other configurations. The working directory
/// may be a home directory.
const MAX_DEPTH: usize = 8;
const MAX_ENTRIES: usize = 20_000;

const EXAMPLES: &str = "\
Examples:
  sops-rs init
  sops-rs init --pq                   # with a post-quantum key";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Create a post-quantum key (ML-KEM-768 and X25519)
    #[arg(long)]
    pq: bool,
}

pub(crate) fn cmd_init(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let recipient = recipient(ui, args)?;
    let working_dir = working_dir()?;
    let file = match globals.config() {
        Some(file) => Some(file.to_owned()).filter(|file| file.exists()),
        None => config::find(&working_dir).file,
    };
    if let Some(file) = file {
        let config = load::config(ui, globals).map_err(|error| {
            error
                .hint("the file was not changed; fix it, or move it away and run `sops-rs init` again")
                .hint(format!("to encrypt for your key, it needs the recipient {recipient}"))
        })?;
        let advice = match config.is_some_and(|config| names_key(&config, &recipient)) {
            true => "It names the key's recipient",
            false => "To encrypt for the key, it needs the recipient",
        };
        ui.note(format_args!(
            "{} already exists and was not changed. {advice}",
            name_of(&file)
        ));
        ui.note(format_args!("    {recipient}"));
        name_below(ui, &working_dir);
        return Ok(());
    }
    let file = globals
        .config()
        .map_or_else(|| PathBuf::from(".sops.yaml"), Path::to_owned);
    files::write(
        ui,
        &file,
        configuration(&recipient).as_bytes(),
        Expected::Nothing,
        Readers::Usual,
    )?;
    ui.note(format_args!(
        "Wrote {}. It encrypts values under `data` and `stringData` for",
        name_of(&file)
    ));
    ui.note(format_args!("    {recipient}"));
    if globals.config().is_none() {
        name_root(ui, &working_dir);
        name_below(ui, &working_dir);
    }
    ui.note("Next:");
    ui.note("    sops-rs edit secret.yaml          create or change an encrypted Secret");
    ui.note("    sops-rs encrypt -i secret.yaml    encrypt an existing one");
    if root_above(&working_dir).is_some() {
        ui.note("    sops-rs hook install              refuse commits with plaintext Secrets");
        ui.note("    sops-rs git install               show and merge encrypted files by value");
    }
    Ok(())
}

/// Notes that the configuration does not apply to the rest of the repository.
fn name_root(ui: &Ui, working_dir: &Path) {
    let root = lint::root(working_dir);
    if root != working_dir {
        ui.note(format_args!(
            "It applies only to the files in {} and its subdirectories; the root of the repository is {}",
            name_of(working_dir),
            name_of(&root)
        ));
    }
}

/// Lists the configurations below the directory, which may have other recipients.
fn name_below(ui: &Ui, working_dir: &Path) {
    let Ok(mut walking) = Walking::new(working_dir) else {
        return;
    };
    let entries = walking.builder.max_depth(Some(MAX_DEPTH)).build();
    let entries = entries.take(MAX_ENTRIES).filter_map(Result::ok);
    let below = entries.map(DirEntry::into_path).filter(|path| {
        let is_config = path.file_name() == Some(OsStr::new(".sops.yaml"));
        is_config && path.parent() != Some(working_dir)
    });
    let mut names: Vec<String> = below
        .map(|path| name_of(&shortened(&path, working_dir)))
        .collect();
    if !names.is_empty() {
        names.sort_unstable();
        ui.note(format_args!(
            "These other configurations apply to the files in their directories, and were not changed: {}",
            files_named(&names)
        ));
    }
}

/// Whether a creation rule names the recipient.
fn names_key(config: &Config, recipient: &str) -> bool {
    let mut rules = config.creation_rules().unwrap_or_default().iter();
    rules.any(|rule| {
        let mut keys = rule.key_groups.iter().flatten();
        keys.any(|key| key.family() == Family::Age && key.id() == recipient)
    })
}

/// The recipient of the first age key that is found, or of a new one.
fn recipient(ui: &Ui, args: &Args) -> Result<String, CommandError> {
    let environment = Environment::process();
    let file = environment.key_file().map_err(CommandError::general)?;
    let recipients = Identities::from_environment(environment).recipients();
    let recipients: Vec<String> = recipients.iter().map(Recipient::to_string).collect();
    let is_wanted = |recipient: &&String| match args.pq {
        true => recipient.starts_with("age1pq1"),
        false => recipient.starts_with("age1"),
    };
    if let Some(recipient) = recipients.iter().find(is_wanted) {
        ui.note("Using your existing age key.");
        return Ok(recipient.clone());
    }
    if file.symlink_metadata().is_ok() {
        let message = format!("{} exists, but contains no usable key", name_of(&file));
        return Err(CommandError::new(Code::Generic, message)
            .hint("`sops-rs keygen` prints a new key that you can add to the file; with `--pq`, a post-quantum key"));
    }
    if let Some(directory) = file.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| CommandError::output(name_of(directory), &error))?;
    }
    let pair = keygen::generate(args.pq);
    keygen::write(ui, &file, &keygen::key_file(&pair))?;
    ui.note(format_args!(
        "Wrote a new private key to {}. Keep a copy of it in a safe place.",
        name_of(&file)
    ));
    Ok(pair.recipient.to_string())
}

/// A configuration for Kubernetes manifests, which have their secrets under `data` and
/// `stringData`.
fn configuration(recipient: &str) -> String {
    format!(
        "\
# Which values of a new file are encrypted, and who can decrypt them. The first rule that matches is used.
creation_rules:
  # Put other rules above this one: it has no `path_regex`, so it matches every file.
  - encrypted_regex: ^(data|stringData)$
    # You can change the other values of a manifest by hand.
    mac_only_encrypted: true
    age:
      - {recipient}
"
    )
}
