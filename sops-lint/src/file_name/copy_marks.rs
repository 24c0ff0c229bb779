//! The parts of names by which people and programs mark a copy.

use std::path::Path;

use sops_document::Format;

/// Marks of copies, such as `secret.yaml.bak`, and of decrypted files, such as `secret.yaml.dec`
/// and `secret.dec.yaml`: at the end of a name, or before the extension.
const MARKS: [&str; 20] = [
    "bak",
    "old",
    "orig",
    "copy",
    "new",
    "mine",
    "theirs",
    "ours",
    "dec",
    "decrypted",
    "plain",
    "plaintext",
    "clear",
    "cleartext",
    "unencrypted",
    "decoded",
    "raw",
    "tmp",
    "temp",
    "conflict",
];

/// More endings of copies.
const ENDINGS: [&str; 10] = [
    "backup", "bkp", "original", "save", "saved", "prev", "rej", "unenc", "edited", "head",
];

/// Endings of the sides of a merge. In the names of dotenv files, they are environments.
const SIDES: [&str; 3] = ["base", "local", "remote"];

/// The mark of a copy before the extension, in German.
const KOPIE: &str = "kopie";

/// The mark that Syncthing puts before a date and the extension.
const SYNC_MARK: &str = ".sync-conflict-";

/// The marks that `git mergetool` puts before a number and the extension.
const MERGE_MARKS: [&str; 4] = ["BACKUP", "BASE", "LOCAL", "REMOTE"];

/// The name without endings such as `.bak`, `.old.2`, `-backup`, ` copy` and `~`.
pub(super) fn without_copy_endings(mut name: &str) -> &str {
    loop {
        let rest = name.trim_end_matches('~');
        let rest = without_copy_ending(rest).unwrap_or(rest);
        if rest.len() == name.len() {
            return name;
        }
        name = rest;
    }
}

fn without_copy_ending(name: &str) -> Option<&str> {
    // Git names both sides of a conflict between a file and a directory like `a.yaml~HEAD`.
    if let Some((rest, _)) = name.rsplit_once('~')
        && has_format(rest)
    {
        return Some(rest);
    }
    if let Some((rest, ending)) = name.rsplit_once('.')
        && !rest.is_empty()
        && is_copy_ending(rest, ending)
    {
        return Some(rest);
    }
    // `.env-backup`, `secret.yaml copy 2`
    let (at, _) = name
        .rmatch_indices(['-', '_', ' '])
        .find(|(at, _)| has_format(&name[..*at]))?;
    let (rest, ending) = name.split_at(at);
    is_copy_ending(rest, &ending[1..]).then_some(rest)
}

/// Whether the end of a name, which follows `rest`, marks a copy: `bak`, `old2`, `copy 2`,
/// `old copy`, `r12`, `2026-01-01`.
fn is_copy_ending(rest: &str, ending: &str) -> bool {
    let ending = ending.to_ascii_lowercase();
    let mut parts = ending.split(['-', '_', ' ']);
    !ending.is_empty() && parts.all(|part| is_copy_word(rest, part))
}

fn is_copy_word(rest: &str, part: &str) -> bool {
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
    // Some of the words may also be a usual extension or the name of an environment.
    match word {
        "" => rest.contains('.'),
        "r" => part.len() > 1,
        "txt" | "patch" | "diff" | "un" => has_format(rest),
        word if SIDES.contains(&word) => {
            has_format(rest) && Format::from_path(Path::new(rest)) != Format::Dotenv
        }
        word => MARKS.contains(&word) || ENDINGS.contains(&word),
    }
}

/// Whether the name ends with an extension of a format, in whatever case.
pub(super) fn has_format(name: &str) -> bool {
    Format::from_path(Path::new(&name.to_ascii_lowercase())) != Format::Binary
}

/// Whether a word before the extension marks a copy.
fn is_mark(word: &str) -> bool {
    MARKS.contains(&word) || word == KOPIE
}

/// The name without the marks of a copy at its end: ` copy 2`, ` (1)`, ` - Copy`, `.bak`,
/// `_BACKUP_123`.
pub(super) fn without_copy_marks(mut stem: &str) -> &str {
    loop {
        let is_divider = |c: char| " -_.".contains(c);
        let in_brackets = stem
            .strip_suffix(')')
            .and_then(|rest| rest.rsplit_once(" ("));
        let (rest, is_copy) = match in_brackets {
            Some((before, word)) => {
                let word = word.to_ascii_lowercase();
                let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
                let mut words = word.split(|c: char| !c.is_alphabetic());
                (before, is_number || words.any(is_mark))
            }
            None => {
                let named = stem.trim_end_matches(|c: char| c.is_ascii_digit());
                let has_number = named.len() < stem.len();
                let unnumbered = named.trim_end();
                if has_number && unnumbered.len() < named.len() && !unnumbered.is_empty() {
                    // The Finder of macOS numbers copies like this.
                    stem = unnumbered;
                    continue;
                }
                if let Some((before, _)) = stem.split_once(SYNC_MARK) {
                    return before;
                }
                let named = named.trim_end_matches(is_divider);
                let Some((before, word)) = named.rsplit_once(is_divider) else {
                    return stem;
                };
                let is_mark = is_mark(&word.to_ascii_lowercase());
                (before, is_mark || has_number && MERGE_MARKS.contains(&word))
            }
        };
        let rest = rest.trim_end_matches(is_divider);
        if !is_copy || rest.is_empty() {
            return stem;
        }
        stem = rest;
    }
}
