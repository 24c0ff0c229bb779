//! Files with operations of JSON 6902, which SOPS cannot encrypt.

use sops_document::Error;

use super::messages::plaintext;
use super::parse_error::{message_of, span_of};
use super::rule_effect::{has_more, may_select};
use crate::context::Context;
use crate::rule_coverage::covering_rule;
use crate::rules;

/// Reports a file with JSON 6902 operations that a creation rule covers, if it contains a secret,
/// or anything besides the operations.
pub(crate) fn beside_operations(context: &mut Context<'_>, error: &Error) {
    let Some(rule) = covering_rule(context) else {
        return;
    };
    let is_known = |code| code == rules::PLAINTEXT_SECRET.code;
    let mut findings = context.findings.iter();
    if findings.any(|finding| is_known(finding.rule.code)) || !has_more(rule, context) {
        return;
    }
    if may_select(rule, error, context) {
        let message = format!(
            "a creation rule covers this file, which is in plaintext and cannot be encrypted as it is: {}",
            message_of(error)
        );
        plaintext(context, span_of(error), message, false);
    }
}
