//! Text output.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use sops_lint::Severity;
use sops_printable::one_line;

use crate::arguments::invocation::under_name;
use crate::lint::Shown;

pub(super) fn write(findings: &[Shown], renderer: &Renderer) -> String {
    findings
        .iter()
        .map(|shown| report(shown, renderer) + "\n\n")
        .collect()
}

fn report(Shown { finding, excerpt }: &Shown, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = one_line(&finding.message);
    let file = one_line(&finding.file);
    let id = format!("{} {}", finding.rule.code, finding.rule.name);
    let group = Group::with_title(level.primary_title(&*message).id(&*id));
    let at = finding.location;
    let group = match excerpt {
        Some(excerpt) => group.element(
            Snippet::source(&*excerpt.text)
                .path(&*file)
                .line_start(at.line)
                .annotation(AnnotationKind::Primary.span(excerpt.span.clone())),
        ),
        None => group.element(Origin::path(&*file).line(at.line).char_column(at.column)),
    };
    let help = finding.help.as_deref().map(one_line).unwrap_or_default();
    let help = under_name(&help);
    let group = match help.is_empty() {
        true => group,
        false => group.element(Level::HELP.message(&*help)),
    };
    renderer.render(&[group])
}
