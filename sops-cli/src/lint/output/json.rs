//! JSON output.

use serde::Serialize;
use sops_lint::{Confidence, Finding, Fix, Severity};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonFinding<'f> {
    code: &'f str,
    rule: &'f str,
    severity: Severity,
    confidence: Confidence,
    file: &'f str,
    line: usize,
    column: usize,
    object: Option<&'f str>,
    path: &'f [String],
    message: &'f str,
    help: Option<&'f str>,
    fix: Option<&'static str>,
    fingerprint: &'f str,
}

pub(super) fn write(findings: &[Finding]) -> String {
    let findings: Vec<_> = findings
        .iter()
        .map(|finding| JsonFinding {
            code: finding.rule.code,
            rule: finding.rule.name,
            severity: finding.severity,
            confidence: finding.confidence,
            file: &finding.file,
            line: finding.location.line,
            column: finding.location.column,
            object: finding.object.as_deref(),
            path: &finding.path,
            message: &finding.message,
            help: finding.help.as_deref(),
            fix: finding.fix.as_ref().map(|fix| match fix {
                Fix::Entry(_) => "edit",
                Fix::Encrypt => "encrypt",
                Fix::UpdateKeys => "updatekeys",
                Fix::UpdateRule => "updaterule",
            }),
            fingerprint: &finding.fingerprint,
        })
        .collect();
    let written = serde_json::to_string_pretty(&findings);
    written.expect("strings and numbers can be written as JSON") + "\n"
}
