//! The pods of the workloads of Kubernetes, for rules about what pods may do.

use sops_document::NodeRef;

use crate::object::{Object, is_of_other_project};

/// The kinds with a template of their pods under `spec.template`.
const WITH_TEMPLATE: [&str; 6] = [
    "DaemonSet",
    "Deployment",
    "Job",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
];

/// The lists of containers that have resources of their own.
pub(crate) const LASTING: [&str; 2] = ["initContainers", "containers"];

/// The list of containers that users add to a running pod.
const EPHEMERAL: &str = "ephemeralContainers";

/// The `spec` of the pods of a workload.
pub(crate) fn pod_spec<'d, 'a>(object: &Object<'d, 'a>) -> Option<NodeRef<'d, 'a>> {
    if is_of_other_project(object.api_version) {
        return None;
    }
    match object.kind {
        "Pod" => object.node.get("spec"),
        "CronJob" => object
            .node
            .at(&["spec", "jobTemplate", "spec", "template", "spec"]),
        kind if WITH_TEMPLATE.contains(&kind) => object.node.at(&["spec", "template", "spec"]),
        _ => None,
    }
}

/// The containers in these lists. Those without an image are left out: they are in a patch, which
/// does not show the whole container.
pub(crate) fn containers_in<'d, 'a>(spec: NodeRef<'d, 'a>, lists: &[&str]) -> Vec<NodeRef<'d, 'a>> {
    let lists = lists.iter().filter_map(|list| spec.get(list));
    let containers = lists.flat_map(NodeRef::items);
    containers.filter(|each| image(*each).is_some()).collect()
}

/// All containers of a pod.
pub(crate) fn all_containers<'d, 'a>(spec: NodeRef<'d, 'a>) -> Vec<NodeRef<'d, 'a>> {
    let [init, usual] = LASTING;
    containers_in(spec, &[init, usual, EPHEMERAL])
}

/// The image of a container.
pub(crate) fn image<'d>(container: NodeRef<'d, '_>) -> Option<&'d str> {
    let image = container.get("image").and_then(NodeRef::as_str);
    image.filter(|image| !image.is_empty())
}

/// The name of a container; empty if it has none.
pub(crate) fn name<'d>(container: NodeRef<'d, '_>) -> &'d str {
    let name = container.get("name").and_then(NodeRef::as_str);
    name.unwrap_or_default()
}
