//! `sops-rs keygen`.

use std::path::{Path, PathBuf};

use sops_core::keys::age::{KeyPair, generate_hybrid, generate_x25519};

use crate::command_error::{CommandError, name_of};
use crate::keys::key_file::{KeyDestination, KeyText, file_in_use, key_pairs, read_keys};
use crate::secret_input::standard_input;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs keygen --output key.txt
  sops-rs keygen -y backup.txt        # print the recipient of a key
  sops-rs keygen --append --pq        # add a post-quantum key to your key file";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    destination: KeyDestination,
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
    let key = match args.passphrase {
        true => {
            args.destination.check()?;
            KeyText::protected(ui, &pair)?
        }
        false => KeyText::generated(&pair),
    };
    args.destination.store(ui, &pair, &key)
}

pub(crate) fn generate(pq: bool) -> KeyPair {
    if pq {
        generate_hybrid()
    } else {
        generate_x25519()
    }
}

/// Prints the recipients of the keys in a file, as `age-keygen -y` does.
fn print_recipients(ui: &Ui, file: Option<&Path>) -> Result<(), CommandError> {
    let own = file_in_use()?;
    let (name, text) = match file {
        Some(file) if file != Path::new("-") => (name_of(file), read_keys(file)?),
        None if ui.can_ask() => (name_of(&own), read_keys(&own)?),
        _ => ("standard input".to_owned(), standard_input()?),
    };
    let pairs = key_pairs(ui, &name, &text)?;
    pairs.iter().try_for_each(|pair| ui.print(&pair.recipient))
}
