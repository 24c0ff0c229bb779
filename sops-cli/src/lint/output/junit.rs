//! JUnit's XML: a suite a file, a failed case a finding.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::lint::Shown;

pub(super) fn write(findings: &[Shown]) -> String {
    let mut report = Report::new("sops-rs lint");
    for findings in findings.chunk_by(|one, other| one.finding.file == other.finding.file) {
        let mut suite = TestSuite::new(findings[0].finding.file.as_str());
        for Shown { finding, .. } in findings {
            let at = finding.location;
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(finding.rule.code)
                .set_message(finding.message.as_str())
                .set_description(format!("{}:{at}: {}", finding.file, finding.message));
            let name = format!("{} {} at {at}", finding.rule.code, finding.rule.name);
            suite.add_test_case(TestCase::new(name, status));
        }
        report.add_test_suite(suite);
    }
    // Of texts alone, in memory.
    report.to_string().unwrap_or_default()
}
