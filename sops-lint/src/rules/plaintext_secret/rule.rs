//! The name of the rule, and its page.

use crate::rule::{FixAvailability, Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL010",
    name: "plaintext-secret",
    severity: Severity::Error,
    fix: FixAvailability::Sometimes,
    page: include_str!("../plaintext_secret.md"),
};
