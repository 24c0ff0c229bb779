//! Restricts the text of identifiers. Anyone who can write to a repository chooses them, and
//! messages quote them. Programs that read keys from their own files can check them as `sops-core`
//! checks those in metadata and `.sops.yaml`.

use std::sync::OnceLock;

use regex_automata::meta::Regex;

use sops_printable::{is_emoji_selector, is_printable, is_space};

/// The longest identifier, in bytes. The longest real ones, SSH RSA keys with 16,384 bits and
/// post-quantum recipients, have fewer than 3,000.
const MAX_IDENTIFIER: usize = 4_096;

/// How many consecutive spaces an identifier may contain, so that they can't push the rest of a
/// message out of view. Comments of SSH keys have one, and fingerprints printed by `gpg` have two.
const MAX_SPACES: usize = 4;

/// Too many combining marks on one character, which would cover the lines above. Real words have at
/// most three.
const TOO_MANY_MARKS: &str = r"\p{M}{5}";

/// The maximum number of entries in the encryption context of a key.
pub(crate) const MAX_CONTEXT: usize = 1_000;

/// The problem with the text of an identifier, a time or a version, without the text itself; `None`
/// if it is valid.
///
/// Valid text has at most 4,096 bytes and at most four consecutive spaces or combining marks. Its
/// characters are [printable](sops_printable::is_printable) or [wide spaces](is_wide_space), and it
/// has no emoji selectors.
#[must_use]
pub fn fault_of_identifier(text: &str) -> Option<&'static str> {
    if text.len() > MAX_IDENTIFIER {
        return Some("is longer than 4,096 bytes");
    }
    if !text.chars().all(is_in_identifier) {
        return Some("contains a control character, a line break or an invisible character");
    }
    if has_spaces_in_row(text, MAX_SPACES + 1) {
        return Some("has more than four spaces in a row");
    }
    let has_marks = !text.is_ascii() && too_many_marks().is_match(text);
    has_marks.then_some("has more than four combining marks in a row")
}

/// The problem with a comma-separated list of identifiers; `None` if it is valid.
#[must_use]
pub fn fault_of_identifiers(text: &str) -> Option<&'static str> {
    text.split(',').map(str::trim).find_map(fault_of_identifier)
}

fn is_in_identifier(character: char) -> bool {
    (is_printable(character) || is_wide_space(character)) && !is_emoji_selector(character)
}

/// Whether the character is a space of any width, but not a line break or a tab. Messages escape
/// all of them except the ASCII space.
#[must_use]
pub fn is_wide_space(character: char) -> bool {
    let is_separator = matches!(character, '\u{2028}' | '\u{2029}');
    is_space(character) && !character.is_control() && !is_separator
}

fn has_spaces_in_row(text: &str, count: usize) -> bool {
    let mut spaces = 0;
    text.chars().any(|character| {
        spaces = match is_space(character) {
            true => spaces + 1,
            false => 0,
        };
        spaces == count
    })
}

fn too_many_marks() -> &'static Regex {
    static REGEX: OnceLock<Regex> = OnceLock::new();
    REGEX.get_or_init(|| Regex::new(TOO_MANY_MARKS).expect("the pattern is constant and valid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_could_control_a_terminal_are_rejected() {
        for text in ["age1x", "ssh-rsa AAAA ann@example.com", "arn:aws:kms:é", ""] {
            assert_eq!(fault_of_identifier(text), None, "{text}");
        }
        for character in
            "\0\u{7}\r\u{1b}\u{7f}\u{85}\u{9b}\u{200b}\u{2028}\u{202e}\u{2066}\u{feff}".chars()
        {
            let text = format!("age1{character}x");
            assert!(fault_of_identifier(&text).is_some(), "{character:?}");
        }
        for character in
            "\u{3164}\u{115f}\u{1160}\u{ffa0}\u{34f}\u{17b4}\u{180b}\u{fe00}\u{fe0f}\u{e01ef}"
                .chars()
        {
            assert!(
                fault_of_identifier(&format!("age1{character}x")).is_some(),
                "{character:?}"
            );
        }
        for text in ["age1x\n", "a\tb"] {
            assert!(fault_of_identifier(text).is_some(), "{text:?}");
        }
    }

    #[test]
    fn consecutive_spaces_and_marks_are_limited() {
        for text in [
            "ABCD 1234  EFGH",
            "ssh-rsa AAAA ann\u{a0}lee",
            "ssh-rsa AAAA ann    lee",
            "ssh-rsa AAAA Vi\u{1ec7}t e\u{302}\u{323}\u{301}",
            "ssh-rsa AAAA \u{5e9}\u{5c1}\u{5b8}\u{5dc}",
        ] {
            assert_eq!(fault_of_identifier(text), None, "{text}");
        }
        for run in [
            "     ",
            "\u{2800} \u{3000} \u{a0}",
            "\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}",
        ] {
            let text = format!("ssh-rsa AAAA{run}x");
            assert!(fault_of_identifier(&text).is_some(), "{text}");
        }
        let text = format!("ssh-rsa AAAA a{}", "\u{301}".repeat(500));
        assert!(fault_of_identifier(&text).is_some());
        assert_eq!(fault_of_identifiers("a,      b"), None);
        assert!(fault_of_identifiers("a, b      c").is_some());
    }

    #[test]
    fn lengths_are_limited() {
        assert_eq!(fault_of_identifier(&"a".repeat(MAX_IDENTIFIER)), None);
        assert!(fault_of_identifier(&"a".repeat(MAX_IDENTIFIER + 1)).is_some());
    }
}
