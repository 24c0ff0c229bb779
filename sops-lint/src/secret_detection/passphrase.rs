//! Recognizes passphrases: passwords of several words.

/// Words of instructions, which no generated passphrase contains.
const INSTRUCTIONS: &[&str] = &[
    "must",
    "should",
    "shall",
    "please",
    "enter",
    "see",
    "use",
    "ask",
    "set",
    "provided",
    "required",
    "generate",
    "generated",
    "stored",
    "taken",
    "from",
    "via",
    "when",
    "if",
    "password",
    "passphrase",
    "passwd",
    "secret",
    "token",
    "username",
    "user",
    "login",
    "field",
    "value",
    "kennwort",
    "passwort",
];

/// Words of sentences that are written for people.
const SENTENCES: &[&str] = &[
    "the",
    "a",
    "an",
    "of",
    "for",
    "to",
    "is",
    "are",
    "be",
    "your",
    "my",
    "in",
    "on",
    "at",
    "with",
    "or",
    "and",
    "not",
    "no",
    "this",
    "that",
    "it",
    "has",
    "have",
    "will",
    "can",
    "as",
    "by",
    "new",
    "old",
    "wrong",
    "invalid",
    "reset",
    "forgot",
    "change",
    "account",
    "optional",
    "sufficient",
    "pam",
    "include",
];

/// Whether the text may be a passphrase in a variable: variables contain no sentences for people.
pub(super) fn is_any(value: &str) -> bool {
    is_words(value, INSTRUCTIONS)
}

/// Whether the text is a passphrase and not a sentence.
pub(super) fn is_plain(value: &str) -> bool {
    let is_lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " -".contains(c);
    value.chars().all(is_lower) && is_words(value, INSTRUCTIONS) && is_words(value, SENTENCES)
}

/// Whether the text consists of words, none of which is in the list.
fn is_words(value: &str, without: &[&str]) -> bool {
    let words: Vec<_> = value.split_whitespace().collect();
    let is_word = |word: &&str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-'!".contains(c);
        let letters = word.chars().any(|c| c.is_ascii_alphanumeric());
        letters && word.chars().all(is_part) && !without.contains(&&*word.to_ascii_lowercase())
    };
    (3..=16).contains(&words.len())
        && words.iter().all(is_word)
        && !words.iter().any(|word| word.starts_with('-'))
        && value.len() >= 4 * words.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passphrases_are_distinguished_from_sentences() {
        for value in [
            "correct horse battery staple",
            "seven-eight lay them straight",
            "tr0ub4dor 3xkcd horse",
            "jumbo42 river lamp",
        ] {
            assert!(is_any(value) && is_plain(value), "{value}");
        }
        for value in ["Correct Horse Battery Staple!", "my dog ate seven shoes"] {
            assert!(is_any(value) && !is_plain(value), "{value}");
        }
        for value in [
            "correct horse",
            "the usual one, ask Ann",
            "must be set by the operator",
            "please enter your password",
            "required pam_unix.so nullok",
            "value = None or str",
            "-Xmx1g -Xms1g -server",
            "a b c",
        ] {
            assert!(!is_any(value), "{value}");
        }
    }
}
