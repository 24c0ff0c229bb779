//! Who can read a Secret of a cluster, and how, according to the permissions in RBAC.

mod ways;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
#[cfg(any(test, feature = "kube"))]
use sops_printable::one_line;

use self::ways::{direct_ways, indirect_ways, mounts};
use crate::rbac::lists::{Grant, PolicyRule, RbacLists, RbacSubject};
use crate::rbac::secret_name::SecretName;

/// Who can read the Secret, and how.
#[derive(Debug, Serialize)]
pub(crate) struct Access {
    pub(crate) subject: RbacSubject,
    /// The permitted actions that let the subject read the Secret.
    pub(crate) ways: BTreeSet<String>,
    /// The bindings that grant the permissions, or the pods that have the Secret.
    pub(crate) through: BTreeSet<String>,
}

/// The accesses, by subject.
#[derive(Default)]
struct Accesses(BTreeMap<RbacSubject, (BTreeSet<String>, BTreeSet<String>)>);

impl Accesses {
    fn add(&mut self, subject: &RbacSubject, way: &str, through: &str) {
        let (ways, through_all) = self.0.entry(subject.clone()).or_default();
        ways.insert(way.to_owned());
        through_all.insert(through.to_owned());
    }

    fn of_grant(&mut self, grant: &Grant, ways: &BTreeSet<&'static str>) {
        for (subject, way) in grant
            .subjects
            .iter()
            .flat_map(|subject| ways.iter().map(move |way| (subject, way)))
        {
            self.add(subject, way, &grant.binding);
        }
    }
}

/// Everyone who can read the Secret. `pods` are the pods of its namespace.
pub(crate) fn access(lists: &RbacLists, pods: &[Value], secret: &SecretName<'_>) -> Vec<Access> {
    let everything = BTreeSet::from(["can do anything"]);
    let grants = lists.grants(secret.namespace).into_iter();
    let (whole, partial): (Vec<_>, Vec<_>) =
        grants.partition(|grant| grant.rules.iter().any(PolicyRule::covers_everything));
    let mut accesses = Accesses::default();
    whole
        .iter()
        .for_each(|grant| accesses.of_grant(grant, &everything));
    for grant in &partial {
        accesses.of_grant(grant, &direct_ways(grant, secret));
    }
    let readers: BTreeSet<RbacSubject> = accesses.0.keys().cloned().collect();
    for grant in &partial {
        accesses.of_grant(grant, &indirect_ways(grant, &readers, secret));
    }
    for pod in pods.iter().filter(|pod| mounts(&pod["spec"], secret.name)) {
        let subject = RbacSubject {
            kind: "ServiceAccount".to_owned(),
            namespace: Some(secret.namespace.to_owned()),
            name: pod["spec"]["serviceAccountName"]
                .as_str()
                .unwrap_or("default")
                .to_owned(),
        };
        let pod = pod["metadata"]["name"].as_str().unwrap_or_default();
        accesses.add(
            &subject,
            "runs a pod that has the Secret",
            &format!("Pod {pod}"),
        );
    }
    let everyone = RbacSubject {
        kind: "Group".to_owned(),
        namespace: None,
        name: "system:masters".to_owned(),
    };
    accesses.add(
        &everyone,
        "can do anything",
        "the API server, without a binding",
    );
    let entries = accesses.0.into_iter();
    entries
        .map(|(subject, (ways, through))| Access {
            subject,
            ways,
            through,
        })
        .collect()
}

/// A line for each subject and way, in columns.
#[cfg(any(test, feature = "kube"))]
pub(crate) fn table(accesses: &[Access], secret: &SecretName<'_>) -> String {
    let shown = |access: &Access| one_line(&access.subject.to_string()).into_owned();
    let width = accesses
        .iter()
        .map(|access| shown(access).chars().count())
        .max()
        .unwrap_or_default();
    let mut table = one_line(&format!(
        "Who can read the Secret {}/{}:",
        secret.namespace, secret.name
    ))
    .into_owned()
        + "\n";
    for access in accesses {
        let join = |texts: &BTreeSet<String>| {
            texts
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("; ")
        };
        let (ways, through) = (join(&access.ways), join(&access.through));
        table += &format!(
            "{:<width$}  {} ({})\n",
            shown(access),
            one_line(&ways),
            one_line(&through)
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: SecretName<'static> = SecretName {
        namespace: "keys",
        name: "sops-age",
    };

    /// Roles with one rule each, bound to a user of the same name: in the namespace, or else in the
    /// whole cluster.
    fn lists(rules: &[(&str, bool, Value)]) -> RbacLists {
        let mut lists = RbacLists::default();
        for (name, is_local, rule) in rules {
            lists
                .cluster_roles
                .push(json!({"metadata": {"name": name}, "rules": [rule]}));
            let binding = json!({"metadata": {"name": name, "namespace": if *is_local { "keys" } else { "" }},
                "roleRef": {"kind": "ClusterRole", "name": name}, "subjects": [{"kind": "User", "name": name}]});
            if *is_local {
                &mut lists.role_bindings
            } else {
                &mut lists.cluster_role_bindings
            }
            .push(binding);
        }
        lists
    }

    fn rule(verb: &str, group: &str, resource: &str) -> Value {
        json!({"verbs": [verb], "apiGroups": [group], "resources": [resource]})
    }

    fn ways(lists: &RbacLists, pods: &[Value], name: &str) -> Vec<String> {
        let accesses = access(lists, pods, &SECRET);
        let of_name = accesses
            .into_iter()
            .filter(|access| access.subject.name == name);
        of_name.flat_map(|access| access.ways).collect()
    }

    #[test]
    fn each_permission_that_leads_to_the_secret_is_listed() {
        let rbac = "rbac.authorization.k8s.io";
        for (rule, is_local, expected) in [
            (rule("get", "", "secrets"), true, Some("reads the Secret")),
            (rule("watch", "*", "*"), true, Some("reads the Secret")),
            (rule("*", "*", "*"), true, Some("can do anything")),
            (
                rule("patch", "", "secrets"),
                true,
                Some("changes the Secret"),
            ),
            (
                json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["sops-age"]}),
                true,
                Some("reads the Secret"),
            ),
            (
                json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["other"]}),
                true,
                None,
            ),
            (rule("create", "", "secrets"), true, None),
            (
                rule("create", "", "pods"),
                true,
                Some("creates pods, which may mount the Secret"),
            ),
            (
                rule("create", "batch", "cronjobs"),
                true,
                Some("creates pods, which may mount the Secret"),
            ),
            (
                rule("patch", "apps", "deployments"),
                true,
                Some("changes workloads, which may mount the Secret"),
            ),
            (rule("get", "", "pods"), true, None),
            (
                rule("escalate", rbac, "roles"),
                true,
                Some("extends roles (`escalate`)"),
            ),
            (
                rule("bind", rbac, "clusterroles"),
                true,
                Some("binds any role (`bind`)"),
            ),
            (
                rule("impersonate", "", "users"),
                false,
                Some("acts as another user (`impersonate`)"),
            ),
            // A binding in a namespace gives no permission for cluster-scoped resources.
            (rule("impersonate", "", "users"), true, None),
            (
                rule("impersonate", "", "groups"),
                false,
                Some("acts as a member of a group (`impersonate`)"),
            ),
            (
                json!({"verbs": ["impersonate"], "apiGroups": [""], "resources": ["groups"], "resourceNames": ["guests"]}),
                false,
                None,
            ),
            (
                rule("get", "", "nodes/proxy"),
                false,
                Some("reaches pods through their nodes"),
            ),
            // No service account can read the Secret.
            (rule("create", "", "serviceaccounts/token"), true, None),
            (rule("create", "", "pods/exec"), true, None),
        ] {
            let lists = lists(&[("ann", is_local, rule.clone())]);
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(ways(&lists, &[], "ann"), expected, "{rule}");
        }
    }

    #[test]
    fn permissions_of_others_count() {
        let mut lists = lists(&[
            ("ann", true, rule("create", "", "serviceaccounts/token")),
            ("bob", true, rule("create", "", "pods/exec")),
        ]);
        lists
            .cluster_roles
            .push(json!({"metadata": {"name": "flux"}, "rules": [rule("get", "", "secrets")]}));
        lists.cluster_role_bindings.push(json!({"metadata": {"name": "flux"}, "roleRef": {"kind": "ClusterRole", "name": "flux"},
            "subjects": [{"kind": "ServiceAccount", "name": "kustomize-controller", "namespace": "keys"}]}));
        assert_eq!(ways(&lists, &[], "ann"), ["creates service account tokens"]);
        assert_eq!(
            ways(&lists, &[], "bob"),
            ["runs commands in pods whose service accounts can read the Secret"]
        );
        assert_eq!(
            ways(&lists, &[], "kustomize-controller"),
            ["reads the Secret"]
        );
    }

    #[test]
    fn pods_with_the_secret_are_listed() {
        for (spec, expected) in [
            (
                json!({"serviceAccountName": "web", "volumes": [{"secret": {"secretName": "sops-age"}}]}),
                true,
            ),
            (
                json!({"serviceAccountName": "web", "volumes": [{"projected": {"sources": [{"secret": {"name": "sops-age"}}]}}]}),
                true,
            ),
            (
                json!({"serviceAccountName": "web", "containers": [{"envFrom": [{"secretRef": {"name": "sops-age"}}]}]}),
                true,
            ),
            (
                json!({"serviceAccountName": "web", "initContainers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "sops-age"}}}]}]}),
                true,
            ),
            (
                json!({"serviceAccountName": "web", "volumes": [{"secret": {"secretName": "other"}}]}),
                false,
            ),
        ] {
            let pods = [json!({"metadata": {"name": "p"}, "spec": spec})];
            let accesses = ways(&RbacLists::default(), &pods, "web");
            assert_eq!(!accesses.is_empty(), expected, "{spec}");
        }
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        let lists = lists(&[("ann\nUser eve", true, rule("get", "", "secrets"))]);
        let table = table(&access(&lists, &[], &SECRET), &SECRET);
        assert_eq!(table.lines().count(), 3, "{table}");
    }
}
