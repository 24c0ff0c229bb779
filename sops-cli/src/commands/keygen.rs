//! `sops-rs keygen`.

use std::io::{self, IsTerminal};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FileType, Mode, fchmod, fstat};
use rustix::process::geteuid;
use secrecy::SecretString;
use sops_core::keys::age::{KeyPair, generate_hybrid, generate_x25519};
use sops_core::keys::{Environment, Identities};
use sops_core::reading::{self, FileKind};
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::secret_input::{ask, standard_input};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs keygen --output key.txt
  sops-rs keygen --append --pq        # add a post-quantum key to your key file
  sops-rs keygen | sops-rs keygen -y  # print only a recipient";

/// The permissions of others.
const OTHERS: u32 = 0o077;

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Write the key to a new file; `-` is standard output
    ///
    /// By default, the key is written to your key file, `~/.config/sops/age/keys.txt`, if standard
    /// output is a terminal, and otherwise to standard output, as `age-keygen` does.
    #[arg(long, short, value_name = "FILE", conflicts_with = "append")]
    output: Option<PathBuf>,
    /// Add the key to your key file, after the keys in it
    #[arg(long)]
    append: bool,
    /// Create a post-quantum key (ML-KEM-768 and X25519)
    #[arg(long)]
    pq: bool,
    /// Ask for a passphrase, and protect the new key with it
    #[arg(long, conflicts_with = "append")]
    passphrase: bool,
    /// Print the recipients of existing keys instead of creating one
    #[arg(short = 'y', long = "recipient", conflicts_with_all = ["output", "append", "pq", "passphrase"])]
    recipient: bool,
    /// The file with the keys, for `-y` [default: standard input, or your key file on a terminal]
    #[arg(value_name = "FILE", requires = "recipient")]
    file: Option<PathBuf>,
}

pub(crate) fn cmd_keygen(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    if args.recipient {
        return print_recipients(ui, args.file.as_deref());
    }
    let pair = generate(args.pq);
    let is_standard = args.output.as_deref() == Some(Path::new("-"));
    match &args.output {
        Some(file) if !is_standard => write(ui, file, &pair, args.passphrase)?,
        None if args.append => append(ui, &pair)?,
        None if io::stdout().is_terminal() => create(ui, &own_file()?, &pair, args.passphrase)?,
        _ => {
            restrict_output(ui);
            ui.output(key_text(ui, &pair, args.passphrase)?.as_bytes())?;
        }
    }
    if !is_standard || !io::stdout().is_terminal() {
        ui.note(format_args!("Public key: {}", pair.recipient));
    }
    Ok(())
}

pub(crate) fn generate(pq: bool) -> KeyPair {
    if pq {
        generate_hybrid()
    } else {
        generate_x25519()
    }
}

fn key_file(pair: &KeyPair) -> Zeroizing<String> {
    pair.key_file(&now())
}

fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The text of a new key file. Asks for a passphrase if the key `is_protected`.
fn key_text(
    ui: &Ui,
    pair: &KeyPair,
    is_protected: bool,
) -> Result<Zeroizing<String>, CommandError> {
    if !is_protected {
        return Ok(key_file(pair));
    }
    let hint = "run the command in a terminal, or without `--passphrase`";
    let passphrase = ask(ui, "Passphrase for the new key", hint)?;
    if ask(ui, "The same passphrase again", hint)? != passphrase {
        let message = "the two passphrases differ, so no key was created";
        return Err(CommandError::new(Code::Generic, message));
    }
    let passphrase = str::from_utf8(&passphrase)
        .map_err(|_| CommandError::new(Code::Generic, "the passphrase is not UTF-8 text"))?;
    let text = pair.protected_key_file(&now(), SecretString::from(passphrase));
    Ok(Zeroizing::new(text))
}

/// The file with the user's keys.
pub(crate) fn own_file() -> Result<PathBuf, CommandError> {
    Environment::process()
        .key_file()
        .map_err(CommandError::general)
}

/// Creates the user's key file, and its directory. Asks for a passphrase if the key `is_protected`.
pub(crate) fn create(
    ui: &Ui,
    file: &Path,
    pair: &KeyPair,
    is_protected: bool,
) -> Result<(), CommandError> {
    if file.symlink_metadata().is_ok() {
        let message = format!("you already have keys in {}", name_of(file));
        return Err(CommandError::new(Code::CannotWriteOutput, message)
            .hint("to print the recipient of the newest, run `sops-rs whoami`")
            .hint(
                "to add a key, run `sops-rs keygen --append`; for another file, add `--output`",
            ));
    }
    if let Some(directory) = file.parent() {
        create_directory(directory)?;
    }
    write(ui, file, pair, is_protected)?;
    ui.note(format_args!(
        "Wrote a new private key to {}. Keep a copy of it in a safe place.",
        name_of(file)
    ));
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

/// Adds a key to the user's key file.
fn append(ui: &Ui, pair: &KeyPair) -> Result<(), CommandError> {
    let file = own_file()?;
    if file.symlink_metadata().is_err() {
        return create(ui, &file, pair, false);
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
    text.extend_from_slice(key_file(pair).as_bytes());
    files::write(ui, &file, &text, Expected::Content(&old), Readers::Owner)?;
    ui.note(format_args!(
        "Added a new private key to {}",
        name_of(&file)
    ));
    Ok(())
}

/// Writes a new key file. An existing file is never changed.
fn write(ui: &Ui, file: &Path, pair: &KeyPair, is_protected: bool) -> Result<(), CommandError> {
    if file.symlink_metadata().is_ok() {
        let message = format!(
            "{} already exists; keys are never overwritten",
            name_of(file)
        );
        return Err(CommandError::new(Code::CannotWriteOutput, message));
    }
    let text = key_text(ui, pair, is_protected)?;
    files::write(ui, file, text.as_bytes(), Expected::Nothing, Readers::Owner)
}

/// If the shell has created a file for standard output, only its owner may read the key in it.
fn restrict_output(ui: &Ui) {
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
        ui.note("Made the output file readable only for you");
    } else {
        ui.warn("other users can read the file that the private key is written to; run `chmod 600` on it");
    }
}

/// Prints the recipients of the keys in a file, as `age-keygen -y` does.
fn print_recipients(ui: &Ui, file: Option<&Path>) -> Result<(), CommandError> {
    let own = own_file()?;
    let (name, text) = match file {
        Some(file) if file != Path::new("-") => (name_of(file), read_keys(file)?),
        None if ui.can_ask() => (name_of(&own), read_keys(&own)?),
        _ => ("standard input".to_owned(), standard_input()?),
    };
    let mut identities = Identities::new().with_prompt(ui.prompt());
    identities
        .add_keys(&name, &text)
        .map_err(CommandError::general)?;
    let pairs = identities.key_pairs(&[]);
    if pairs.is_empty() {
        let message = format!("{name} contains no key from which sops-rs can derive a recipient");
        return Err(CommandError::new(Code::Generic, message));
    }
    pairs.iter().try_for_each(|pair| ui.print(&pair.recipient))
}

fn read_keys(file: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let text = reading::read_config(file, FileKind::Any).map(Zeroizing::new);
    text.map_err(|error| CommandError::input(name_of(file), &error))
}
