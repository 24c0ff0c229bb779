//! A comment or annotation that allows a finding, and has no effect or no reason.

use crate::check::Check;
use crate::rule::{FixAvailability, Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL018",
    name: "suppression",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("suppression.md"),
};

pub(crate) const CHECKS: &[Check] = &[];
