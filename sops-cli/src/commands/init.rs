//! `sops-rs init`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ignore::DirEntry;
use sops_core::config::{self, Config};
use sops_core::keys::age::WRONG_PASSPHRASE;
use sops_core::keys::{Environment, Error as KeyError, Family, Identities, Recipient};
use sops_lint::shell_word;

use super::keygen;
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, files_named, name_of};
use crate::config::load;
use crate::config::working_dir::{shortened, working_dir};
use crate::files::{self, Expected, Readers};
use crate::git::root_above;
use crate::keys::key_file::{self, KeyText};
use crate::keys::own::{addition, name_in_git, newest, of_agent};
use crate::lint;
use crate::recipient_edit::checked_name;
use crate::ui::Ui;
use crate::walking::Walking;

/// The limits of the search for other configurations: its depth, and the number of entries. The
/// working directory may be a home directory.
const MAX_DEPTH: usize = 8;
const MAX_ENTRIES: usize = 20_000;

/// Files that configure programs which update images and versions in a repository.
const BOT_FILES: [(&str, &str); 11] = [
    ("renovate.json", "Renovate"),
    ("renovate.json5", "Renovate"),
    (".renovaterc", "Renovate"),
    (".renovaterc.json", "Renovate"),
    (".renovaterc.json5", "Renovate"),
    (".github/renovate.json", "Renovate"),
    (".github/renovate.json5", "Renovate"),
    (".gitlab/renovate.json", "Renovate"),
    (".gitlab/renovate.json5", "Renovate"),
    (".github/dependabot.yml", "Dependabot"),
    (".github/dependabot.yaml", "Dependabot"),
];

const EXAMPLES: &str = "\
Examples:
  sops-rs init
  sops-rs init --recipient age1…      # for a key on another machine
  sops-rs init --pq                   # with a post-quantum key";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Create a post-quantum key (ML-KEM-768 and X25519)
    #[arg(long)]
    pq: bool,
    /// Ask for a passphrase, and protect the new key with it
    #[arg(long, conflicts_with = "recipient")]
    passphrase: bool,
    /// Encrypt for these recipients, and do not look for a key
    #[arg(long, value_name = "RECIPIENTS", value_delimiter = ',', conflicts_with = "pq", value_parser = parse_recipient)]
    recipient: Vec<Recipient>,
    /// The name to write at the end of your recipient's line, as a comment [default: from Git,
    /// unless you pass `--recipient`]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub(crate) fn cmd_init(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let name = checked_name(args.name.as_deref())?;
    if name.is_some() && args.recipient.len() > 1 {
        let message = "`--name` is for one recipient, but there are several";
        return Err(CommandError::new(Code::ConflictingParameters, message)
            .hint("add the others with `sops-rs recipients add --name NAME RECIPIENT`"));
    }
    let recipients = recipients(ui, args)?;
    let working_dir = working_dir()?;
    let file = match globals.config() {
        Some(file) => Some(file.to_owned()).filter(|file| file.exists()),
        None => config::find(&working_dir).file,
    };
    if let Some(file) = file {
        let config = load::config(ui, globals).map_err(|error| {
            error
                .hint("the file was not changed; fix it, or move it away and run `sops-rs init` again")
                .hint(format!("to encrypt for your key, it needs the recipient {}", recipients[0]))
        })?;
        let is_named = |recipient: &&String| {
            config
                .as_ref()
                .is_some_and(|config| names_key(config, recipient))
        };
        ui.note(format_args!(
            "{} already exists and was not changed.",
            name_of(&file)
        ));
        let is_outside = |root: &Path| {
            let inside = file.canonicalize().ok().zip(root.canonicalize().ok());
            globals.config().is_none() && inside.is_some_and(|(file, root)| !file.starts_with(root))
        };
        if root_above(&working_dir).is_some_and(is_outside) {
            ui.warn(format_args!(
                "{} is outside this Git repository, so a clone would not have it; to create a `.sops.yaml` here, run `sops-rs --config .sops.yaml init`",
                name_of(&file)
            ));
        }
        match recipients.iter().find(is_named) {
            Some(recipient) => {
                ui.note("It names your recipient:");
                ui.note(format_args!("    {recipient}"));
                if let Some(name) = name {
                    ui.note("To give it this name:");
                    ui.note(format_args!(
                        "    sops-rs recipients add --name {} {recipient}",
                        shell_word(name)
                    ));
                }
            }
            None => {
                ui.note("It does not name your recipient. Send this line to someone who can decrypt the files:");
                ui.print(addition(&recipients[0], name))?;
            }
        }
        name_below(ui, &working_dir);
        return Ok(());
    }
    let file = globals
        .config()
        .map_or_else(|| PathBuf::from(".sops.yaml"), Path::to_owned);
    let (recipients, own_name) = match args.recipient.is_empty() {
        // Older keys only decrypt old files.
        true => (
            &recipients[..1],
            name.map(str::to_owned).or_else(name_in_git),
        ),
        false => (&recipients[..], name.map(str::to_owned)),
    };
    files::write(
        ui,
        &file,
        configuration(
            recipients,
            own_name.as_deref(),
            mac_only_encrypted(ui, globals, &working_dir),
        )
        .as_bytes(),
        Expected::Nothing,
        Readers::Usual,
    )?;
    ui.note(format_args!(
        "Wrote {}. Its rule encrypts values under `data` and `stringData` for:",
        name_of(&file)
    ));
    for recipient in recipients {
        ui.note(format_args!("    {recipient}"));
    }
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
            "This `.sops.yaml` applies only to the files in {} and its subdirectories; the root of the repository is {}",
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

fn parse_recipient(text: &str) -> Result<Recipient, String> {
    text.parse().map_err(|error: KeyError| error.to_string())
}

/// The recipients to encrypt for: those that the user named, or else those of the user's age keys,
/// the newest first, or else that of a new key.
fn recipients(ui: &Ui, args: &Args) -> Result<Vec<String>, CommandError> {
    if !args.recipient.is_empty() {
        return Ok(args.recipient.iter().map(Recipient::to_string).collect());
    }
    let environment = Environment::process();
    let file = environment.key_file().map_err(CommandError::general)?;
    let identities = Identities::from_environment(environment).with_prompt(ui.prompt());
    let own: Vec<String> = own_recipients(&identities)?;
    let is_wanted = |recipient: &&str| match args.pq {
        true => recipient.starts_with("age1pq1"),
        false => recipient.starts_with("age1"),
    };
    let own: Vec<&str> = own.iter().map(String::as_str).filter(is_wanted).collect();
    if let Some(newest) = newest(&own) {
        if args.passphrase {
            return Err(
                CommandError::new(Code::Generic, "you already have a private key")
                    .hint("run `sops-rs init` without `--passphrase`, which is for a new key")
                    .hint(format!(
                        "to protect keys in a file such as {}, encrypt the file with `age -p`",
                        name_of(&file)
                    )),
            );
        }
        match own.len() {
            1 => ui.note("Using your existing age key."),
            _ => ui.note("Using the newest of your age keys."),
        }
        let older = own.iter().filter(|recipient| **recipient != newest);
        let all = std::iter::once(newest).chain(older.copied());
        return Ok(all.map(str::to_owned).collect());
    }
    if file.symlink_metadata().is_ok() {
        let message = format!("{} exists, but contains no usable key", name_of(&file));
        return Err(CommandError::new(Code::Generic, message).hint(
            "`sops-rs keygen --append` adds a new key to the file; with `--pq`, a post-quantum key",
        ));
    }
    let pair = keygen::generate(args.pq);
    let key = match args.passphrase {
        true => KeyText::protected(ui, &pair)?,
        false => KeyText::generated(&pair),
    };
    key_file::create(ui, &file, &key)?;
    Ok(vec![pair.recipient.to_string()])
}

/// The recipients of the user's keys. Asks for the passphrase of a key file if the agent does not
/// know its keys.
fn own_recipients(identities: &Identities) -> Result<Vec<String>, CommandError> {
    let known = |identities: &Identities| -> Vec<String> {
        let own = identities.recipients().into_iter();
        own.map(|recipient| recipient.to_string()).collect()
    };
    let has_age = |own: &[String]| own.iter().any(|own| own.starts_with("age1"));
    let mut own = known(identities);
    if !has_age(&own) {
        own.extend(of_agent());
    }
    let Some(source) = identities.locked_source().filter(|_| !has_age(&own)) else {
        return Ok(own);
    };
    let failures = identities.unlock();
    let own = known(identities);
    match has_age(&own) {
        true => Ok(own),
        false => {
            if let Some(failure) = failures.iter().find(|why| why.contains(WRONG_PASSPHRASE)) {
                return Err(CommandError::new(Code::Generic, failure.clone())
                    .hint("run `sops-rs init` again"));
            }
            let message = format!("your key in {source} is protected with a passphrase");
            let error = CommandError::new(Code::Generic, message);
            let error = failures.into_iter().fold(error, CommandError::hint);
            Err(error.hint("`sops-rs agent start` asks for it in a terminal, and `sops-rs init` then uses the key"))
        }
    }
}

/// Whether the MAC should cover only encrypted values, so that other programs can change the rest.
/// Asks if such a program is found.
fn mac_only_encrypted(ui: &Ui, globals: &GlobalArgs, working_dir: &Path) -> bool {
    if globals.mac_only_encrypted {
        return true;
    }
    let root = lint::root(working_dir);
    let bot = BOT_FILES
        .into_iter()
        .find(|(file, _)| root.join(file).is_file());
    let Some((_, bot)) = bot else {
        return false;
    };
    ui.note(format_args!(
        "{bot} changes files in this repository. If it changes a value of an encrypted file, such as an image tag, the MAC no longer matches, and the file cannot be decrypted."
    ));
    ui.note("With `mac_only_encrypted: true`, it can change plaintext values. You give up the protection of these values: anyone who can change the file can change them unnoticed, including `metadata.name` and `metadata.namespace`.");
    if ui.can_ask() {
        return matches!(ui.confirm("Set `mac_only_encrypted: true`?"), Ok(true));
    }
    ui.note("It was not set. To set it later, add `mac_only_encrypted: true` to the rule.");
    false
}

/// A configuration for Kubernetes manifests, which have their secrets under `data` and
/// `stringData`.
fn configuration(recipients: &[String], name: Option<&str>, mac_only_encrypted: bool) -> String {
    let mut text = "\
# Which values of a new file are encrypted, and who can decrypt them. The first rule that matches is used.
creation_rules:
  # Put other rules above this one: it has no `path_regex`, so it matches every file.
  - encrypted_regex: ^(data|stringData)$
"
    .to_owned();
    if mac_only_encrypted {
        text += "    # Others can change the plaintext values of a manifest: the MAC does not cover them.\n    mac_only_encrypted: true\n";
    }
    text += "    age:\n";
    for recipient in recipients {
        let comment = name.map(|name| format!(" # {name}")).unwrap_or_default();
        text += &format!("      - {recipient}{comment}\n");
    }
    text
}
