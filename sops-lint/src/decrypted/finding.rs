//! The finding that a file in plaintext was encrypted.

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
        let mut context = Context::new(input, &self.images, &PLAINTEXT_SECRET);
        let name = match before.path == input.path {
            true => String::new(),
            false => {
                let old = before.path.strip_prefix(input.tree.root());
                let old = old.unwrap_or(&before.path).to_string_lossy();
                format!(" as `{old}`")
            }
        };
        let command = context.command("encrypt -i");
        let (span, message) = match opened {
            OpenedPart::Value { path, span } => {
                let span = if is_utf8(input.bytes) { span } else { 0..0 };
                let path = shown_name(&path);
                let message =
                    format!("`{path}` is encrypted in {version}{name}, and in plaintext now");
                (span, message)
            }
            OpenedPart::File => {
                let message =
                    format!("the file is encrypted in {version}{name}, and in plaintext now");
                (0..0, message)
            }
        };
        let help = match before.stays {
            true => format!(
                "delete the file if it is a decrypted copy, or encrypt it with `{command}`; if it is meant to be public"
            ),
            false => format!(
                "encrypt it again with `{command}`; if it is meant to be public from now on"
            ),
        };
        let help = format!("{help}, pass `--no-verify` to `git commit` and `git push`");
        context.report_span(span, message).help(help);
        let mut findings = suppress::apply(&mut context, &[&PLAINTEXT_SECRET]);
        findings.retain(|finding| finding.rule.code == PLAINTEXT_SECRET.code);
        excerpt::add(&context, &mut findings.iter_mut().collect::<Vec<_>>());
        self.finish(&mut findings);
        findings
    }
}
