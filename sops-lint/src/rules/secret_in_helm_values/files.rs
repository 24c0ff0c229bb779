//! Recognizes files with Helm values by their names.

use std::ffi::OsStr;
use std::path::Path;

use sops_document::{Document, Format, NodeRef, Shape};

use super::places::Form;
use super::reports::report;
use crate::context::Context;
use crate::handled_values::HandledValues;
use crate::sample;
use crate::secret_detection::{Likeness, is_default_for_tests, is_public_default};
use crate::value_tree::values;

/// Directories of a chart with values for its tests.
const TESTS: [&str; 5] = ["ci", ".ci", "test", "tests", "examples"];

/// Reports the secrets in a file with values. Returns whether it is one.
pub(crate) fn check(document: &Document<'_>, context: &mut Context<'_>) -> bool {
    let path = context.input.path;
    let is_yaml = context.format == Format::Yaml;
    if !is_yaml || !is_named(path) || sample::is_named(path) {
        return false;
    }
    let has = |top: NodeRef<'_, '_>, key| top.get(key).and_then(NodeRef::as_str).is_some();
    let is_object = |top: NodeRef<'_, '_>| has(top, "apiVersion") && has(top, "kind");
    let tops = document.tops().flatten();
    let tops: Vec<_> = tops
        .filter(|top| top.shape() == Shape::Mapping && !is_object(*top))
        .collect();
    if tops.is_empty() {
        return false;
    }
    let chart = chart_values(context);
    let is_default: fn(&str) -> bool = match chart {
        Some(ChartValues::Defaults) => is_public_default,
        Some(ChartValues::Tests) => is_default_for_tests,
        None => |_| false,
    };
    let handled = HandledValues::new(document, context);
    for top in tops {
        for mut value in values(("", ""), top, |_| false) {
            let text = value.node.scalar_text().unwrap_or_default();
            let is_default = |range| {
                let value = text.get(range).unwrap_or_default();
                is_default(value) || chart.is_some() && is_name_of_chart(value, context)
            };
            // Another rule looks for known token formats in every document.
            value.secrets.retain(|secret| {
                matches!(secret.likeness, Likeness::Name(_)) && !is_default(secret.range.clone())
            });
            if !handled.has_value(value.node, context) {
                report(value, Form::File, context);
            }
        }
    }
    true
}

/// Whether the name is that of values: `values.yaml`, `values-prod.yaml`, `prod.values.yml`,
/// `values/prod.yaml`.
fn is_named(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.unwrap_or_default().to_ascii_lowercase();
    let mut words = stem.split(['.', '-', '_']);
    let (first, last) = (words.next(), words.next_back());
    let directory = path.parent().and_then(Path::file_name);
    let is_below = ["values", "helm-values"]
        .iter()
        .any(|name| directory == Some(OsStr::new(name)));
    first == Some("values") || last == Some("values") || is_below
}

/// Values in the directory of a chart.
enum ChartValues {
    /// The defaults that the chart is published with.
    Defaults,
    /// The values for its tests.
    Tests,
}

/// What the values are for, if they are in the directory of a chart.
fn chart_values(context: &Context<'_>) -> Option<ChartValues> {
    let tree = context.input.tree;
    let path = context.input.path;
    let directory = path.parent()?;
    let is_chart = |directory: &Path| tree.read(&directory.join("Chart.yaml")).is_some();
    let is_test = |directory: &Path| {
        let name = directory.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| TESTS.contains(&name))
    };
    let mut ancestors = directory
        .ancestors()
        .take_while(|at| at.starts_with(tree.root()));
    if ancestors.any(|at| is_test(at) && at.parent().is_some_and(is_chart)) {
        return Some(ChartValues::Tests);
    }
    let is_default = path.file_stem() == Some(OsStr::new("values")) && is_chart(directory);
    is_default.then_some(ChartValues::Defaults)
}

/// Whether the value is the name of the chart's directory, a usual default for a password.
fn is_name_of_chart(value: &str, context: &Context<'_>) -> bool {
    let directory = context.input.path.parent().and_then(Path::file_name);
    directory.is_some_and(|name| name == value)
}
