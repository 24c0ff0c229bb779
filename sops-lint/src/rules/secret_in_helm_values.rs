//! A secret in the values of a Helm release, or in the variables of a Flux Kustomization.

use std::ops::Range;

use sops_document::{NodeRef, Shape};

use crate::check::Check;
use crate::context::Context;
use crate::kustomization;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::secret_detection::in_text;

pub(crate) static RULE: Rule = Rule {
    code: "SL019",
    name: "secret-in-helm-values",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_helm_values.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

const FLUX_HELP: &str =
    "put it into an encrypted Secret, and name that under `spec.valuesFrom` with a `targetPath`";
const SUBSTITUTE_HELP: &str =
    "put it into an encrypted Secret, and name that under `spec.postBuild.substituteFrom`";
const CHART_HELP: &str = "put it into an encrypted Secret, and refer to it with the chart's `existingSecret` or a similar value";

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let spec = object.node.get("spec");
    if is_release(object) {
        let nodes = spec.and_then(|spec| spec.get("values"));
        nodes
            .into_iter()
            .for_each(|node| values(node, object, FLUX_HELP, context));
    } else if object.api_version.starts_with("argoproj.io/") {
        let template = spec.and_then(|spec| spec.at(&["template", "spec"]));
        for spec in spec.into_iter().chain(template) {
            let sources = spec.get("sources").into_iter().flat_map(NodeRef::items);
            let sources = spec.get("source").into_iter().chain(sources);
            sources.for_each(|source| argo_source(source, object, context));
        }
    } else if object
        .api_version
        .starts_with("kustomize.toolkit.fluxcd.io/")
    {
        let variables = spec.and_then(|spec| spec.at(&["postBuild", "substitute"]));
        for (name, value) in variables.into_iter().flat_map(NodeRef::entries) {
            let holder = format_args!("the variable `{name}` of the Flux Kustomization");
            let found = in_text(name, value.scalar_text().unwrap_or_default());
            context.report_secrets(value, found, holder, SUBSTITUTE_HELP);
        }
    } else {
        charts(object)
            .into_iter()
            .for_each(|node| values(node, object, CHART_HELP, context));
    }
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

/// Whether it is a HelmRelease of Flux.
fn is_release(object: &Object<'_, '_>) -> bool {
    object.kind == "HelmRelease" && object.api_version.starts_with("helm.toolkit.fluxcd.io/")
}

/// The values of an Application of Argo CD: parameters, a text, or a mapping; and the variables of a plugin.
fn argo_source(source: NodeRef<'_, '_>, object: &Object<'_, '_>, context: &mut Context<'_>) {
    let helm = source.get("helm");
    for list in [["helm", "parameters"], ["plugin", "env"]] {
        let list = source.at(&list);
        for parameter in list.into_iter().flat_map(NodeRef::items) {
            let name = parameter.get("name").and_then(NodeRef::as_str);
            if let Some((name, value)) = name.zip(parameter.get("value")) {
                value_of(name, value, CHART_HELP, context);
            }
        }
    }
    for key in ["values", "valuesObject"] {
        let nodes = helm.and_then(|helm| helm.get(key));
        nodes
            .into_iter()
            .for_each(|node| values(node, object, CHART_HELP, context));
    }
}

/// Reports the secrets in a tree of values.
fn values(values: NodeRef<'_, '_>, object: &Object<'_, '_>, help: &str, context: &mut Context<'_>) {
    // Containers among the values have rules of their own.
    let containers: Vec<_> = object.containers().map(|(_, node)| node.span()).collect();
    walk(("values", values), &containers, help, context);
}

/// Reports the secrets in a part of the values of a HelmRelease.
pub(crate) fn tree(key: &str, values: NodeRef<'_, '_>, context: &mut Context<'_>) {
    walk((key, values), &[], FLUX_HELP, context);
}

fn walk<'d>(
    top: (&'d str, NodeRef<'d, '_>),
    containers: &[Range<usize>],
    help: &str,
    context: &mut Context<'_>,
) {
    let mut open = vec![top];
    while let Some((key, node)) = open.pop() {
        match node.shape() {
            Shape::Scalar => value_of(key, node, help, context),
            Shape::Sequence => open.extend(node.items().map(|item| (key, item))),
            Shape::Mapping if containers.contains(&node.span()) => {}
            // The name of a Secret and of a key in it.
            Shape::Mapping if key.ends_with("KeyRef") => {}
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

/// Reports the secrets in one value.
fn value_of(key: &str, node: NodeRef<'_, '_>, help: &str, context: &mut Context<'_>) {
    let found = in_text(key, node.scalar_text().unwrap_or_default());
    context.report_secrets(
        node,
        found,
        format_args!("the value `{key}` of the Helm release"),
        help,
    );
}
