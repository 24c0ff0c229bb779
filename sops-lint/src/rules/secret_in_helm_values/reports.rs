//! The findings in the values of a release.

use std::collections::HashSet;
use std::ops::Range;

use sops_document::NodeRef;

use super::places::{Form, ITEM};
use crate::context::Context;
use crate::shown_name::ShownName;
use crate::value_tree::{TreeValue, values};

/// Where the containers among the values are.
pub(super) type Containers = HashSet<Range<usize>>;

/// Reports the secrets at a path below a node.
pub(super) fn below(
    path: &[&str],
    node: NodeRef<'_, '_>,
    form: Form,
    containers: &Containers,
    context: &mut Context<'_>,
) {
    let mut nodes = vec![node];
    for step in path {
        nodes = match *step {
            ITEM => nodes.into_iter().flat_map(NodeRef::items).collect(),
            key => nodes.into_iter().filter_map(|node| node.get(key)).collect(),
        };
    }
    let key = path.last().copied().unwrap_or_default();
    for node in nodes {
        tree(key, node, form, containers, context);
    }
}

/// Reports the secrets in a part of the values.
pub(super) fn tree(
    key: &str,
    node: NodeRef<'_, '_>,
    form: Form,
    containers: &Containers,
    context: &mut Context<'_>,
) {
    for value in values(("", key), node, |node| containers.contains(&node.span())) {
        report(value, form, context);
    }
}

/// Reports the secrets in a value.
pub(super) fn report(value: TreeValue<'_, '_>, form: Form, context: &mut Context<'_>) {
    let TreeValue {
        key, node, secrets, ..
    } = value;
    let help = form.help();
    let key = ShownName(key);
    match form {
        Form::Variables => {
            let holder = format_args!("the variable `{key}` of the Flux Kustomization");
            context.report_secrets(node, secrets, holder, help);
        }
        Form::Parameters => {
            let holder = format_args!("the parameter `{key}` of the ApplicationSet");
            context.report_secrets(node, secrets, holder, help);
        }
        Form::Inputs => {
            let holder = format_args!("the input `{key}` of the ResourceSet");
            context.report_secrets(node, secrets, holder, help);
        }
        Form::Release | Form::Tree => {
            let holder = format_args!("the value `{key}` of the Helm release");
            context.report_secrets(node, secrets, holder, help);
        }
        Form::File => {
            let holder = format_args!("the Helm value `{key}`");
            context.report_secrets(node, secrets, holder, help);
        }
    }
}
