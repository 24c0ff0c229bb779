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

const HELP: &str =
    "take it out, and make a new one: whoever has a copy of the repository has this one";

const EXAMPLE: &str = "if it is only an example, allow it with a comment, `sops-rs: allow private-key -- reason`, or `exclude` the file in `.sops-lint.yaml`";

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
        let help = match key.certain {
            true => HELP.to_owned(),
            false => format!("{HELP}; {EXAMPLE}"),
        };
        report.span(key.span, message).help(help).severity(severity);
    }
}
