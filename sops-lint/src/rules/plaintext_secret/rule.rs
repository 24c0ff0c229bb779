//! What the rule is called, and its page.

use crate::rule::{Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL010",
    name: "plaintext-secret",
    severity: Severity::Error,
    page: include_str!("../plaintext_secret.md"),
};
