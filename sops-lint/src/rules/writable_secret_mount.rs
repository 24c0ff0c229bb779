//! A Secret that is mounted without `readOnly: true`.

use std::collections::HashSet;

use sops_document::NodeRef;
use sops_document::tree::Node;

use crate::check::Check;
use crate::context::Context;
use crate::finding::Fix;
use crate::object::{Object, Pod, is_true};
use crate::rule::{FixAvailability, Rule, Severity};
use crate::shown_name::shown_name;

pub(crate) static RULE: Rule = Rule {
    code: "SL007",
    name: "writable-secret-mount",
    severity: Severity::Warning,
    fix: FixAvailability::Sometimes,
    page: include_str!("writable_secret_mount.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

const HELP: &str = "add `readOnly: true`";

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for pod in &object.pods {
        let volumes: Vec<_> = pod
            .volumes()
            .filter(|(_, volume)| {
                !Pod::secret_sources(*volume).is_empty() || Pod::secret_csi(*volume).is_some()
            })
            .collect();
        let names: HashSet<_> = volumes.iter().map(|(name, _)| *name).collect();
        for csi in volumes
            .iter()
            .filter_map(|(_, volume)| Pod::secret_csi(*volume))
        {
            if !is_true(csi.get("readOnly")) {
                context
                    .report_node(
                        csi,
                        "a CSI volume with secrets is mounted without `readOnly: true`",
                    )
                    .help(HELP)
                    .fix(read_only(csi));
            }
        }
        for container in &pod.containers {
            for mount in container
                .get("volumeMounts")
                .into_iter()
                .flat_map(NodeRef::items)
            {
                let name = mount
                    .get("name")
                    .and_then(NodeRef::as_str)
                    .unwrap_or_default();
                let is_secret = names.contains(name);
                if is_secret && !is_true(mount.get("readOnly")) {
                    context
                        .report_node(
                            mount,
                            format!(
                                "the Secret in the volume `{}` is mounted without `readOnly: true`",
                                shown_name(name)
                            ),
                        )
                        .help(HELP)
                        .fix(read_only(mount));
                }
            }
        }
    }
}

fn read_only(mapping: NodeRef<'_, '_>) -> Option<Fix> {
    let entry = mapping.new_entry("readOnly", Node::from_json(&true.into()));
    Some(Fix::Entry(entry))
}
