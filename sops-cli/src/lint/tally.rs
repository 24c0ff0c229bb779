//! Counts the checked files and the findings for the last line of a run.

use std::fmt;

use sops_lint::{Finding, InputKind, Severity};

/// Numbers of files and findings.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) read: usize,
    pub(crate) templates: usize,
    pub(crate) others: usize,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) known: usize,
    /// Findings that `--fix` can fix.
    pub(crate) fixable: usize,
    /// Findings that are not shown because of `--min-confidence`.
    pub(crate) unsure: usize,
}

impl Tally {
    pub(crate) fn file(&mut self, kind: InputKind) {
        match kind {
            InputKind::Read => self.read += 1,
            InputKind::Template => self.templates += 1,
            InputKind::Other => self.others += 1,
        }
    }

    pub(crate) fn finding(&mut self, finding: &Finding) {
        match finding.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        self.fixable += usize::from(finding.fix.is_some());
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = |number: usize, noun: &str| match number {
            1 => format!("1 {noun}"),
            number => format!("{number} {noun}s"),
        };
        write!(
            f,
            "{} and {} in {}",
            many(self.errors, "error"),
            many(self.warnings, "warning"),
            many(self.read, "file")
        )?;
        if self.fixable > 0 {
            write!(f, "; `--fix` can fix {} of them", self.fixable)?;
        }
        if self.unsure > 0 {
            let least = "below `--min-confidence`";
            write!(f, "; {} {least}", many(self.unsure, "finding"))?;
        }
        if self.known > 0 {
            write!(f, "; {} known from the baseline", self.known)?;
        }
        let less = [(self.templates, "template"), (self.others, "other file")];
        let less = less.into_iter().filter(|(number, _)| *number > 0);
        let less: Vec<_> = less.map(|(number, noun)| many(number, noun)).collect();
        if !less.is_empty() {
            let files = less.join(" and ");
            let looked = "checked only for plaintext Secrets, for private keys and against the creation rules";
            write!(f, "; {files} {looked}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_only_what_there_is() {
        let tally = |templates, others| {
            let tally = Tally {
                read: 2,
                templates,
                others,
                errors: 1,
                ..Tally::default()
            };
            tally.to_string()
        };
        let line = "1 error and 0 warnings in 2 files";
        let looked =
            "checked only for plaintext Secrets, for private keys and against the creation rules";
        assert_eq!(tally(0, 0), line);
        assert_eq!(tally(1, 0), format!("{line}; 1 template {looked}"));
        assert_eq!(tally(0, 2), format!("{line}; 2 other files {looked}"));
        let both = format!("{line}; 3 templates and 1 other file {looked}");
        assert_eq!(tally(3, 1), both);
    }
}
