//! Commands of GitHub's workflows: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use crate::lint::Shown;

pub(super) fn write(findings: &[Shown]) -> String {
    findings
        .iter()
        .map(|Shown { finding, .. }| {
            let title = format!("{} {}", finding.rule.code, finding.rule.name);
            let help = finding.help.as_deref().map(|help| format!("\n{help}"));
            format!(
                "::{} file={},line={},col={},title={}::{}\n",
                finding.severity,
                property(&finding.place),
                finding.location.line,
                finding.location.column,
                property(&title),
                data(&format!("{}{}", finding.message, help.unwrap_or_default())),
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
