//! Guesses what a creation rule would encrypt in a file that does not parse.

use sops_core::config::CreationRule;
use sops_document::{Document, Error, Format, NodeRef, Shape};

use crate::context::Context;
use crate::embedded::operation_credential;
use crate::manifest::is_operation_list;
use crate::rule_coverage::has_rule_for_its_extension;
use crate::rule_scope::names_keys;
use crate::secret_detection::{in_text, judge};
use crate::{exempt, rules};

/// Whether the rule may select something in the text. A rule that names keys, as for manifests,
/// does not apply to text of another shape that has neither such a key nor a secret, nor to JSON
/// with comments.
pub(super) fn may_select(creation: &CreationRule, error: &Error, context: &Context<'_>) -> bool {
    let text = context.text();
    let is_shape = matches!(
        error,
        Error::Unsupported { .. } | Error::Unrepresentable { .. }
    ) || context.format == Format::Json && !text.contains("\\u");
    let Some(rule) = creation.rule.as_ref().filter(|rule| names_keys(rule)) else {
        return true;
    };
    let Ok(rule) = rule.compile() else {
        return true;
    };
    let key = |part: &str| {
        let (key, _) = part.split_once([':', '='])?;
        let marks = |mark: char| mark.is_whitespace() || "-?\"'".contains(mark);
        Some(rule.key_matches(key.trim_matches(marks)))
    };
    let mut keys = text.split(['\n', ',', '{', '[']).filter_map(key);
    // SOPS does not read the text as a mapping, so it is judged like a file with another extension.
    let is_secret = || !has_rule_for_its_extension(context) && !in_text("", text).is_empty();
    !is_shape || keys.any(|matches| matches) || is_secret()
}

/// Whether a document of the text is neither an object that may stay in plaintext nor a list of
/// operations without a secret.
pub(super) fn has_more(rule: &CreationRule, context: &Context<'_>) -> bool {
    let Ok(document) = Document::parse_leniently(context.text()) else {
        return false;
    };
    let is_secret = |key: &str, text: &str| judge(key, text).is_some();
    let is_for_extension = has_rule_for_its_extension(context);
    let may_stay = |top: NodeRef<'_, '_>| match top.shape() {
        Shape::Scalar => top.value().is_none(),
        Shape::Sequence if is_operation_list(top) => {
            is_for_extension || operation_credential(top, is_secret).is_none()
        }
        Shape::Sequence => top.items().all(|item| rules::may_stay(item, rule, context)),
        Shape::Mapping => rules::may_stay(top, rule, context),
    };
    !document.tops().flatten().all(may_stay) || exempt::has_word(context.text())
}
