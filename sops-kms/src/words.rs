//! Makes the messages of servers safe to show.

use sops_printable::{beginning, escaped};

/// The maximum number of characters shown of a server's message.
const LIMIT: usize = 300;

/// A server's message on one line. A server that repeats a part of the request must not bring a
/// secret into a message, so the `secrets` are replaced.
pub(crate) fn said(message: &str, secrets: &[&str]) -> String {
    let mut message = message.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        message = message.replace(secret, "***");
    }
    let words: Vec<&str> = message.split_whitespace().collect();
    escaped(&beginning(&words.join(" "), LIMIT)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_short_printable_and_without_secrets() {
        let shown = said("no\n  such\u{1b}[2K key hvs.abc", &["hvs.abc", ""]);
        assert_eq!(shown, r"no such\u{1b}[2K key ***");
        assert_eq!(said(&"x".repeat(500), &[]).chars().count(), LIMIT + 1);
    }
}
