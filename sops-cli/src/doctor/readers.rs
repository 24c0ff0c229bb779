//! Who can read the Secret with the key of Flux, except those who must.

use serde_json::{Value, json};

use super::report::Check;
use crate::rbac::{RbacLists, RbacSubject, SecretName, access};

const CHECK: &str = "secret-readers";

/// The name of the manifests of the repository in a report.
pub(super) const MANIFESTS: &str = "manifests";

/// Why manifests alone never show that no one has access.
pub(super) const UNSEEN: &str = "these manifests give no one access, but the roles and bindings of charts and of the cluster are not among them; pass a kubeconfig to check the cluster";

/// The programs of Flux, which may read Secrets in their namespace.
const CONTROLLERS: [&str; 8] = [
    "flux-operator",
    "helm-controller",
    "image-automation-controller",
    "image-reflector-controller",
    "kustomize-controller",
    "notification-controller",
    "source-controller",
    "source-watcher",
];

/// `pods` are the pods in the namespace of the Secret. If nothing is found, the result says so.
pub(super) fn checks(
    lists: &RbacLists,
    pods: &[Value],
    secret: &SecretName<'_>,
    subject: &str,
) -> Vec<Check> {
    let accesses = access(lists, pods, secret);
    let others = accesses
        .iter()
        .filter(|access| !is_expected(&access.subject, secret.namespace));
    let join = |texts: &std::collections::BTreeSet<String>| {
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        texts.join("; ")
    };
    let checks: Vec<_> = others
        .map(|access| {
            let through = join(&access.through);
            let message = format!(
                "{} can read the key: {} ({through})",
                access.subject,
                join(&access.ways)
            );
            Check::finding(CHECK, subject, message)
                .why("whoever has the key can decrypt every secret in the repository and in its history")
                .fix("bind a Role in the namespaces where it is needed instead, and delete the binding or the pod; then check with `sops-rs flux verify --access`")
        })
        .collect();
    match checks.is_empty() {
        true if subject == MANIFESTS => vec![Check::unknown(CHECK, subject, UNSEEN)],
        true => {
            let message =
                "no account outside kube-system can read the key, except administrators and Flux";
            vec![Check::ok(CHECK, subject, message)]
        }
        false => checks,
    }
}

/// Whether a subject has to read the Secret, or controls the cluster in any case.
fn is_expected(subject: &RbacSubject, namespace: &str) -> bool {
    let RbacSubject {
        kind,
        namespace: own,
        name,
    } = subject;
    match &**kind {
        "Group" => ["system:masters", "system:nodes", "kubeadm:cluster-admins"].contains(&&**name),
        // Only components of the control plane have such names.
        "User" => {
            name.starts_with("system:")
                && name != "system:anonymous"
                && !name.starts_with("system:serviceaccount:")
        }
        "ServiceAccount" => match own.as_deref() {
            Some("kube-system") => name != "default",
            own => own == Some(namespace) && CONTROLLERS.contains(&&**name),
        },
        _ => false,
    }
}

/// The roles that every cluster has, as far as they give access to Secrets. Manifests bind them
/// without defining them.
pub(super) fn built_in_roles() -> Vec<Value> {
    let whole = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
    let part = json!([
        {"verbs": ["get", "list", "watch", "create", "update", "patch"], "apiGroups": [""],
         "resources": ["secrets", "pods", "pods/exec", "pods/attach"]},
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["serviceaccounts"]},
        {"verbs": ["create", "update", "patch"], "apiGroups": ["apps", "batch"], "resources": ["*"]},
    ]);
    [("cluster-admin", &whole), ("admin", &part), ("edit", &part)]
        .map(|(name, rules)| json!({"metadata": {"name": name}, "rules": rules}))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_others_are_reported() {
        for (subject, is_other) in [
            (
                json!({"kind": "ServiceAccount", "name": "kustomize-controller", "namespace": "flux-system"}),
                false,
            ),
            (
                json!({"kind": "ServiceAccount", "name": "kustomize-controller", "namespace": "web"}),
                true,
            ),
            (
                json!({"kind": "ServiceAccount", "name": "default", "namespace": "flux-system"}),
                true,
            ),
            (
                json!({"kind": "ServiceAccount", "name": "helm", "namespace": "kube-system"}),
                false,
            ),
            (
                json!({"kind": "Group", "name": "kubeadm:cluster-admins"}),
                false,
            ),
            (
                json!({"kind": "Group", "name": "system:authenticated"}),
                true,
            ),
            (
                json!({"kind": "User", "name": "system:kube-controller-manager"}),
                false,
            ),
            (json!({"kind": "User", "name": "system:anonymous"}), true),
            (json!({"kind": "User", "name": "ann"}), true),
        ] {
            let binding = json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [subject]});
            let lists = RbacLists {
                cluster_roles: built_in_roles(),
                cluster_role_bindings: vec![binding],
                ..RbacLists::default()
            };
            let secret = SecretName {
                namespace: "flux-system",
                name: "sops-age",
            };
            let checks = checks(&lists, &[], &secret, "cluster");
            assert_eq!(checks.len(), 1);
            assert_eq!(checks[0].is_finding(), is_other, "{subject}");
        }
    }
}
