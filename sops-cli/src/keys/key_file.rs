//! Writes private keys into key files, and reads them from there. An existing key is never
//! overwritten.

use std::env;
use std::io::{self, IsTerminal};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FileType, Mode, fchmod, fstat};
use rustix::process::geteuid;
use secrecy::{ExposeSecret as _, SecretString};
use sops_core::keys::age::{Held, KeyPair, NO_PASSPHRASE};
use sops_core::keys::{Environment, Identities};
use sops_core::reading::{self, FileKind};
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::secret_input::ask;
use crate::ui::Ui;

/// The permissions of others.
const OTHERS: u32 = 0o077;

/// The flags that say where a private key is written.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub(crate) struct KeyDestination {
    /// Write the key to a new file; `-` is standard output
    ///
    /// By default, the key is written to your key file, such as `~/.config/sops/age/keys.txt`, if
    /// standard output is a terminal, and otherwise to standard output, as `age-keygen` does.
    #[arg(long, short, value_name = "FILE", conflicts_with = "append")]
    output: Option<PathBuf>,
    /// Add the key to your key file, after the keys in it
    #[arg(long)]
    append: bool,
}

/// The text of a key file with one key, and what messages call the key.
pub(crate) struct KeyText {
    text: Zeroizing<String>,
    name: &'static str,
    is_new: bool,
}

impl KeyText {
    /// A key that was just generated.
    pub(crate) fn generated(pair: &KeyPair) -> Self {
        Self {
            text: pair.key_file(&now()),
            name: "a new private key",
            is_new: true,
        }
    }

    /// A key that was just generated, protected with a passphrase that this asks for.
    pub(crate) fn protected(ui: &Ui, pair: &KeyPair) -> Result<Self, CommandError> {
        let hint = "run the command in a terminal, or without `--passphrase`";
        let passphrase = ask(ui, "Passphrase for the new key", hint)?;
        if ask(ui, "The same passphrase again", hint)? != passphrase {
            let message = "the two passphrases differ, so no key was created";
            return Err(CommandError::new(Code::Generic, message));
        }
        let passphrase = str::from_utf8(&passphrase)
            .map_err(|_| CommandError::new(Code::Generic, "the passphrase is not UTF-8 text"))?;
        let text = pair.protected_key_file(&now(), SecretString::from(passphrase));
        Ok(Self {
            text: Zeroizing::new(text),
            ..Self::generated(pair)
        })
    }

    /// A key that was restored from its shares. When it was created is unknown.
    pub(crate) fn restored(pair: &KeyPair) -> Self {
        let identity = pair.identity.to_text();
        let text = format!(
            "# restored from shares: {}\n# public key: {}\n{}\n",
            now(),
            pair.recipient,
            identity.expose_secret()
        );
        Self {
            text: Zeroizing::new(text),
            name: "the private key",
            is_new: false,
        }
    }
}

fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

impl KeyDestination {
    /// Whether the key goes to standard output.
    fn is_standard_output(&self) -> bool {
        match &self.output {
            Some(file) => file == Path::new("-"),
            None => !self.append && !io::stdout().is_terminal(),
        }
    }

    /// Writes the key, and prints its recipient.
    pub(crate) fn store(&self, ui: &Ui, pair: &KeyPair, key: &KeyText) -> Result<(), CommandError> {
        match &self.output {
            _ if self.is_standard_output() => {
                restrict_output(ui);
                ui.output(key.text.as_bytes())?;
            }
            Some(file) => write(ui, file, key)?,
            None if self.append => append(ui, key)?,
            None => create(ui, &own_file()?, key)?,
        }
        if self.output.as_deref() != Some(Path::new("-")) || !io::stdout().is_terminal() {
            ui.note(format_args!("Public key: {}", pair.recipient));
        }
        Ok(())
    }

    /// Refuses a file that exists, before anything is asked.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        match &self.output {
            _ if self.is_standard_output() => Ok(()),
            Some(file) => refuse_existing(file),
            None if self.append => Ok(()),
            None => refuse_existing_own(&own_file()?),
        }
    }
}

/// The file that the user's keys are read from: the one that `SOPS_AGE_KEY_FILE` names, or else the
/// one that new keys are written to.
pub(crate) fn file_in_use() -> Result<PathBuf, CommandError> {
    match env::var_os("SOPS_AGE_KEY_FILE").filter(|file| !file.is_empty()) {
        Some(file) => Ok(file.into()),
        None => own_file(),
    }
}

/// The file that the user's new keys are written to.
pub(crate) fn own_file() -> Result<PathBuf, CommandError> {
    Environment::process()
        .key_file()
        .map_err(CommandError::general)
}

/// The key pairs in the text of a key file. Asks for its passphrase.
pub(crate) fn key_pairs(ui: &Ui, name: &str, text: &[u8]) -> Result<Vec<KeyPair>, CommandError> {
    let mut identities = Identities::new().with_prompt(ui.prompt());
    identities
        .add_keys(name, text)
        .map_err(CommandError::general)?;
    let pairs = identities.key_pairs(&[]);
    let mut failed = identities.sources().into_iter();
    let failed = failed.find_map(|source| match source.held {
        Held::Failed(reason) => Some(reason),
        _ => None,
    });
    if let Some(reason) = failed.filter(|_| pairs.is_empty()) {
        return Err(match reason.as_str() {
            NO_PASSPHRASE => {
                let message =
                    format!("{name} is protected with a passphrase, which was not entered");
                CommandError::new(Code::Generic, message)
                    .hint("run the command in a terminal, where it asks for the passphrase")
            }
            reason => CommandError::new(Code::Generic, format!("{name}: {reason}")),
        });
    }
    if pairs.is_empty() {
        let message = format!("{name} contains no private age key");
        return Err(CommandError::new(Code::Generic, message));
    }
    Ok(pairs)
}

pub(crate) fn read_keys(file: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let text = reading::read_config(file, FileKind::Any).map(Zeroizing::new);
    text.map_err(|error| CommandError::input(name_of(file), &error))
}

/// Creates the user's key file, and its directory.
pub(crate) fn create(ui: &Ui, file: &Path, key: &KeyText) -> Result<(), CommandError> {
    refuse_existing_own(file)?;
    if let Some(directory) = file.parent() {
        create_directory(directory)?;
    }
    write(ui, file, key)?;
    let wrote = format!("Wrote {} to {}", key.name, name_of(file));
    match key.is_new {
        true => ui.note(format_args!("{wrote}. Keep a copy of it in a safe place.")),
        false => ui.note(wrote),
    }
    Ok(())
}

/// Creates a directory for keys, which only the user can read.
pub(crate) fn create_directory(directory: &Path) -> Result<(), CommandError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| CommandError::output(name_of(directory), &error))
}

fn refuse_existing_own(file: &Path) -> Result<(), CommandError> {
    if file.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("you already have keys in {}", name_of(file));
    Err(CommandError::new(Code::CannotWriteOutput, message)
        .hint("to print their recipients, run `sops-rs whoami`")
        .hint("to add the key to that file, use `--append`; to write it to another file, use `--output`"))
}

/// Adds a key to the user's key file.
fn append(ui: &Ui, key: &KeyText) -> Result<(), CommandError> {
    let file = own_file()?;
    if file.symlink_metadata().is_err() {
        return create(ui, &file, key);
    }
    let old = reading::read_config(&file, FileKind::Regular).map(Zeroizing::new);
    let old = old.map_err(|error| CommandError::input(name_of(&file), &error))?;
    if old.starts_with(b"age-encryption.org/") || old.starts_with(b"-----BEGIN AGE") {
        let message = format!("{} is protected with a passphrase", name_of(&file));
        return Err(CommandError::new(Code::CannotWriteOutput, message)
            .hint("decrypt it with `age -d`, add the key, and encrypt it again with `age -p`"));
    }
    let mut text = old.clone();
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(key.text.as_bytes());
    files::write(ui, &file, &text, Expected::Content(&old), Readers::Owner)?;
    ui.note(format_args!("Added {} to {}", key.name, name_of(&file)));
    Ok(())
}

/// Writes a new key file. An existing file is never changed.
fn write(ui: &Ui, file: &Path, key: &KeyText) -> Result<(), CommandError> {
    refuse_existing(file)?;
    let text = key.text.as_bytes();
    files::write(ui, file, text, Expected::Nothing, Readers::Owner)
}

fn refuse_existing(file: &Path) -> Result<(), CommandError> {
    if file.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!(
        "{} already exists; keys are never overwritten",
        name_of(file)
    );
    Err(CommandError::new(Code::CannotWriteOutput, message))
}

/// Makes a file that the shell created for standard output readable only by its owner.
pub(crate) fn restrict_output(ui: &Ui) {
    let stdout = io::stdout();
    let Ok(output) = fstat(&stdout) else {
        return;
    };
    let is_file = FileType::from_raw_mode(output.st_mode) == FileType::RegularFile;
    if !is_file || output.st_mode & OTHERS == 0 {
        return;
    }
    let is_new = output.st_size == 0 && output.st_uid == geteuid().as_raw();
    let mode = Mode::from_raw_mode(output.st_mode & 0o700);
    if is_new && fchmod(&stdout, mode).is_ok() {
        ui.note("Made the output file readable only by you");
    } else {
        ui.warn("other users can read the output file, which now contains a secret; run `chmod 600` on it");
    }
}
