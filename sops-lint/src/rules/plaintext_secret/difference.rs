//! Diffs that show the plaintext of a value that is encrypted in the other version.

use std::collections::HashSet;

use sops_core::CIPHERTEXT_PREFIX;

use crate::context::Context;
use crate::file_name;
use crate::scrutiny::Scrutiny;
use crate::shown_name::shown_name;

/// Reports a patch or the output of `git diff` that shows the plaintext of a value which is
/// encrypted on the other side.
pub(super) fn difference(context: &mut Context<'_>) {
    let text = context.text();
    let begins = ["diff ", "--- ", "From ", "Index: "];
    let is_patch = begins.iter().any(|begin| text.starts_with(begin));
    if !(is_patch || file_name::is_patch(context.input.path)) || !text.contains(CIPHERTEXT_PREFIX) {
        return;
    }
    let is_of_key = |c: char| c.is_whitespace() || "\"'-".contains(c);
    let mut encrypted: HashSet<(char, &str)> = HashSet::new();
    let mut plain: Vec<(char, &str, usize)> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n').chain(["diff "]) {
        let at = start;
        start += line.len();
        if ["diff ", "--- "]
            .iter()
            .any(|begin| line.starts_with(begin))
        {
            let mut shown = plain.drain(..);
            let is_encrypted = |sign, key| {
                let other = if sign == '+' { '-' } else { '+' };
                encrypted.contains(&(other, key))
            };
            if let Some((_, key, at)) = shown.find(|(sign, key, _)| is_encrypted(*sign, *key)) {
                context
                    .report_span(at..at, format!("`{}` is encrypted on one side of this difference, and in plaintext on the other", shown_name(key)))
                    .help("delete the file");
                return;
            }
            drop(shown);
            encrypted.clear();
            continue;
        }
        let Some(sign) = line.chars().next().filter(|sign| "+-".contains(*sign)) else {
            continue;
        };
        let Some((key, value)) = line[1..].split_once([':', '=']) else {
            continue;
        };
        let (key, value) = (key.trim_matches(is_of_key), value.trim_matches(is_of_key));
        if value.starts_with(CIPHERTEXT_PREFIX) {
            encrypted.insert((sign, key));
        } else if !Scrutiny::Strict.passes(value.trim_end_matches(['"', '\'', ','])) {
            plain.push((sign, key, at));
        }
    }
}
