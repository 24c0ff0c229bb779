//! SARIF 2.1.0, as OASIS specifies it.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sops_lint::{Confidence, Finding, Rule, Severity};

use super::reporter::Reporter;

pub(super) fn write(reporter: Reporter, findings: &[Finding]) -> String {
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "sops-rs",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": reporter.rules().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(|finding| result(reporter, finding)).collect::<Vec<_>>(),
        }],
    });
    let written = serde_json::to_string_pretty(&log);
    written.expect("strings and numbers can be written as JSON") + "\n"
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary()},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn result(reporter: Reporter, finding: &Finding) -> Value {
    let help = finding.help.as_deref().map(|help| format!("\n{help}"));
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&finding.place), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": finding.location.line, "startColumn": finding.location.column},
        },
    });
    if !finding.path.is_empty() {
        location["logicalLocations"] = json!([{"fullyQualifiedName": finding.path.join(".")}]);
    }
    json!({
        "ruleId": finding.rule.code,
        "ruleIndex": reporter.rules().position(|rule| rule.code == finding.rule.code),
        "level": level(finding.severity),
        "rank": rank(finding.confidence),
        "message": {"text": format!("{}{}", finding.message, help.unwrap_or_default())},
        "locations": [location],
        "partialFingerprints": {"sopsLint/v1": finding.fingerprint},
        "properties": {"confidence": finding.confidence},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The priority of a result, from 0 to 100.
fn rank(confidence: Confidence) -> f64 {
    match confidence {
        Confidence::Low => 25.0,
        Confidence::Medium => 50.0,
        Confidence::High => 90.0,
    }
}

/// A relative path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            // Writing to a string cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}
