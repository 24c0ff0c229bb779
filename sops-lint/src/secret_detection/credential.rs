//! Decides whether a word looks like a password or like a name, in any position.

use super::entropy::is_random;

/// Words that describe a value: a value with one of them names a secret instead of being one.
const DESCRIPTIONS: [&str; 20] = [
    "pass", "pwd", "secret", "token", "key", "cert", "user", "name", "value", "host", "base64",
    "sha", "your", "insert", "replace", "here", "encoded", "cred", "login", "url",
];

/// Whether a separate word, or one directly next to a placeholder, looks like a password.
pub(crate) fn is_credential(word: &str) -> bool {
    let has = |is: fn(&char) -> bool| word.chars().any(|c| is(&c));
    let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    if word.len() < 8 || !has(char::is_ascii_digit) || !has(char::is_ascii_alphabetic) {
        return false;
    }
    if word.chars().all(is_kebab) {
        return is_passphrase(word) || word.len() >= 10 && !word.contains(['-', '.', '_']);
    }
    let is_symbol = |c: char| c.is_ascii_punctuation() && !"-._".contains(c);
    has(char::is_ascii_lowercase) && (has(char::is_ascii_uppercase) || word.chars().any(is_symbol))
}

/// Whether the text is words with hyphens and a digit, more of them than in names of regions and
/// machines.
fn is_passphrase(word: &str) -> bool {
    let parts = word
        .split(['-', '.', '_', ':'])
        .filter(|part| !part.is_empty());
    word.len() >= 16 && word.contains(|c: char| c.is_ascii_digit()) && parts.count() >= 4
}

/// Whether a word looks like a password in any position: no name, host or path has such a mixture
/// of characters.
pub(super) fn is_strong(word: &str) -> bool {
    let word = word.trim_end_matches(['!', '.']);
    let has = |is: fn(&char) -> bool| word.chars().any(|c| is(&c));
    let is_mixed = has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_digit)
        && word.contains(['!', '^', '~']);
    word.len() >= 8 && is_mixed || !word.contains(['-', '.', '_', '%']) && is_random(word)
}

/// Whether the word is the scheme before the credentials of a header.
pub(super) fn is_scheme(word: &str) -> bool {
    ["basic", "bearer", "token"].contains(&word.to_ascii_lowercase().as_str())
}

/// Whether the text may be a name that a program looks up: a variable, a path, or the description
/// of a secret.
pub(super) fn is_name(text: &str) -> bool {
    let is_part = |c: char| {
        c.is_alphanumeric() || c.is_whitespace() || "-._:/#@?=&+%,()[]{}$*\"'|".contains(c)
    };
    let is_one_line = !text.contains(['\n', '\r']);
    if text.is_empty() || !is_one_line || !text.chars().all(is_part) {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let is_described = DESCRIPTIONS.iter().any(|word| lower.contains(word));
    let is_hyphenated = text.contains('-') && !text.contains(['.', ':', '/']);
    let is_one_word = !text.contains(['-', '.', '_', ':', '/']);
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    let is_mixed = text.len() >= 12
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_digit);
    is_described
        || !(is_hyphenated && (is_passphrase(text) || is_mixed) || is_one_word && is_random(text))
}
