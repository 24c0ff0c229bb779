//! Strategic merges: parts of objects.

use std::collections::HashSet;
use std::ops::Range;

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::objects_of;
use crate::rules::{self, RuleChecks};

/// What to do about a Secret in a patch.
pub(super) const HELP: &str = "put the values into a Secret in a file of its own, and encrypt that with `sops-rs encrypt -i`: SOPS cannot encrypt inline patches or JSON 6902 operations";

/// The rules that look for secrets in an object. The other rules need a whole object, and a patch
/// is only a part.
static RULES: [RuleChecks; 6] = [
    (
        &rules::literal_secret_in_env::RULE,
        rules::literal_secret_in_env::CHECKS,
    ),
    (
        &rules::secret_in_config_map::RULE,
        rules::secret_in_config_map::CHECKS,
    ),
    (
        &rules::secret_in_metadata::RULE,
        rules::secret_in_metadata::CHECKS,
    ),
    (
        &rules::secret_in_command::RULE,
        rules::secret_in_command::CHECKS,
    ),
    (
        &rules::plaintext_secret::RULE,
        rules::plaintext_secret::CHECKS,
    ),
    (
        &rules::secret_in_helm_values::RULE,
        rules::secret_in_helm_values::CHECKS,
    ),
];

/// Applies the rules to objects that are merged into others. The kind of the patch's target counts,
/// not that of the patch.
pub(super) fn look_at<'d, 'a: 'd>(
    tops: impl Iterator<Item = NodeRef<'d, 'a>>,
    kind: &'static str,
    context: &mut Context<'_>,
) {
    let tops: Vec<_> = tops.collect();
    let places: HashSet<Range<usize>> = tops.iter().map(|top| top.span()).collect();
    let before = context.findings.len();
    let is_encrypted = std::mem::take(&mut context.is_encrypted);
    for mut object in objects_of(tops.into_iter()) {
        let is_target = kind == "Secret" && places.contains(&object.node.span());
        if is_target && !object.is_secret() {
            object.kind = kind;
            object.api_version = "v1";
        }
        if object.kind.is_empty() && places.contains(&object.node.span()) {
            object.kind = kind;
        }
        for (rule, checks) in RULES {
            for check in checks {
                if let Check::Object(check) = check {
                    context.set_rule(rule, Some(&object));
                    check(&object, context);
                }
            }
        }
    }
    context.is_encrypted = is_encrypted;
    for finding in &mut context.findings[before..] {
        // A fix for a file does not apply to text in one of its values.
        finding.fix = None;
        if finding.rule.code == rules::PLAINTEXT_SECRET.code {
            finding.help(HELP);
            finding.lacks_creation_rule = false;
        }
    }
}
