//! `sops-rs keys split`.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::fs::{FileType, fstat};
use sops_core::keys::age::{KeyPair, split_key};
use sops_core::keys::slip39::check_numbers;

use super::share_text::{self, Style};
use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers, is_in_memory};
use crate::keys::key_file::{file_in_use, key_pairs, read_keys, restrict_output};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs keys split 3-of-5
  sops-rs keys split 3-of-5 --share 2 --qr
  sops-rs keys split 2-of-3 --share 1 --key-file backup.txt";

/// Split a private key into N shares, any K of which restore it
///
/// `3-of-5` makes five shares. Any three of them restore the key, with `keys join`; two reveal
/// nothing about it. A share is 33 words in the SLIP-39 format, or a QR code with these words. The
/// last words are a checksum, which detects mistakes. On a terminal, the shares are shown one after
/// another: write each down, and press Enter to clear the screen.
///
/// The shares depend only on the key and on how many are needed. So you can print each share with
/// its own command, print a lost one again, or add a sixth with `3-of-6`. Shares with another
/// threshold, such as `2-of-5`, cannot be mixed with them.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// How many shares restore the key, and how many there are, such as `3-of-5`
    #[arg(value_name = "K-of-N")]
    numbers: Numbers,
    /// Print only the share with this number
    #[arg(long, value_name = "NUMBER")]
    share: Option<u8>,
    /// File with the private key [default: your key file]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The recipient of the key, or its first characters, if the file has several keys
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Option<String>,
    /// Print a QR code instead of words
    #[arg(long)]
    qr: bool,
    /// Write the share to a new file on a memory file system, such as `/dev/shm`
    #[arg(long, short, value_name = "FILE", requires = "share")]
    output: Option<PathBuf>,
}

/// How many shares are needed, and how many there are.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    threshold: u8,
    count: u8,
}

impl FromStr for Numbers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once("-of-");
        let numbers = numbers
            .and_then(|(threshold, count)| Some((threshold.parse().ok()?, count.parse().ok()?)));
        let (threshold, count) =
            numbers.ok_or("expected two numbers, such as `3-of-5`".to_owned())?;
        check_numbers(threshold, count).map_err(|error| error.to_string())?;
        Ok(Self { threshold, count })
    }
}

pub(super) fn cmd_split(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    let Numbers { threshold, count } = args.numbers;
    let can_show_all = io::stdout().is_terminal() && ui.can_ask();
    match args.share {
        Some(number) if number == 0 || number > count => {
            let message = format!("there is no share {number} of {count}");
            return Err(CommandError::new(Code::Generic, message));
        }
        None if !can_show_all => {
            let message = "without a terminal, only one share is printed at a time";
            return Err(CommandError::new(Code::Generic, message)
                .hint("choose it with `--share`; the same key always gives the same shares"));
        }
        _ => {}
    }
    if let Some(file) = &args.output {
        check_output(file)?;
    }
    let pair = args.key(ui)?;
    let shares = split_key(&pair.identity, threshold, count).map_err(CommandError::general)?;
    let style = match (args.qr, io::stdout().is_terminal() && args.output.is_none()) {
        (false, _) => Style::Words,
        (true, false) => Style::PaperQr,
        (true, true) => Style::TerminalQr,
    };
    let text = |share| share_text::text(share, count, &pair.recipient, style);
    let Some(number) = args.share else {
        for share in &shares {
            let number = share.number();
            let question = format!(
                "Write down share {number} of {count}, and press Enter to clear the screen: "
            );
            ui.show_until_enter(&text(share), &question)?;
        }
        ui.note("Keep the shares in different places. `sops-rs keys join` restores the key; try it before you need it.");
        return Ok(());
    };
    let text = text(&shares[usize::from(number - 1)]);
    match &args.output {
        Some(file) => files::write(ui, file, text.as_bytes(), Expected::Nothing, Readers::Owner),
        None => {
            restrict_output(ui);
            warn_of_disk(ui);
            ui.output(text.as_bytes())
        }
    }
}

impl Args {
    /// The key to split.
    fn key(&self, ui: &Ui) -> Result<KeyPair, CommandError> {
        let own;
        let file = match &self.key_file {
            Some(file) => file,
            None => {
                own = file_in_use()?;
                &own
            }
        };
        let name = name_of(file);
        let text = read_keys(file).map_err(|error| match &self.key_file {
            Some(_) => error,
            None => error.hint("pass the file with your private key with `--key-file`"),
        })?;
        let mut pairs = key_pairs(ui, &name, &text)?;
        if let Some(wanted) = &self.recipient {
            let wanted = wanted.trim_end_matches('…');
            pairs.retain(|pair| pair.recipient.to_string().starts_with(wanted));
        }
        match (pairs.pop(), &pairs[..]) {
            (Some(pair), []) => Ok(pair),
            (None, _) => {
                let wanted = self.recipient.as_deref().unwrap_or_default();
                let message = format!("{name} has no key whose recipient begins with `{wanted}`");
                Err(CommandError::new(Code::Generic, message).hint(format!(
                    "`sops-rs keygen -y {name}` prints the recipients of its keys"
                )))
            }
            (Some(last), others) => {
                let message = format!("{name} has {} keys", others.len() + 1);
                let error = CommandError::new(Code::Generic, message);
                let all = others.iter().chain([&last]);
                Err(all.fold(error, |error, pair| {
                    error.hint(format!(
                        "to split this one, pass `--recipient {}`",
                        pair.recipient
                    ))
                }))
            }
        }
    }
}

/// Refuses a file on a disk, which may keep the share after the file is deleted.
fn check_output(file: &Path) -> Result<(), CommandError> {
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if is_in_memory(directory) {
        return Ok(());
    }
    let message = format!("{} is not on a memory file system", name_of(file));
    Err(CommandError::new(Code::CannotWriteOutput, message)
        .hint("choose a file in `/dev/shm` or in $XDG_RUNTIME_DIR, or leave out `--output` to print the share"))
}

/// Warns if standard output is a file on a disk, which `--output` would have refused.
fn warn_of_disk(ui: &Ui) {
    let is_file = fstat(io::stdout())
        .is_ok_and(|output| FileType::from_raw_mode(output.st_mode) == FileType::RegularFile);
    if is_file && !is_in_memory(Path::new("/dev/stdout")) {
        ui.warn(
            "standard output is a file on a disk, where traces of the share may stay after you delete the file; to keep it off the disk, use `--output` with a file in `/dev/shm`",
        );
    }
}
