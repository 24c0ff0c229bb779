//! The finding that a file in plaintext was encrypted.

use std::ops::Range;

use sops_document::Format;

use super::Encrypted;
use super::comparison::OpenedPart;
use super::current_content::CurrentContent;
use crate::context::Context;
use crate::encoding::is_utf8;
use crate::finding::Finding;
use crate::input::Input;
use crate::linter::Linter;
use crate::rule_scope::{has_only_comments, has_secret, is_protected_otherwise, text_of};
use crate::rules::PLAINTEXT_SECRET;
use crate::shown_name::shown_name;
use crate::{excerpt, suppress};

impl Linter {
    /// The finding that a file in plaintext is encrypted in one of these versions: of the same
    /// path, or of a file that the commit deletes or that stays encrypted. `version` is the name of
    /// their commit.
    pub fn decrypted(
        &self,
        input: &Input<'_>,
        before: &[Encrypted],
        version: &str,
    ) -> Vec<Finding> {
        let is_nothing = before.is_empty() || input.bytes.trim_ascii().is_empty();
        if is_nothing || is_protected_otherwise(input.bytes) {
            return Vec::new();
        }
        let text = text_of(input.bytes);
        if has_only_comments(&text) && !has_secret(&text) {
            return Vec::new();
        }
        let mut current: Vec<(Format, CurrentContent)> = Vec::new();
        let opened = before.iter().find_map(|before| {
            let format = before.format;
            let known = current.iter().position(|(known, _)| *known == format);
            let index = known.unwrap_or_else(|| {
                current.push((format, CurrentContent::read(&text, format)));
                current.len() - 1
            });
            Some((before, before.opened(input, &current[index].1)?))
        });
        let Some((before, opened)) = opened else {
            return Vec::new();
        };
        let mut context = Context::new(input, &self.rule_settings, &PLAINTEXT_SECRET);
        let old = before.path.strip_prefix(input.tree.root());
        let old = old.unwrap_or(&before.path).to_string_lossy();
        let name = match before.path == input.path {
            true => String::new(),
            false => format!(" as `{old}`"),
        };
        let (span, message) = match opened {
            OpenedPart::Value { path, span } => {
                let path = shown_name(&path);
                let message = match before.stays {
                    true => format!(
                        "this looks like a decrypted copy: `{path}` is in plaintext here, and encrypted in `{old}` of {version}"
                    ),
                    false => {
                        format!("`{path}` is encrypted in {version}{name}, and in plaintext now")
                    }
                };
                (Some(span), message)
            }
            OpenedPart::File => {
                let message = match before.stays {
                    true => format!(
                        "this looks like a decrypted copy of `{old}`, which is encrypted in {version}"
                    ),
                    false => {
                        format!("the file is encrypted in {version}{name}, and in plaintext now")
                    }
                };
                (None, message)
            }
        };
        let encrypt = how_to_encrypt(&context, span.as_ref());
        let help = match before.stays {
            true => format!("delete the file if it is a decrypted copy; otherwise, {encrypt}"),
            false => encrypt,
        };
        let help = format!("{help}; if it is meant to be public");
        let span = span.filter(|_| is_utf8(input.bytes)).unwrap_or(0..0);
        let help = format!("{help}, pass `--no-verify` to `git commit` and `git push`");
        context.report_span(span, message).help(help);
        let mut findings = suppress::apply(&mut context, &[&PLAINTEXT_SECRET]);
        findings.retain(|finding| finding.rule.code == PLAINTEXT_SECRET.code);
        excerpt::add(&context, &mut findings.iter_mut().collect::<Vec<_>>());
        self.finish(&mut findings);
        findings
    }
}

/// What to do to encrypt the file, in which the value at a span is in plaintext.
fn how_to_encrypt(context: &Context<'_>, span: Option<&Range<usize>>) -> String {
    let command = context.command("encrypt -i");
    let Some((_, _, creation)) = context.creation_rule() else {
        return format!("add a creation rule for it to `.sops.yaml`, and run `{command}`");
    };
    match &creation.rule {
        Some(rule) if span.is_some_and(|span| !context.is_selected(span)) => format!(
            "add a creation rule to `.sops.yaml` that selects this value, which `{rule}` does not, and run `{command}`"
        ),
        _ => format!("encrypt it with `{command}`"),
    }
}
