//! Recognizes default passwords of charts and images, which users should replace.

/// Words in default passwords.
const WORDS: [&str; 12] = [
    "secret", "secure", "password", "passwd", "pass", "key", "default", "admin", "user", "not",
    "change", "strong",
];

/// The maximum number of words without a digit for a default; more are a passphrase.
const MOST_WORDS: usize = 3;

/// Whether the text is words, optionally followed by digits such as `123`: `prom-operator`,
/// `minio123`. Secret passwords mix letters and digits in other ways.
pub(crate) fn is_public_default(value: &str) -> bool {
    let word = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let count = &value[word.len()..];
    let is_count = "1234567890".starts_with(count);
    let is_part = |c: char| c.is_ascii_alphabetic() || "-_. ".contains(c);
    let words: Vec<_> = word
        .split(['-', '_', '.', ' '])
        .filter(|word| !word.is_empty())
        .collect();
    let lower = word.to_ascii_lowercase();
    let is_described = || WORDS.iter().any(|known| lower.contains(known));
    let is_word = |word: &&str| word.len() <= 24;
    is_count
        && word.chars().all(is_part)
        && words.iter().all(is_word)
        && (words.len() <= MOST_WORDS || is_described())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_a_count_are_defaults() {
        for value in [
            "admin",
            "prom-operator",
            "minio123",
            "Harbor12345",
            "not-a-secure-key",
            "harbor_registry_password",
            "my secret",
        ] {
            assert!(is_public_default(value), "{value}");
        }
        for value in [
            "hunter2",
            "S3cr3tValue",
            "correct horse battery staple",
            "q8tbd7Zk21mPx40LcvW9",
            "qwertzuiopasdfghjklyxcvbnm",
            "Sommer2026!",
        ] {
            assert!(!is_public_default(value), "{value}");
        }
    }
}
