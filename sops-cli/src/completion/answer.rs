//! The scripts for shells, and the answers to them.

use std::ffi::OsString;

use super::candidates::{Candidate, candidates};
use super::shell_words::{Current, split_line};

/// The first argument of a script's question. The second one is the shell; bash then sends the line
/// up to the cursor and the word as it sees it, while other shells send the words up to the cursor.
pub(crate) const QUESTION: &str = "__complete";

/// The script of a shell that completes the command `name`.
pub(crate) fn script(shell: &str, name: &str) -> Option<String> {
    let script = match shell {
        "bash" => include_str!("scripts/bash.sh"),
        "zsh" => include_str!("scripts/zsh.sh"),
        "fish" => include_str!("scripts/fish.fish"),
        _ => return None,
    };
    Some(script.replace("PROGRAM", name))
}

/// The candidates: a line that says whether file names are possible too, and a line for each
/// candidate, with its description for shells that show one.
pub(crate) fn answer(question: &[OsString], command: &clap::Command) -> String {
    let texts: Vec<String> = question
        .iter()
        .map(|text| text.to_string_lossy().into_owned())
        .collect();
    let Some((shell, texts)) = texts.split_first() else {
        return String::new();
    };
    let (words, current, seen) = match (&**shell, texts) {
        ("bash", [line, seen]) => {
            let (words, current) = split_line(line);
            (words, current, Some(&**seen))
        }
        // The last word still has its quotes.
        ("fish", [words @ .., current]) => (words.to_vec(), split_line(current).1, None),
        (_, [words @ .., current]) => (words.to_vec(), Current::plain(current), None),
        _ => return String::new(),
    };
    let words = words.into_iter().map(OsString::from).collect();
    let next = candidates(words, &current.text, command);
    let mut lines = String::from(if next.takes_files {
        "files\n"
    } else {
        "none\n"
    });
    for Candidate { text, about } in next.candidates {
        // A shell would read control characters as line ends, or send them to the terminal.
        if text.chars().any(char::is_control) {
            continue;
        }
        match seen {
            Some(seen) => lines += &format!("{}\n", current.completed(&text, seen)),
            None => {
                let about = about.replace(['\t', '\n'], " ");
                lines += &format!("{text}\t{about}\n");
            }
        }
    }
    lines
}
