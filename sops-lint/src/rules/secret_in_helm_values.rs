//! A secret in the values of a Helm release.

use sops_core::document::{NodeRef, Shape};

use crate::finding::Severity;
use crate::likeness::judge_lines;
use crate::object::Object;
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL019",
    name: "secret-in-helm-values",
    severity: Severity::Error,
    page: include_str!("secret_in_helm_values.md"),
    checks: &[Check::Object(check)],
};

const HELP: &str =
    "put it into an encrypted Secret, and name that under `spec.valuesFrom` with a `targetPath`";

fn check(object: &Object<'_, '_>, report: &mut Report<'_>) {
    let is_release =
        object.kind == "HelmRelease" && object.api_version.starts_with("helm.toolkit.fluxcd.io/");
    let values = object.node.at(&["spec", "values"]);
    let Some(values) = values.filter(|_| is_release) else {
        return;
    };
    // Containers among the values have rules of their own.
    let containers: Vec<_> = object.containers().map(|(_, node)| node.span()).collect();
    let mut open = vec![("values", values)];
    while let Some((key, node)) = open.pop() {
        match node.shape() {
            Shape::Scalar => found(key, node, report),
            Shape::Sequence => open.extend(node.items().map(|item| (key, item))),
            Shape::Mapping if containers.contains(&node.span()) => {}
            Shape::Mapping => {
                // Charts pass variables on as containers have them.
                let name = node.get("name").and_then(NodeRef::as_str);
                open.extend(node.entries().map(|(key, child)| match key {
                    "value" => (name.unwrap_or(key), child),
                    key => (key, child),
                }));
            }
        }
    }
}

fn found(key: &str, node: NodeRef<'_, '_>, report: &mut Report<'_>) {
    let text = node.scalar_text().unwrap_or_default();
    if let Some((name, likeness)) = judge_lines(key, text) {
        let what = likeness.what();
        let message = match name == key {
            true => format!("the value `{key}` of the Helm release holds {what}"),
            false => {
                format!("the value `{key}` of the Helm release holds {what}, under `{name}` in it")
            }
        };
        report.node(node, message).help(HELP);
    }
}
