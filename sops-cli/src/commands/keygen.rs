//! `sops-rs keygen`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sops_core::keys::age::{KeyPair, generate_hybrid, generate_x25519};
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs keygen --output key.txt
  sops-rs keygen --pq --output key.txt";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Write the key to a new file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Create a post-quantum key (ML-KEM-768 and X25519)
    #[arg(long)]
    pq: bool,
}

pub(crate) fn cmd_keygen(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    let pair = generate(args.pq);
    match &args.output {
        Some(file) => write(ui, file, &key_file(&pair))?,
        None => ui.output(key_file(&pair).as_bytes())?,
    }
    if args.output.is_some() || !std::io::stdout().is_terminal() {
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

pub(crate) fn key_file(pair: &KeyPair) -> Zeroizing<String> {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    pair.key_file(&now)
}

/// Writes a new key file. An existing file is never changed.
pub(crate) fn write(ui: &Ui, file: &Path, text: &str) -> Result<(), CommandError> {
    if file.symlink_metadata().is_ok() {
        let message = format!(
            "{} already exists; keys are never overwritten",
            name_of(file)
        );
        return Err(CommandError::new(Code::CannotWriteOutput, message));
    }
    files::write(ui, file, text.as_bytes(), Expected::Nothing, Readers::Owner)
}
