//! Which strings the metadata may contain. Anyone who can write to a repository chooses them, and
//! messages quote them.

use sops_keys::identifier::{fault_of_identifier, is_wide_space};
use sops_printable::is_printable;

/// The longest suffix or regular expression of a selection rule, in bytes.
const MAX_RULE: usize = 65_536;

/// How many master keys a file may have.
pub(crate) const MAX_KEYS: usize = 10_000;

/// How many key groups a file may have, which is the number of shares in Shamir's scheme.
pub(crate) const MAX_GROUPS: usize = 255;

/// What is wrong with the text of a MAC. Go ignores line breaks in base64, and so does this
/// library.
pub(crate) fn fault_of_mac(text: &str) -> Option<&'static str> {
    fault_of_identifier(&text.replace(['\r', '\n'], ""))
}

/// What is wrong with the text of a selection rule. YAML block scalars add line breaks and tabs.
pub(crate) fn fault_of_rule(text: &str) -> Option<&'static str> {
    if text.len() > MAX_RULE {
        return Some("is longer than 65,536 bytes");
    }
    let is_valid = |character| {
        is_printable(character) || is_wide_space(character) || matches!(character, '\n' | '\t')
    };
    let is_invalid = !text.chars().all(is_valid);
    is_invalid.then_some("contains a control character or an invisible character")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_could_control_a_terminal_are_rejected() {
        for text in [
            "",
            "age1x",
            "ssh-rsa AAAA ann@example.com",
            "arn:aws:kms:é",
            "^(data|stringData)$",
            "❤\u{fe0f}",
            "age1x\n",
            "a\tb",
        ] {
            assert_eq!(fault_of_rule(text), None, "{text:?}");
        }
        for character in
            "\0\u{7}\r\u{1b}\u{7f}\u{85}\u{9b}\u{200b}\u{2028}\u{202e}\u{2066}\u{feff}".chars()
        {
            let text = format!("age1{character}x");
            assert!(fault_of_rule(&text).is_some(), "{character:?}");
        }
    }

    #[test]
    fn spaces_in_a_row_are_allowed() {
        for run in [
            "     ",
            "\u{2800} \u{3000} \u{a0}",
            "\u{2800}\u{2800}\u{2800}\u{2800}\u{2800}",
        ] {
            let text = format!("ssh-rsa AAAA{run}x");
            assert_eq!(fault_of_rule(&text), None, "{text}");
        }
    }

    #[test]
    fn line_breaks_in_a_mac_do_not_count() {
        assert_eq!(fault_of_mac("ENC[\r\n]"), None);
        assert!(fault_of_mac("ENC[\u{1b}]").is_some());
    }

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(fault_of_rule(&"a".repeat(MAX_RULE)), None);
        assert!(fault_of_rule(&"a".repeat(MAX_RULE + 1)).is_some());
    }
}
