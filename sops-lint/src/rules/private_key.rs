//! A private key, wherever it stands.

use crate::finding::Severity;
use crate::private_key;
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL014",
    name: "private-key",
    severity: Severity::Error,
    page: include_str!("private_key.md"),
    checks: &[Check::File(check)],
};

fn check(report: &mut Report<'_>) {
    for key in private_key::find(report.input.bytes) {
        let how = if key.encoded { " in base64" } else { "" };
        let (message, severity) = match key.certain {
            true => (format!("{}{how} stands here", key.what), Severity::Error),
            false => (
                format!("what looks like {}{how} stands here", key.what),
                Severity::Warning,
            ),
        };
        report
            .span(key.span, message)
            .help("remove it, and create a new one: anyone with a copy of the repository has this one")
            .severity(severity);
    }
}
