//! The objects in the manifests of a repository, and the checks that need all of them.

use serde_json::Value;

use super::network_policy::{self, CONTROLLER};
use super::report::Check;
use super::{default_accounts, readers, sources};
use crate::rbac::{RbacLists, SecretName};

/// The objects that the checks read.
#[derive(Default)]
pub(super) struct Manifests {
    sources: Vec<Check>,
    lists: RbacLists,
    policies: Vec<Value>,
    controllers: Vec<Value>,
    /// A kustomization that changes NetworkPolicies, whose result is not known here.
    patches_policies: bool,
}

impl Manifests {
    /// Adds an object, or the items of a list. `file` is the name in messages.
    pub(super) fn add(&mut self, file: &str, object: Value) {
        let mut rest = vec![object];
        while let Some(mut object) = rest.pop() {
            let is_list = object["kind"]
                .as_str()
                .is_some_and(|kind| kind.ends_with("List"));
            match object.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) if is_list => rest.extend(items.into_iter().rev()),
                _ => self.add_one(file, object),
            }
        }
    }

    fn add_one(&mut self, file: &str, object: Value) {
        let kind = object["kind"].as_str().unwrap_or_default();
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let subject = format!("{file}: {}/{name}", kind.to_lowercase());
        self.sources.extend(sources::check(&object, &subject));
        match kind {
            "Role" => self.lists.roles.push(object),
            "ClusterRole" => self.lists.cluster_roles.push(object),
            "RoleBinding" => self.lists.role_bindings.push(object),
            "ClusterRoleBinding" => self.lists.cluster_role_bindings.push(object),
            "NetworkPolicy" => self.policies.push(object),
            "Deployment" if name == CONTROLLER => self.controllers.push(object),
            "Kustomization" if mentions_policy(&object) => self.patches_policies = true,
            _ => {}
        }
    }

    pub(super) fn checks(mut self, secret: &SecretName<'_>) -> Vec<Check> {
        let mut checks = self.sources;
        for controller in &self.controllers {
            let namespace = &controller["metadata"]["namespace"];
            let policies: Vec<&Value> = self
                .policies
                .iter()
                .filter(|policy| policy["metadata"]["namespace"] == *namespace)
                .collect();
            let subject = "manifests";
            checks.push(match self.patches_policies {
                true => Check::unknown(
                    "network-policy",
                    subject,
                    "a kustomization changes NetworkPolicies: check the result in the cluster",
                ),
                false => network_policy::check(
                    &policies,
                    &network_policy::labels_of(controller),
                    subject,
                ),
            });
        }
        if !self.lists.role_bindings.is_empty() || !self.lists.cluster_role_bindings.is_empty() {
            let defined = &self.lists.cluster_roles;
            let missing: Vec<Value> = readers::built_in_roles()
                .into_iter()
                .filter(|role| {
                    let name = &role["metadata"]["name"];
                    defined.iter().all(|own| own["metadata"]["name"] != *name)
                })
                .collect();
            self.lists.cluster_roles.extend(missing);
            checks.extend(readers::checks(
                &self.lists,
                &[],
                secret,
                readers::MANIFESTS,
            ));
            checks.extend(default_accounts::checks(&self.lists, readers::MANIFESTS));
        }
        checks
    }
}

/// Whether a kustomization of kustomize has a patch for a NetworkPolicy.
fn mentions_policy(kustomization: &Value) -> bool {
    let patches = ["patches", "patchesStrategicMerge", "patchesJson6902"];
    patches
        .iter()
        .any(|key| kustomization[*key].to_string().contains("NetworkPolicy"))
}
