//! A file that cannot be read.

use crate::finding::Severity;
use crate::rule::Rule;

pub(crate) static RULE: Rule = Rule {
    code: "SL017",
    name: "broken-file",
    severity: Severity::Warning,
    page: include_str!("broken_file.md"),
    checks: &[],
};
