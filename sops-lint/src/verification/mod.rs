//! The rules that need keys or history. Programs that have these report the findings; the linter
//! itself never does.

use crate::context::Context;
use crate::excerpt;
use crate::finding::Finding;
use crate::input::Input;
use crate::linter::Linter;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::rules;

/// An encrypted file that is damaged, or was changed without SOPS.
pub static ALTERED_FILE: Rule = Rule {
    code: "SV001",
    name: "altered-file",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("altered_file.md"),
};

/// A file that could not be checked.
pub static UNVERIFIED_FILE: Rule = Rule {
    code: "SV002",
    name: "unverified-file",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("unverified_file.md"),
};

/// The rules in the order of their codes.
pub const VERIFICATION_RULES: [&Rule; 2] = [&ALTERED_FILE, &UNVERIFIED_FILE];

/// The verification rule of that code or name.
pub fn find(text: &str) -> Option<&'static Rule> {
    let mut rules = VERIFICATION_RULES.into_iter();
    rules.find(|rule| rule.is_called(text))
}

impl Linter {
    /// A finding of one of the [`VERIFICATION_RULES`] in a file, at that byte offset or else at the
    /// metadata.
    pub fn verification_finding(
        &self,
        rule: &'static Rule,
        input: &Input<'_>,
        offset: Option<usize>,
        message: &str,
        help: Option<String>,
    ) -> Finding {
        let mut context = Context::new(input, &self.rule_settings, &rules::BROKEN_FILE);
        context.set_rule(rule, None);
        let start = offset.unwrap_or_else(|| context.metadata_start());
        let start = start.min(input.bytes.len());
        context.report_span(start..start, message).help = help;
        let mut findings = std::mem::take(&mut context.findings);
        excerpt::add(&context, &mut findings.iter_mut().collect::<Vec<_>>());
        self.finish(&mut findings);
        findings.remove(0)
    }
}
