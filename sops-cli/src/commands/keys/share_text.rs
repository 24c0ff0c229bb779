//! A share as text: what is printed, and how it is read back.

use std::fmt::Write as _;

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use secrecy::ExposeSecret as _;
use sops_core::keys::Recipient;
use sops_core::keys::slip39::Share;
use zeroize::Zeroizing;

/// The words in a line.
const COLUMNS: usize = 3;
/// The length of the longest word.
const LONGEST: usize = 8;
/// A line with this many words is a share on its own, as other programs print it.
const WHOLE_SHARE: usize = 20;
/// The part of a long recipient that is printed: the 1959 characters of a post-quantum one would
/// fill the page.
const BEGINNING: usize = 62;

/// How a share is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Numbered words.
    Words,
    /// A QR code with the words, in dark characters on light paper.
    PaperQr,
    /// The same in the colors of a terminal.
    TerminalQr,
}

/// The text of a share, with the facts that are needed to use it years later.
pub(super) fn text(
    share: &Share,
    count: u8,
    recipient: &Recipient,
    style: Style,
) -> Zeroizing<String> {
    let (number, threshold) = (share.number(), share.threshold());
    let recipient = recipient.to_string();
    let (beginning, rest) = recipient.split_at(recipient.len().min(BEGINNING));
    let ellipsis = if rest.is_empty() { "" } else { "…" };
    let rule = match threshold {
        1 => "This share alone restores the key:".to_owned(),
        threshold => format!("Any {threshold} of the {count} shares restore the key:"),
    };
    let mut text = Zeroizing::new(String::with_capacity(8192));
    *text += &format!(
        "# Share {number} of {count} of the private key of\n\
         # {beginning}{ellipsis}\n\
         # {rule}\n\
         # sops-rs keys join --recipient {beginning}\n\
         # The words are those of SLIP-39.\n\n"
    );
    let words = share.words();
    let words = words.expose_secret();
    match style {
        Style::Words => push_numbered(&mut text, words),
        Style::PaperQr | Style::TerminalQr => push_code(&mut text, words, style),
    }
    text
}

fn push_numbered(text: &mut String, words: &str) {
    let words: Vec<&str> = words.split(' ').collect();
    for (row, line) in words.chunks(COLUMNS).enumerate() {
        let mut gap = "";
        for (column, word) in line.iter().enumerate() {
            let number = row * COLUMNS + column + 1;
            // Spaces at the end of a line would be copied.
            let width = if column + 1 < line.len() { LONGEST } else { 0 };
            let _ = write!(text, "{gap}{number:>2} {word:<width$}");
            gap = "   ";
        }
        text.push('\n');
    }
}

fn push_code(text: &mut String, words: &str, style: Style) {
    // Capital letters take less space in a QR code.
    let words = Zeroizing::new(words.to_ascii_uppercase());
    let code = QrCode::with_error_correction_level(words.as_bytes(), EcLevel::M)
        .expect("a share is much shorter than the longest QR code");
    let mut renderer = code.render::<Dense1x2>();
    if style == Style::TerminalQr {
        // On black, the characters are the light part.
        renderer
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark);
    }
    let image = Zeroizing::new(renderer.build());
    for line in image.lines() {
        match style {
            Style::TerminalQr => {
                let _ = writeln!(text, "\x1b[97;40m{line}\x1b[0m");
            }
            _ => {
                let _ = writeln!(text, "{line}");
            }
        }
    }
}

/// The words of a share, and the line where they begin.
pub(super) struct FoundShare {
    pub(super) line: usize,
    pub(super) words: Zeroizing<String>,
}

/// The shares in `text`: separated by empty lines and by comments, or one per line. Numbers between
/// the words are left out.
pub(super) fn shares(text: &str) -> Vec<FoundShare> {
    let mut found: Vec<FoundShare> = Vec::new();
    let mut is_open = false;
    for (at, line) in text.lines().enumerate() {
        let line = match line.trim_start().starts_with('#') {
            true => "",
            false => line,
        };
        let words: Vec<&str> = line
            .split_whitespace()
            .filter(|word| !is_number(word))
            .collect();
        let is_whole = words.len() >= WHOLE_SHARE;
        if words.is_empty() || is_whole {
            is_open = false;
        }
        if words.is_empty() {
            continue;
        }
        if !is_open {
            found.push(FoundShare {
                line: at + 1,
                words: Zeroizing::new(String::with_capacity(512)),
            });
        }
        is_open = !is_whole;
        let share = found.last_mut().expect("one was just added, or is open");
        for word in words {
            share.words.push_str(word);
            share.words.push(' ');
        }
    }
    found
}

/// Whether a word is a number, such as `7` or `7.`.
fn is_number(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use sops_core::keys::age::{generate_hybrid, generate_x25519, split_key};

    use super::*;

    #[test]
    fn a_printed_share_is_read_back() {
        let pair = generate_x25519();
        let made = split_key(&pair.identity, 2, 3).unwrap();
        let texts = made
            .iter()
            .map(|share| text(share, 3, &pair.recipient, Style::Words));
        let texts: Vec<_> = texts.collect();
        assert!(texts[0].contains(&format!("# {}\n", pair.recipient)));
        assert!(
            texts[0]
                .lines()
                .all(|line| line.len() <= 100 && line.trim_end() == line)
        );
        let joined: String = texts.iter().map(|text| text.as_str()).collect();
        let read: Vec<Share> = shares(&joined)
            .iter()
            .map(|found| found.words.parse().unwrap())
            .collect();
        assert!(read == made);
    }

    #[test]
    fn shares_are_separated_by_empty_lines_or_are_one_line_each() {
        let line = ["word"; 20].join(" ");
        for (text, expected) in [
            ("", vec![]),
            ("# a b\n1 2. 3\n", vec![]),
            ("a b\nc\n\nd", vec![(1, "a b c "), (4, "d ")]),
            (
                "\n 1. a  2 b\r\n3 c\n# x\nd\n",
                vec![(2, "a b c "), (5, "d ")],
            ),
        ] {
            let found = shares(text);
            let found: Vec<_> = found
                .iter()
                .map(|found| (found.line, found.words.as_str()))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
        let lines = format!("{line}\n{line}\na\nb\n{line}\n");
        let starts: Vec<usize> = shares(&lines).iter().map(|found| found.line).collect();
        assert_eq!(starts, [1, 2, 3, 5]);
    }

    #[test]
    fn a_qr_code_fits_on_a_terminal_and_long_recipients_are_shortened() {
        let pair = generate_hybrid();
        let share = &split_key(&pair.identity, 2, 3).unwrap()[0];
        for style in [Style::PaperQr, Style::TerminalQr] {
            let text = text(share, 3, &pair.recipient, style);
            let beginning = &pair.recipient.to_string()[..BEGINNING];
            assert!(text.contains(&format!("# {beginning}…\n")));
            let code = text.lines().filter(|line| !line.starts_with('#'));
            let blocks = |line: &str| line.chars().filter(|char| " ▀▄█".contains(*char)).count();
            assert!(code.clone().count() < 45 && code.map(blocks).max() < Some(80));
        }
    }
}
