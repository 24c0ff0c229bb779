//! The resources that a policy is about.

/// An existing pod can get another image or, in a subresource, another container.
const PODS: [ResourceRule; 4] = [
    ResourceRule::new(
        "",
        &[("pods/ephemeralcontainers", "Pod/ephemeralcontainers")],
        &["UPDATE"],
    ),
    ResourceRule::new(
        "",
        &[
            ("pods", "Pod"),
            ("replicationcontrollers", "ReplicationController"),
        ],
        WRITES,
    ),
    ResourceRule::new(
        "apps",
        &[
            ("daemonsets", "DaemonSet"),
            ("deployments", "Deployment"),
            ("replicasets", "ReplicaSet"),
            ("statefulsets", "StatefulSet"),
        ],
        WRITES,
    ),
    ResourceRule::new("batch", &[("cronjobs", "CronJob"), ("jobs", "Job")], WRITES),
];

const CONFIG_MAPS: ResourceRule = ResourceRule::new("", &[("configmaps", "ConfigMap")], WRITES);

const SECRETS: ResourceRule = ResourceRule::new("", &[("secrets", "Secret")], WRITES);

const OTHERS: [ResourceRule; 2] = [
    ResourceRule::new(
        "",
        &[
            ("namespaces", "Namespace"),
            ("serviceaccounts", "ServiceAccount"),
            ("services", "Service"),
        ],
        WRITES,
    ),
    ResourceRule::new("networking.k8s.io", &[("ingresses", "Ingress")], WRITES),
];

const WRITES: &[&str] = &["CREATE", "UPDATE"];

/// Resources of one API group, and the operations on them.
#[derive(Clone, Copy)]
pub(super) struct ResourceRule {
    pub(super) group: &'static str,
    /// Each with its kind.
    pub(super) resources: &'static [(&'static str, &'static str)],
    pub(super) operations: &'static [&'static str],
}

impl ResourceRule {
    const fn new(
        group: &'static str,
        resources: &'static [(&'static str, &'static str)],
        operations: &'static [&'static str],
    ) -> Self {
        Self {
            group,
            resources,
            operations,
        }
    }
}

/// The resources of a policy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Resources {
    /// Pods, and workloads with a template of pods.
    Pods,
    ConfigMaps,
    /// Pods, workloads and objects with values.
    WithValues,
    /// Common kinds with annotations.
    Annotated,
}

impl Resources {
    pub(super) fn rules(self) -> Vec<ResourceRule> {
        let mut rules = match self {
            Self::ConfigMaps => Vec::new(),
            _ => PODS.to_vec(),
        };
        if self != Self::Pods {
            rules.push(CONFIG_MAPS);
        }
        if matches!(self, Self::WithValues | Self::Annotated) {
            rules.push(SECRETS);
        }
        if self == Self::Annotated {
            rules.extend(OTHERS);
        }
        rules
    }

    /// Whether an object that is too large for CEL passes. Texts of any length are no reason to
    /// refuse an object.
    pub(super) fn passes_if_too_large(self) -> bool {
        self != Self::Pods
    }
}
