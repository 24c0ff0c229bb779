//! Findings that are known when a repository starts to use the lint, so that only new ones are
//! reported.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::settings::SettingsError;

/// A baseline file: the fingerprints of known findings, each with its rule and file for the reader.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    findings: Vec<KnownFinding>,
    #[serde(skip)]
    fingerprints: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownFinding {
    fingerprint: String,
    rule: String,
    file: String,
}

impl Baseline {
    /// A baseline of these findings.
    pub fn of(findings: &[Finding]) -> Self {
        let known = |finding: &Finding| KnownFinding {
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.name.to_owned(),
            file: finding.place.clone(),
        };
        Self {
            findings: findings.iter().map(known).collect(),
            fingerprints: BTreeSet::new(),
        }
    }

    /// Reads a baseline file.
    ///
    /// # Errors
    /// [`SettingsError`] if the file is not a baseline.
    pub fn parse(text: &[u8]) -> Result<Self, SettingsError> {
        // The message of the error may quote a value.
        let wrong = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            let message = format!(
                "line {line}, column {column}: not a baseline that `sops-rs lint --write-baseline` wrote"
            );
            SettingsError(message)
        };
        let mut baseline: Self = serde_json::from_slice(text).map_err(wrong)?;
        let each = baseline.findings.iter();
        baseline.fingerprints = each.map(|known| known.fingerprint.clone()).collect();
        Ok(baseline)
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("a list of strings can always be written as JSON") + "\n"
    }

    /// The file of each entry that matches none of these findings.
    pub fn outdated(&self, findings: &[Finding]) -> Vec<&str> {
        let current = fingerprints(findings);
        let entries = self.findings.iter();
        let outdated = entries.filter(|known| !current.contains(known.fingerprint.as_str()));
        outdated.map(|known| known.file.as_str()).collect()
    }

    /// The baseline without the entries that match none of these findings.
    #[must_use]
    pub fn pruned(&self, findings: &[Finding]) -> Self {
        let current = fingerprints(findings);
        let mut pruned = self.clone();
        pruned
            .findings
            .retain(|known| current.contains(known.fingerprint.as_str()));
        pruned
    }

    /// Whether the finding is known.
    pub fn contains(&self, finding: &Finding) -> bool {
        self.fingerprints.contains(&finding.fingerprint)
    }
}

fn fingerprints(findings: &[Finding]) -> HashSet<&str> {
    let fingerprints = findings.iter().map(|finding| finding.fingerprint.as_str());
    fingerprints.collect()
}
