//! Finds secrets in the words of a command line.

use std::collections::HashMap;

use super::arguments::{in_value_of, takes_value};
use super::found::{FoundSecret, FoundSecrets};
use super::likeness::Likeness;
use super::program::{CommandPassword, passwords_in_words};
use super::text::in_script;
use crate::rule::Confidence;

/// The secrets in each of the words. A word may be the value of the flag before it, or a whole
/// script.
pub(crate) fn in_words(words: &[&str]) -> Vec<Vec<FoundSecret>> {
    let mut of_words: HashMap<usize, Vec<CommandPassword>> = HashMap::new();
    for password in passwords_in_words(words) {
        of_words.entry(password.word).or_default().push(password);
    }
    let mut flag: Option<&str> = None;
    let mut all = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let mut secrets = FoundSecrets::default();
        if let Some(name) = flag.take().filter(|_| !word.starts_with('-')) {
            in_value_of(name, word, &mut secrets);
        }
        for CommandPassword { flag, range, .. } in of_words.remove(&index).unwrap_or_default() {
            secrets.add(flag, range, Likeness::Name(Confidence::Medium));
        }
        for secret in in_script(word) {
            secrets.add(&secret.name, secret.range, secret.likeness);
        }
        all.push(secrets.into_vec());
        flag = Some(*word).filter(|word| takes_value(word));
    }
    all
}
