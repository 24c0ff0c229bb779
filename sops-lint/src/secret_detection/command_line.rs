//! Secrets in the words of a command line.

use super::arguments::in_value_of;
use super::found::{FoundSecret, FoundSecrets};
use super::likeness::Likeness;
use super::program::passwords_in_words;
use super::text::in_script;

/// The secrets in each of the words. A word may be the value of the flag before it, or a whole script.
pub(crate) fn in_words(words: &[&str]) -> Vec<Vec<FoundSecret>> {
    let passwords = passwords_in_words(words);
    let mut flag: Option<&str> = None;
    let mut all = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let mut found = FoundSecrets::default();
        if let Some(name) = flag.take().filter(|_| !word.starts_with('-')) {
            in_value_of(name, word, &mut found);
        }
        for (_, flag) in passwords.iter().filter(|(at, _)| *at == index) {
            found.add(flag, 0..word.len(), Likeness::Name);
        }
        for secret in in_script(word) {
            found.add(&secret.name, secret.range, secret.likeness);
        }
        all.push(found.into_vec());
        flag = Some(*word).filter(|word| word.starts_with("--") && !word.contains(['=', ' ']));
    }
    all
}
