//! Text output: each finding with its line. Equal findings in one file are joined.

use std::collections::HashMap;

use annotate_snippets::{Group, Level, Renderer};
use sops_lint::{Confidence, Finding, Severity};
use sops_printable::one_line;

use crate::arguments::invocation::under_name;
use crate::command_error::{MESSAGE_COLUMNS, Pointer, wrapped};

/// How many lines of equal findings are listed.
const MAX_LINES: usize = 12;

/// The reports, wrapped at `width` columns.
pub(super) fn write(findings: &[Finding], renderer: &Renderer, width: Option<usize>) -> String {
    let reports = grouped(findings);
    let reports = reports
        .iter()
        .map(|equal| report(equal, renderer, width) + "\n\n");
    reports.collect()
}

/// The findings with the same rule, message and help in one file together, in the order of the
/// first of each.
fn grouped(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut known = HashMap::new();
    for finding in findings {
        let Finding {
            file,
            message,
            help,
            severity,
            ..
        } = finding;
        let key = (file, finding.rule.code, message, help, *severity as u8);
        let index = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// One report for a nonempty list of equal findings.
fn report(equal: &[&Finding], renderer: &Renderer, width: Option<usize>) -> String {
    let finding = equal[0];
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = one_line(&finding.message);
    let pointer = Pointer::new(
        &finding.file,
        Some(finding.location),
        finding.excerpt.clone(),
    );
    let id = format!("{} {}", finding.rule.code, finding.rule.name);
    // `error[SL010 plaintext-secret]: `
    let reserved = finding.severity.to_string().len() + id.len() + 4;
    let message = wrapped(&message, width, reserved);
    let mut group = Group::with_title(level.primary_title(&*message).id(&*id));
    group = pointer.add_to(group);
    let notes = notes(equal);
    for note in &notes {
        group = group.element(Level::NOTE.message(wrapped(note, width, MESSAGE_COLUMNS)));
    }
    let help = finding.help.as_deref().map(one_line).unwrap_or_default();
    let help = under_name(&help);
    if !help.is_empty() {
        group = group.element(Level::HELP.message(wrapped(&help, width, MESSAGE_COLUMNS)));
    }
    pointer.shown(renderer.render(&[group]))
}

/// The notes for equal findings: where the others are, and their confidence.
fn notes(equal: &[&Finding]) -> Vec<String> {
    let mut notes = Vec::new();
    let others = &equal[1..];
    if !others.is_empty() {
        let mut lines: Vec<usize> = others.iter().map(|other| other.location.line).collect();
        lines.dedup();
        let shown: Vec<_> = lines.iter().take(MAX_LINES).map(usize::to_string).collect();
        let noun = if lines.len() == 1 { "line" } else { "lines" };
        let rest = if lines.len() > MAX_LINES { ", …" } else { "" };
        notes.push(format!(
            "and {} more at {noun} {}{rest}",
            others.len(),
            shown.join(", ")
        ));
    }
    let confidence = equal[0].confidence;
    if confidence != Confidence::High {
        notes.push(format!("confidence: {confidence}"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sops_lint::{Input, Linter, Settings};

    use super::*;

    #[test]
    fn reports_wrap_at_the_width_of_a_terminal_and_nowhere_else() {
        let text = b"kind: Pod\nspec:\n  containers:\n  - env:\n    - name: PASSWORD\n      value: hunter2\n";
        let linter = Linter::new(Settings::default()).expect("the settings are valid");
        let linted = linter.lint(&Input::new("pod.yaml", Path::new("/pod.yaml"), text));
        let renderer = Renderer::plain();
        let wide = write(&linted.findings, &renderer, None);
        let narrow = write(&linted.findings, &renderer, Some(60));
        assert!(wide.lines().any(|line| line.len() > 60), "{wide}");
        for line in narrow.lines() {
            assert!(line.len() <= 60, "{line}\n{narrow}");
        }
        let words = |text: &str| -> Vec<String> {
            let words = text.split_whitespace().map(str::to_owned);
            words.filter(|word| word != "|").collect()
        };
        assert_eq!(words(&narrow), words(&wide));
    }
}
