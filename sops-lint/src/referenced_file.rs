//! Moves the findings about a file that a kustomization names into that file, so that each is at
//! its own line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::excerpt;
use crate::finding::{Finding, ReferencedPart};
use crate::input::Input;
use crate::rules;
use crate::span_set::SpanSet;
use crate::suppress;

/// Divides findings into those about the checked file and those about other files, which are moved
/// there. `check` applies the rules to such a file, and a value that they report is not reported
/// again; a comment in either file can allow a finding.
pub(crate) fn divide(
    findings: Vec<Finding>,
    context: &Context<'_>,
    check: &dyn Fn(&mut Context<'_>),
) -> (Vec<Finding>, Vec<Finding>) {
    let (referring, here): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.referenced.is_some());
    let mut of_files: BTreeMap<PathBuf, Vec<(ReferencedPart, Finding)>> = BTreeMap::new();
    for mut finding in referring {
        if let Some(part) = finding.referenced.take() {
            let of_file = of_files.entry(part.path.clone()).or_default();
            of_file.push((part, finding));
        }
    }
    let in_files = of_files
        .into_iter()
        .flat_map(|(path, parts)| in_file(&path, parts, context, check));
    (here, in_files.collect())
}

fn in_file(
    path: &Path,
    parts: Vec<(ReferencedPart, Finding)>,
    context: &Context<'_>,
    check: &dyn Fn(&mut Context<'_>),
) -> Vec<Finding> {
    let tree = context.input.tree;
    let Some(bytes) = tree.read(path) else {
        return Vec::new();
    };
    let name = name_of(context.input, path);
    let input = Input::new(&name, path, &bytes)
        .with_config(context.input.config)
        .in_tree(tree);
    let mut file = Context::new(&input, context.settings, &rules::BROKEN_FILE);
    check(&mut file);
    let reported = file.findings.drain(..);
    let reported = SpanSet::new(reported.map(|finding| finding.location.offset..finding.end));
    for (part, finding) in parts {
        if reported.overlap(&part.span) {
            continue;
        }
        file.set_rule(finding.rule, None);
        let moved = file.report_at(part.span, part.keys, finding.message);
        moved.severity = finding.severity;
        moved.confidence = finding.confidence;
        moved.help = finding.help;
    }
    let code = |finding: &Finding| finding.rule.code;
    let mut findings = suppress::apply(&mut file, &[]);
    findings.retain(|finding| code(finding) != rules::SUPPRESSION.code);
    let mut all: Vec<_> = findings.iter_mut().collect();
    excerpt::add(&file, &mut all);
    findings
}

/// The name of another file in findings, as seen from the directory that the name of the
/// kustomization starts from.
fn name_of(input: &Input<'_>, path: &Path) -> String {
    let start = input
        .path
        .ancestors()
        .nth(Path::new(input.name).components().count())
        .filter(|start| start.join(input.name) == *input.path);
    let below = start.and_then(|start| path.strip_prefix(start).ok());
    let below = below.or_else(|| path.strip_prefix(input.tree.root()).ok());
    below.unwrap_or(path).to_string_lossy().into_owned()
}
