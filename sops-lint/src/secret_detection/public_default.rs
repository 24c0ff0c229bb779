//! Recognizes default passwords of charts and images, which users should replace.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Words in default passwords.
const WORDS: [&str; 12] = [
    "secret", "secure", "password", "passwd", "pass", "key", "default", "admin", "user", "not",
    "change", "strong",
];

/// The maximum number of words in a default without a digit; more words are a passphrase.
const MOST_WORDS: usize = 3;

/// Words in values for tests.
const TEST_WORDS: [&str; 7] = ["secret", "pass", "test", "admin", "user", "root", "dummy"];

/// A run of digits that no generator makes.
const COUNT: &str = "12345";

/// The length in bytes up to which a value for tests that has such a word is not a secret.
const LONGEST_FOR_TESTS: usize = 32;

/// Whether the value, or its text in base64, is a default for the tests of a chart: words with a
/// few digits, such as `rabbit2`, or a value that says so, such as `ApiPassword4Testing`.
pub(crate) fn is_default_for_tests(value: &str) -> bool {
    let decoded = STANDARD.decode(value).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let is_default = |text: &str| {
        let lower = text
            .to_ascii_lowercase()
            .replace('$', "s")
            .replace('3', "e");
        let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let has_few_digits = text.chars().filter(char::is_ascii_digit).count() <= 3;
        let is_described = TEST_WORDS.iter().any(|known| lower.contains(known));
        is_public_default(text)
            || has_few_digits && word.chars().all(|c| c.is_ascii_lowercase())
            || (has_few_digits && is_described || text.contains(COUNT))
                && text.len() <= LONGEST_FOR_TESTS
    };
    is_default(value) || decoded.is_some_and(|text| is_default(&text))
}

/// Whether the text is words, optionally followed by digits such as `123` and `!`:
/// `prom-operator`, `minio123`. Secret passwords mix letters and digits in other ways.
pub(crate) fn is_public_default(value: &str) -> bool {
    let value = value.trim_end_matches('!');
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
            "topSecret!",
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

    #[test]
    fn values_for_tests_may_describe_themselves() {
        for value in [
            "rabbit2",
            "s3cr3t",
            "secret234",
            "logs2pass1",
            "ApiPassword4Testing",
            "topSecret!123",
            "pa$$word!",
            "0123456789abcdef0123456789abcdef",
            "dHJ1c3RzdG9yZS1wYXNzd29yZA==",
        ] {
            assert!(is_default_for_tests(value), "{value}");
        }
        for value in [
            "Tr0ub4dor&3",
            "Sommer2026!",
            "q8tbd7Zk21mPx40LcvW9",
            "pass-q8tbd7Zk21mPx40LcvW9",
            "correct horse battery staple",
        ] {
            assert!(!is_default_for_tests(value), "{value}");
        }
    }
}
