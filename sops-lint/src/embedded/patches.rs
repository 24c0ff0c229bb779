//! Patches wherever kustomize, Flux and Argo CD have them: strategic merges and lists of JSON 6902.

use sops_core::document::{NodeRef, Shape};
use sops_core::{Document, Format};

use super::{Frame, operation};
use crate::object::objects;
use crate::report::Report;
use crate::rule::{Check, Rule};
use crate::rules;

/// The keys that have lists of patches, the old ones too.
pub(crate) const LISTS: [&str; 3] = ["patches", "patchesStrategicMerge", "patchesJson6902"];

/// The rules that look for secrets in an object. The other rules need a whole object, and a patch is only a part.
static RULES: [&Rule; 6] = [
    &rules::literal_secret_in_env::RULE,
    &rules::secret_in_config_map::RULE,
    &rules::secret_in_metadata::RULE,
    &rules::secret_in_command::RULE,
    &rules::plaintext_secret::RULE,
    &rules::secret_in_helm_values::RULE,
];

/// A key to put before a list, because a document must be a mapping.
const KEY: &str = "patch:\n  ";

/// Looks at the patches in a document.
pub(crate) fn look_into(document: &Document<'_>, report: &mut Report<'_>) {
    if !document.text().contains(LISTS[0]) {
        return;
    }
    let mut open: Vec<_> = document.tops().flatten().collect();
    while let Some(node) = open.pop() {
        open.extend(node.items().filter(is_container));
        for (key, child) in node.entries() {
            if LISTS.contains(&key) {
                child.items().for_each(|item| patch(item, report));
            }
            open.extend(Some(child).filter(is_container));
        }
    }
}

fn is_container(node: &NodeRef<'_, '_>) -> bool {
    node.shape() != Shape::Scalar
}

/// Looks at an item of a list of patches. Texts of the old list are patches, or names of files.
fn patch(item: NodeRef<'_, '_>, report: &mut Report<'_>) {
    let target = item.at(&["target", "kind"]).and_then(NodeRef::as_str);
    // The kind of a target may be a regular expression, which says little.
    let is_name = |kind: &&str| kind.chars().all(|c| c.is_ascii_alphanumeric());
    let kind = target.filter(is_name).unwrap_or_default();
    let patch = item.get("patch").unwrap_or(item);
    if operation::look_at_list(patch, kind, report) {
        return;
    }
    let Some(text) = patch
        .as_str()
        .filter(|text| text.contains(['\n', '{', '[']))
    else {
        return;
    };
    let span = patch.span();
    let source = report.text().get(span.clone()).unwrap_or_default();
    let frame = |text| Frame::of_scalar(text, source, span.start, patch.path());
    match with_key(text) {
        Some(list) => look_at_list(&list, frame(list.clone()), kind, report),
        None => look_at_merge(text, frame(text.to_owned()), report),
    };
}

/// Looks at a file that is a list of JSON 6902; whether it is one.
pub(crate) fn look_into_file(report: &mut Report<'_>) -> bool {
    let text = report.text();
    let has = |word| text.contains(word);
    let list = with_key(text).filter(|_| has("op") && has("path"));
    list.is_some_and(|list| {
        let frame = Frame::of_file(list.clone(), text);
        look_at_list(&list, frame, "", report)
    })
}

/// A list as the value of a key; `None` for a text that is no list.
pub(crate) fn with_key(text: &str) -> Option<String> {
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let mut lines = text.lines().map(str::trim).filter(is_said);
    let first = lines.find(|line| !line.starts_with("---"))?;
    let is_list = first == "-" || first.starts_with("- ") || first.starts_with('[');
    // The mark of a document is not allowed below a key; a comment of its length keeps all places.
    let lines = text.split('\n').map(|line| match line.strip_prefix("---") {
        Some(rest) => format!("#--{rest}"),
        None => line.to_owned(),
    });
    is_list.then(|| format!("{KEY}{}", lines.collect::<Vec<_>>().join("\n  ")))
}

fn look_at_list(text: &str, frame: Frame, kind: &str, report: &mut Report<'_>) -> bool {
    let Ok(document) = Document::parse(text, Format::Yaml) else {
        return false;
    };
    report.within(Some(frame.with_key(KEY)));
    let lists = document.tops().flatten().filter_map(|top| top.get("patch"));
    let mut is_patch = false;
    for list in lists {
        is_patch |= operation::look_at_list(list, kind, report);
    }
    report.within(None);
    is_patch
}

fn look_at_merge(text: &str, frame: Frame, report: &mut Report<'_>) -> bool {
    let Ok(document) = Document::parse(text, Format::Yaml) else {
        return false;
    };
    let before = report.findings.len();
    let is_encrypted = std::mem::take(&mut report.is_encrypted);
    report.within(Some(frame));
    for object in objects(&document) {
        for rule in RULES {
            for check in rule.checks {
                if let Check::Object(check) = check {
                    report.of(rule, Some(&object));
                    check(&object, report);
                }
            }
        }
    }
    report.within(None);
    report.is_encrypted = is_encrypted;
    for finding in &mut report.findings[before..] {
        // A fix for a file does not apply to a text in it.
        finding.fix = None;
        if finding.rule.code == rules::PLAINTEXT_SECRET.code {
            finding.help(operation::HELP);
        }
    }
    true
}
