//! Files that are not UTF-8.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::lenient_reading::read_leniently;
use super::messages::unencrypted;
use super::text_shape::{is_like_object, may_be_secret, parses};
use crate::committable::is_encrypted_otherwise;
use crate::context::Context;
use crate::encoding::{self, Decoded, decode};
use crate::rule_coverage::covering_rule;
use crate::yaml_variants::may_hold_secret;
use crate::{file_name, rules};

/// Reports the problems of a file that is not UTF-8.
pub(crate) fn encoded(context: &mut Context<'_>) {
    let bytes = context.input.bytes;
    // The name has another ending if a program compressed the file.
    let extension = context.input.path.extension();
    let is_manifest = extension.is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    let is_covered = covering_rule(context).is_some();
    // Most files that are not UTF-8 are pictures and archives.
    if !is_manifest && !is_covered && !may_name_secret(bytes) {
        return;
    }
    let Decoded { encoding, text } = &decode(bytes);
    let is_expected = is_manifest || is_covered || file_name::named(context.input.path).is_some();
    let is_secret_manifest = || may_hold_secret(text) && parses(text);
    if !is_expected && !is_secret_manifest() {
        return;
    }
    let reading = read_leniently(context, text);
    if reading.secret.is_some() {
        let message = format!(
            "the file contains a Secret in plaintext, and cannot be encrypted because it is {encoding}"
        );
        context.set_rule(&rules::PLAINTEXT_SECRET, None);
        context
            .report_span(0..0, message)
            .help("save it as UTF-8, and encrypt it with `sops-rs encrypt -i`");
        return;
    }
    let is_secret = !is_like_object(text) || may_be_secret(text) || reading.is_to_encrypt;
    if is_secret && !reading.is_manifest && is_covered && !is_encrypted_otherwise(bytes) {
        return unencrypted(context);
    }
    if is_manifest && !is_encrypted_otherwise(bytes) {
        context.set_rule(&rules::BROKEN_FILE, None);
        context
            .report_span(
                0..0,
                format!("the file is {encoding}, so it is not checked"),
            )
            .help("save it as UTF-8");
    }
}

/// Whether the bytes may contain the kind of a Secret, in any encoding.
fn may_name_secret(bytes: &[u8]) -> bool {
    if encoding::is_wide(bytes) {
        // Few files are this large, and an escape may hide the word.
        return true;
    }
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let zeros = |count: usize| {
            let zeros = "\0".repeat(count);
            "Secret"
                .split("")
                .filter(|c| !c.is_empty())
                .collect::<Vec<_>>()
                .join(&zeros)
        };
        AhoCorasick::new([0, 1, 3].map(zeros)).expect("the words are few enough for one search")
    });
    WORDS.is_match(bytes)
}
