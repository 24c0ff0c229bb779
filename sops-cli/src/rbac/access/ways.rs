//! The ways in which a permission or a pod leads to a Secret.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::rbac::lists::{Grant, PolicyRule, RbacSubject};
use crate::rbac::secret_name::SecretName;

/// The kinds of workloads that create pods.
const WORKLOADS: [(&str, &str); 8] = [
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
];

/// The ways to the Secret that a grant gives by itself.
pub(super) fn direct_ways(grant: &Grant, secret: &SecretName<'_>) -> BTreeSet<&'static str> {
    let any =
        |verbs: &[&str], group: &str, resource: &str, is_named: &dyn Fn(&PolicyRule) -> bool| {
            grant
                .rules
                .iter()
                .any(|rule| rule.covers(verbs, group, resource) && is_named(rule))
        };
    let of_secret = |rule: &PolicyRule| rule.is_for_name(secret.name);
    let of_all = |_: &PolicyRule| true;
    let mut ways = BTreeSet::new();
    let mut add = |is_given: bool, way| {
        if is_given {
            ways.insert(way);
        }
    };
    add(
        any(&["get", "list", "watch"], "", "secrets", &of_secret),
        "reads the Secret",
    );
    // The response to a change contains the whole object.
    add(
        any(&["update", "patch"], "", "secrets", &of_secret),
        "changes the Secret",
    );
    // A rule cannot restrict the names of objects that are created.
    let creates = |verb: &[&str], (group, resource): (&str, &str)| {
        any(verb, group, resource, &PolicyRule::is_for_all_names)
    };
    add(
        WORKLOADS
            .iter()
            .any(|workload| creates(&["create"], *workload)),
        "creates pods, which may mount the Secret",
    );
    let changes = |(group, resource): &(&str, &str)| {
        *resource != "pods" && any(&["update", "patch"], group, resource, &of_all)
    };
    add(
        WORKLOADS.iter().any(changes),
        "changes workloads, which may mount the Secret",
    );
    let role_kinds = ["roles", "clusterroles"];
    let group = "rbac.authorization.k8s.io";
    let of_roles = |verb: &str| {
        role_kinds
            .iter()
            .any(|kind| any(&[verb], group, kind, &of_all))
    };
    add(of_roles("escalate"), "extends roles (`escalate`)");
    add(of_roles("bind"), "binds any role (`bind`)");
    if grant.namespace.is_none() {
        add(
            any(&["get", "create"], "", "nodes/proxy", &of_all),
            "reaches pods through their nodes",
        );
    }
    ways
}

/// The ways to the Secret that a grant gives through the permissions of others.
pub(super) fn indirect_ways(
    grant: &Grant,
    readers: &BTreeSet<RbacSubject>,
    secret: &SecretName<'_>,
) -> BTreeSet<&'static str> {
    let covers = |verbs: &[&str], resource: &str, is_named: &dyn Fn(&PolicyRule) -> bool| {
        grant
            .rules
            .iter()
            .any(|rule| rule.covers(verbs, "", resource) && is_named(rule))
    };
    let names_reader = |kind: &'static str| {
        let in_reach = move |reader: &&RbacSubject| {
            let is_near = grant.namespace.is_none() || reader.namespace == grant.namespace;
            reader.kind == kind && is_near
        };
        move |rule: &PolicyRule| {
            readers
                .iter()
                .filter(in_reach)
                .any(|reader| rule.is_for_name(&reader.name))
        }
    };
    let mut ways = BTreeSet::new();
    let mut add = |is_given: bool, way| {
        if is_given {
            ways.insert(way);
        }
    };
    let account = names_reader("ServiceAccount");
    if grant.namespace.is_none() {
        let all_or = |kind: &'static str, name: &'static str| {
            let is_reader = names_reader(kind);
            covers(&["impersonate"], name, &|rule| {
                rule.is_for_all_names() || is_reader(rule)
            })
        };
        add(
            all_or("User", "users"),
            "acts as another user (`impersonate`)",
        );
        let is_master = |rule: &PolicyRule| rule.is_for_name("system:masters");
        add(
            all_or("Group", "groups") || covers(&["impersonate"], "groups", &is_master),
            "acts as a member of a group (`impersonate`)",
        );
    }
    add(
        covers(&["impersonate"], "serviceaccounts", &account),
        "acts as a service account (`impersonate`)",
    );
    add(
        covers(&["create"], "serviceaccounts/token", &account),
        "creates service account tokens",
    );
    let any = |_: &PolicyRule| true;
    let has_reader = readers
        .iter()
        .any(|reader| reader.namespace.as_deref() == Some(secret.namespace));
    let runs = ["pods/exec", "pods/attach"]
        .iter()
        .any(|resource| covers(&["create", "get"], resource, &any));
    let debugs = covers(&["update", "patch"], "pods/ephemeralcontainers", &any);
    add(
        has_reader && (runs || debugs),
        "runs commands in pods whose service accounts can read the Secret",
    );
    ways
}

/// Whether a pod uses the Secret as a volume or in its environment.
pub(super) fn mounts(spec: &Value, name: &str) -> bool {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let in_volume = |volume: &Value| {
        let sources = list(&volume["projected"]["sources"]);
        volume["secret"]["secretName"] == name
            || sources
                .iter()
                .any(|source| source["secret"]["name"] == name)
    };
    let in_container = |container: &Value| {
        list(&container["envFrom"])
            .iter()
            .any(|source| source["secretRef"]["name"] == name)
            || list(&container["env"])
                .iter()
                .any(|variable| variable["valueFrom"]["secretKeyRef"]["name"] == name)
    };
    let mut containers = ["containers", "initContainers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|key| list(&spec[key]));
    list(&spec["volumes"]).iter().any(in_volume)
        || containers.any(|container| in_container(&container))
}
