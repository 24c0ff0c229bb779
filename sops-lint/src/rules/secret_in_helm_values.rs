//! A secret in the values of a Helm release, or in the variables of a Flux Kustomization.

mod files;
mod places;
mod reports;

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::kustomization;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use places::{Form, Place, is_of_kind};
use reports::{Containers, below, tree};

pub(crate) use files::check as in_file;
pub(crate) use places::KINDS;

pub(crate) static RULE: Rule = Rule {
    code: "SL019",
    name: "secret-in-helm-values",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_helm_values.md"),
};

pub(crate) const CHECKS: &[Check] = &[
    Check::Object(object),
    Check::Plaintext(|document, context| {
        in_file(document, context);
    }),
];

fn object(object: &Object<'_, '_>, context: &mut Context<'_>) {
    // Containers among the values have rules of their own.
    let containers: Containers = object.containers().map(|(_, node)| node.span()).collect();
    for place in places::of_object(object) {
        below(&place.path, object.node, place.form, &containers, context);
    }
    for chart in charts(object) {
        tree("values", chart, Form::Tree, &containers, context);
    }
    if object.kind.is_empty() {
        let name = context
            .input
            .path
            .file_name()
            .and_then(|name| name.to_str());
        let paths = match is_helmfile(object.node) {
            true => places::OF_HELMFILE,
            false => places::of_file(name.unwrap_or_default()),
        };
        for path in paths {
            below(path, object.node, Form::Tree, &containers, context);
        }
    }
}

/// Whether a mapping is a helmfile, which may have any name: a list of releases of charts.
fn is_helmfile(top: NodeRef<'_, '_>) -> bool {
    let releases = top.get("releases").into_iter();
    let mut releases = releases.flat_map(NodeRef::items);
    releases.any(|release| release.get("chart").is_some() && release.get("name").is_some())
}

/// Reports the secrets in the value that a patch writes at a path in an object of a kind, which is
/// empty if unknown. Returns whether the path leads to values.
pub(crate) fn at_path(
    path: &[&str],
    value: NodeRef<'_, '_>,
    kind: &str,
    context: &mut Context<'_>,
) -> bool {
    let is_index = |step: &str| step == "-" || step.bytes().all(|c| c.is_ascii_digit());
    let is_same = |(wanted, step): (&&str, &&str)| {
        wanted == step || *wanted == places::ITEM && is_index(step)
    };
    let places = places::ALL.iter().filter(|place| is_of_kind(place, kind));
    // Several kinds have fields with the same name.
    let mut done: Vec<&[&str]> = Vec::new();
    let mut is_known = false;
    for Place {
        path: field, form, ..
    } in places
    {
        if !field.iter().zip(path).all(is_same) || done.contains(&&**field) {
            continue;
        }
        done.push(field);
        match path.get(field.len()..) {
            None => below(
                &field[path.len()..],
                value,
                *form,
                &Containers::new(),
                context,
            ),
            Some(rest) => {
                is_known = true;
                let mut keys = rest.iter().rev().chain(field.last());
                let key = keys.find(|step| !is_index(step));
                tree(
                    key.copied().unwrap_or_default(),
                    value,
                    *form,
                    &Containers::new(),
                    context,
                );
            }
        }
    }
    is_known
}

/// The inline values of the charts that kustomize inflates.
fn charts<'d, 'a>(object: &Object<'d, 'a>) -> Vec<NodeRef<'d, 'a>> {
    let inline = |chart| kustomization::fields(chart, "valuesInline");
    if object.api_version == "builtin" && object.kind == "HelmChartInflationGenerator" {
        return inline(object.node);
    }
    // A kustomization may lack its kind.
    match ["", "Kustomization", "Component"].contains(&object.kind) {
        true => kustomization::items(object.node, "helmCharts")
            .flat_map(inline)
            .collect(),
        false => Vec::new(),
    }
}
