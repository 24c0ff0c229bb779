//! A comment or annotation that allows a finding, and has no effect or no reason.

use crate::finding::Severity;
use crate::rule::Rule;

pub(crate) static RULE: Rule = Rule {
    code: "SL018",
    name: "suppression",
    severity: Severity::Warning,
    page: include_str!("suppression.md"),
    checks: &[],
};
