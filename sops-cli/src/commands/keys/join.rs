//! `sops-rs keys join`.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use sops_core::keys::age::{KeyPair, join_shares};
use sops_core::keys::slip39::Share;
use sops_core::keys::{self, Error as KeyError};
use zeroize::Zeroizing;

use super::share_text;
use crate::command_error::{Code, CommandError, name_of};
use crate::keys::key_file::{KeyDestination, KeyText, read_keys};
use crate::secret_input::standard_input;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs keys join
  sops-rs keys join --recipient age1… --output restored.txt
  sops-rs keys join share-1.txt share-4.txt --append";

/// The shortest part of a recipient that is worth comparing.
const SHORTEST: usize = 12;

/// Restore a private key from its shares
///
/// On a terminal, this asks for the shares, and does not show what you type. The first four letters
/// of a word are enough. If a word is wrong, sops-rs says which one if it can, and asks again.
/// Files and standard input can have several shares, separated by empty lines; numbers between the
/// words are ignored, and so are lines that begin with `#`.
///
/// Compare the recipient that this prints with the one on the shares, or pass that one with
/// `--recipient`: the key is then written only if it belongs to that recipient.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Files with shares; `-` is standard input [default: ask on a terminal]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The recipient of the key, or at least its first 12 characters
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient)]
    recipient: Option<String>,
    #[command(flatten)]
    destination: KeyDestination,
}

fn recipient(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('…');
    match text.starts_with("age1") && text.len() >= SHORTEST {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "expected a recipient, `age1…`, or at least its first {SHORTEST} characters"
        )),
    }
}

pub(super) fn cmd_join(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    args.destination.check()?;
    let mut shares = Vec::new();
    if args.files.is_empty() && ui.can_ask() {
        ask_for_shares(ui, &mut shares)?;
    } else if args.files.is_empty() {
        add_from(&mut shares, Path::new("-"))?;
    }
    for file in &args.files {
        add_from(&mut shares, file)?;
    }
    let keys = join_shares(&shares).map_err(CommandError::general)?;
    let pair = args.select(ui, keys)?;
    args.destination.store(ui, &pair, &KeyText::restored(&pair))
}

impl Args {
    /// The key of the expected recipient.
    fn select(&self, ui: &Ui, mut keys: Vec<KeyPair>) -> Result<KeyPair, CommandError> {
        let Some(wanted) = &self.recipient else {
            if keys.len() > 1 {
                ui.warn("the shares do not say what kind of key they restore, so sops-rs assumes X25519; if the recipient begins with `age1pq1`, pass it with `--recipient`");
            }
            return Ok(keys.swap_remove(0));
        };
        let is_wanted = |pair: &KeyPair| pair.recipient.to_string().starts_with(wanted);
        if let Some(at) = keys.iter().position(is_wanted) {
            return Ok(keys.swap_remove(at));
        }
        let message = format!(
            "the shares restore the key of {}, not that of {wanted}",
            keys[0].recipient
        );
        Err(CommandError::new(Code::Generic, message).hint(
            "nothing was written; use the shares of the other key, or leave out `--recipient`",
        ))
    }
}

/// Adds the shares in a file; `-` is standard input.
fn add_from(shares: &mut Vec<Share>, file: &Path) -> Result<(), CommandError> {
    let (name, text) = match file == Path::new("-") {
        true => ("standard input".to_owned(), standard_input()?),
        false => (name_of(file), read_keys(file)?),
    };
    let error = |message: String| CommandError::new(Code::Generic, message).in_file(&name);
    let text = str::from_utf8(&text).map_err(|_| error("the text is not UTF-8".to_owned()))?;
    let found = share_text::shares(text);
    if found.is_empty() {
        return Err(error("no share found".to_owned())
            .hint("pass the words of a share, as `sops-rs keys split` prints them"));
    }
    for share in found {
        let read: keys::Result<Share> = share.words.parse();
        let checked = read.and_then(|share| share.check_with(shares).map(|()| share));
        shares.push(
            checked.map_err(|problem| error(format!("share on line {}: {problem}", share.line)))?,
        );
    }
    Ok(())
}

/// Asks for shares until there are enough.
fn ask_for_shares(ui: &Ui, shares: &mut Vec<Share>) -> Result<(), CommandError> {
    loop {
        let question = match shares.first() {
            Some(first) => format!(
                "Share {} of the {} that are needed (input hidden)",
                shares.len() + 1,
                first.threshold()
            ),
            None => "The words of a share (input hidden)".to_owned(),
        };
        let share = ask_for_share(ui, &question)?;
        match share.check_with(shares) {
            Ok(()) => shares.push(share),
            Err(problem) => ui.note(format_args!("{problem}; enter another share")),
        }
        let needed = shares.first().map_or(1, Share::threshold);
        if shares.len() >= usize::from(needed) {
            return Ok(());
        }
    }
}

/// Asks for one share, and again for each wrong word in it.
fn ask_for_share(ui: &Ui, question: &str) -> Result<Share, CommandError> {
    let mut text = ask(ui, question)?;
    loop {
        let problem = match text.parse::<Share>() {
            Ok(share) => return Ok(share),
            Err(problem) => problem,
        };
        ui.note(&problem);
        let KeyError::Share {
            word: Some(number), ..
        } = problem
        else {
            text = ask(ui, question)?;
            continue;
        };
        let word = ask(
            ui,
            &format!("Word {number}, or all words again (input hidden)"),
        )?;
        text = match word.split_whitespace().count() {
            1 => with_word(&text, number, word.trim()),
            _ => word,
        };
    }
}

fn ask(ui: &Ui, question: &str) -> Result<Zeroizing<String>, CommandError> {
    let answer = ui.prompt().passphrase(question).ok_or_else(|| {
        let message = "there is no terminal to ask for the shares";
        CommandError::new(Code::Generic, message)
    })?;
    let text = answer.expose_secret();
    if text.trim().is_empty() {
        let error = CommandError::new(Code::Generic, "nothing was entered, so no key was restored");
        return Err(error.calmly());
    }
    // The words as they are on the paper, with their numbers.
    let words = share_text::shares(text);
    let words: String = words.iter().map(|found| found.words.as_str()).collect();
    Ok(Zeroizing::new(words))
}

/// The words, with the one at position `number`, from 1, replaced by `word`.
fn with_word(words: &str, number: usize, word: &str) -> Zeroizing<String> {
    let mut all: Vec<&str> = words.split_whitespace().collect();
    all[number - 1] = word;
    Zeroizing::new(all.join(" "))
}
