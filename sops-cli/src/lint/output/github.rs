//! Commands of GitHub's workflows:
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use sops_lint::{Confidence, Finding};
use sops_printable::one_line;

pub(super) fn write(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| {
            let unsure = match finding.confidence {
                Confidence::High => String::new(),
                confidence => format!(" ({confidence} confidence)"),
            };
            let title = format!("{} {}{unsure}", finding.rule.code, finding.rule.name);
            let message = one_line(&finding.message);
            let help = finding.help.as_deref().map(one_line);
            let help = help.map(|help| format!("\n{help}"));
            format!(
                "::{} file={},line={},col={},title={}::{}\n",
                finding.severity,
                property(&one_line(&finding.place)),
                finding.location.line,
                finding.location.column,
                property(&title),
                data(&format!("{message}{}", help.unwrap_or_default())),
            )
        })
        .collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
