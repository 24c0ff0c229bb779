//! Messages that several kinds of files share.

use std::ops::Range;

use sops_document::merge_conflict;

use crate::context::Context;
use crate::rules::{self, COPY};
use crate::shell::shell_path;

pub(super) const CONFLICT: &str = "the file has an unresolved merge conflict";

pub(super) const RESOLVE: &str = "resolve the conflict first: keep the lines that you want, and remove those that begin with `<<<<<<<`, `=======` and `>>>>>>>`";

/// The help for a conflict of an encrypted file.
pub(super) fn resolve_encrypted(context: &Context<'_>) -> String {
    if context.input.path.extension() == Some("orig".as_ref()) {
        return "delete this copy, which `git mergetool` leaves".to_owned();
    }
    let file = shell_path(context.input.name);
    format!(
        "`sops-rs resolve {file}` shows both sides decrypted in your editor, even after the markers were committed"
    )
}

pub(super) fn plaintext(
    context: &mut Context<'_>,
    at: Range<usize>,
    message: String,
    is_conflict: bool,
) {
    context.set_rule(&rules::PLAINTEXT_SECRET, None);
    let help = match is_conflict {
        true => format!("{RESOLVE}; then encrypt the file with `sops-rs encrypt -i`"),
        false => "fix the error, then encrypt the file with `sops-rs encrypt -i`".to_owned(),
    };
    context.report_span(at, message).help(help);
}

/// Reports a file as a whole.
pub(super) fn unencrypted(context: &mut Context<'_>) {
    let is_conflict = merge_conflict(context.input.bytes);
    let command = context.command("encrypt -i");
    let is_copy = context.is_copy_of_covered();
    context.set_rule(&rules::PLAINTEXT_SECRET, None);
    match is_conflict {
        None if is_copy => context
            .report_span(
                0..0,
                "this copy is not encrypted, although a creation rule covers the original",
            )
            .help(COPY),
        Some(at) => context
            .report_span(at, format!("{CONFLICT}, and a creation rule covers it"))
            .help(format!("{RESOLVE}; then encrypt the file with `{command}`")),
        None => context
            .report_span(
                0..0,
                "a creation rule covers this file, which is not encrypted",
            )
            .help(format!(
                "encrypt it with `{command}`, move it, or exclude it from the rule's `path_regex`"
            )),
    };
}
