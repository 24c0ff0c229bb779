//! The findings of a run, and the summary in its last line: how many files were checked, and how.

use std::fmt;

use sops_lint::{Finding, Severity, UNVERIFIED_FILE};

use crate::command_error::CommandError;

/// The findings of a run.
pub(crate) struct Verified {
    pub(crate) findings: Vec<Finding>,
    pub(crate) summary: Summary,
    /// The configurations that cannot be used.
    pub(crate) errors: Vec<CommandError>,
}

/// Numbers of files and findings.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// The names of the encrypted files.
    pub(super) checked: Vec<String>,
    /// Encrypted files.
    pub(crate) encrypted: usize,
    /// Files that were decrypted and whose MAC matched.
    pub(crate) decrypted: usize,
    /// Files that no key decrypts and whose history is clean.
    pub(super) by_history: usize,
    /// How many of `by_history` have no other version with the same MAC in the history.
    pub(super) without_earlier_version: usize,
    /// Files that no creation rule matches.
    pub(super) uncovered: usize,
    unverified: usize,
    errors: usize,
    warnings: usize,
}

impl Verified {
    /// The results, with the configurations that cannot be used. It is not known which files their
    /// rules match.
    pub(super) fn new(
        findings: Vec<Finding>,
        mut summary: Summary,
        errors: Vec<CommandError>,
    ) -> Self {
        if !errors.is_empty() {
            summary.uncovered = 0;
        }
        Self {
            findings,
            summary,
            errors,
        }
    }
}

impl Summary {
    /// Whether files passed, but none of them with its MAC.
    pub(super) fn checks_no_mac(&self) -> bool {
        self.decrypted == 0 && self.by_history > 0
    }

    pub(super) fn finding(&mut self, finding: &Finding) {
        if finding.rule.code == UNVERIFIED_FILE.code {
            self.unverified += 1;
            return;
        }
        match finding.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = |number: usize, noun: &str| match number {
            1 => format!("1 {noun}"),
            number => format!("{number} {noun}s"),
        };
        write!(
            f,
            "{}: {} decrypted with a matching MAC",
            many(self.encrypted, "encrypted file"),
            self.decrypted
        )?;
        let compared = self.by_history - self.without_earlier_version;
        for (number, how) in [
            (compared, "not decrypted, but with a clean history"),
            (
                self.without_earlier_version,
                "not decrypted and without an earlier version to compare with",
            ),
        ] {
            if number > 0 {
                write!(f, ", {number} {how}")?;
            }
        }
        write!(
            f,
            "; {}, {}",
            many(self.errors, "error"),
            many(self.warnings, "warning")
        )?;
        if self.unverified > 0 {
            write!(f, ", {} unverified", self.unverified)?;
        }
        if self.uncovered > 0 {
            write!(
                f,
                "; no creation rule matches {} of the files",
                self.uncovered
            )?;
        }
        Ok(())
    }
}
