//! The text of a patch: a strategic merge, or a list of operations.

use sops_document::{NodeRef, Shape};

use super::line_breaks::any_reading;
use super::{merge, operation};
use crate::context::Context;
use crate::frame::TextFrame;
use crate::rules::PLAINTEXT_SECRET;
use crate::template;
use crate::unparsed::names_secret;

/// Checks the text of a patch for objects of a kind.
pub(super) fn in_text(text: &str, kind: &'static str, frame: TextFrame, context: &mut Context<'_>) {
    let is_read = any_reading(text, |document| {
        let before = context.findings.len();
        let is_list = |node: &NodeRef<'_, '_>| node.shape() == Shape::Sequence;
        context.set_frame(Some(frame.clone()));
        if document.tops().flatten().any(|top| is_list(&top)) {
            for list in document.tops().flatten() {
                operation::look_at_list(list, kind, context);
            }
        } else {
            merge::look_at(document.tops().flatten(), kind, context);
        }
        context.set_frame(None);
        context.findings.len() > before
    });
    let may_have_values = || {
        text.contains("stringData")
            || text.contains("data") && (kind == "Secret" || names_secret(text))
    };
    if !is_read && !template::has_action(text) && may_have_values() {
        context.set_rule(&PLAINTEXT_SECRET, None);
        context.set_frame(Some(frame));
        context
            .report_span(
                0..text.trim_end().len(),
                "a patch that may contain values of a Secret in plaintext cannot be read",
            )
            .help("fix the syntax of the patch; if it contains values of a Secret, put them into a Secret in a file of its own, and encrypt that with `sops-rs encrypt -i`");
        context.set_frame(None);
    }
}
