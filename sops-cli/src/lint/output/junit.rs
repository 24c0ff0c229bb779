//! JUnit's XML: one suite per file, one failed case per finding. A checked file without findings is
//! a case that passed, because some CI systems treat a report without cases as an error.

use std::collections::HashSet;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use sops_lint::Finding;
use sops_printable::one_line;

use super::reporter::Reporter;

pub(super) fn write(reporter: Reporter, findings: &[Finding], checked: &[String]) -> String {
    let mut report = Report::new(reporter.command);
    for findings in findings.chunk_by(|left, right| left.file == right.file) {
        let mut suite = TestSuite::new(&*one_line(&findings[0].file));
        for finding in findings {
            let at = finding.location;
            let (file, message) = (one_line(&finding.file), one_line(&finding.message));
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(finding.rule.code)
                .set_message(&*message)
                .set_description(format!(
                    "{file}:{at}: {message} ({} confidence)",
                    finding.confidence
                ));
            let name = format!("{} {} at {at}", finding.rule.code, finding.rule.name);
            suite.add_test_case(TestCase::new(name, status));
        }
        report.add_test_suite(suite);
    }
    let wrong: HashSet<&str> = findings.iter().map(|finding| &*finding.file).collect();
    for file in checked.iter().filter(|file| !wrong.contains(&***file)) {
        let mut suite = TestSuite::new(&*one_line(file));
        suite.add_test_case(TestCase::new("no findings", TestCaseStatus::success()));
        report.add_test_suite(suite);
    }
    let written = report.to_string();
    written.expect("strings can be written to memory")
}
