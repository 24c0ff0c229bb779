//! The key that kustomize-controller has for all Kustomizations.

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::Value;
use sops_lint::flux::FluxTree;

use crate::cluster::{Cluster, ResourcePath};

/// The argument that names the Secret.
const FLAG: &str = "--sops-age-secret";

/// Where the controller gets its own keys from.
pub(crate) enum ControllerKey {
    /// The Secret, in the controller's namespace.
    Secret(String),
    /// The controller runs without a key of its own.
    None,
    Unknown,
}

impl ControllerKey {
    /// The key of the controller in that namespace of the cluster or, if it has none, in the
    /// repository.
    pub(crate) async fn find(cluster: Option<(&Cluster, &str)>, tree: &FluxTree) -> Self {
        if let Some((cluster, namespace)) = cluster {
            let target = ResourcePath::of::<Deployment>(Some(namespace), "kustomize-controller");
            // Without permission to read the Deployment, only the repository counts.
            if let Ok(Some(deployment)) = cluster.get(&target).await {
                return Self::of(&deployment);
            }
        }
        let mut secrets = tree.controller_secrets().into_iter();
        match (secrets.next(), secrets.next()) {
            (Some(secret), None) => Self::Secret(secret.to_owned()),
            _ => Self::Unknown,
        }
    }

    fn of(deployment: &Value) -> Self {
        let containers = deployment["spec"]["template"]["spec"]["containers"].as_array();
        let arguments = containers.into_iter().flatten().flat_map(|container| {
            let lists = ["command", "args"].map(|key| container[key].as_array());
            lists
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(Value::as_str)
        });
        let arguments: Vec<&str> = arguments.collect();
        let mut named = arguments
            .iter()
            .enumerate()
            .filter_map(|(index, argument)| match argument.strip_prefix(FLAG)? {
                "" => arguments.get(index + 1).copied(),
                value => value.strip_prefix('='),
            });
        named
            .next()
            .filter(|name| !name.is_empty())
            .map_or(Self::None, |name| Self::Secret(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_arguments_of_the_controller_name_its_secret() {
        for (arguments, expected) in [
            (
                json!(["--log-level=info", "--sops-age-secret=sops-age"]),
                Some("sops-age"),
            ),
            (json!(["--sops-age-secret", "keys"]), Some("keys")),
            (json!(["--sops-age-secret="]), None),
            (json!(["--sops-age-secrets=x"]), None),
            (json!([]), None),
        ] {
            let deployment =
                json!({"spec": {"template": {"spec": {"containers": [{"args": arguments}]}}}});
            let name = match ControllerKey::of(&deployment) {
                ControllerKey::Secret(name) => Some(name),
                _ => None,
            };
            assert_eq!(name.as_deref(), expected, "{arguments}");
        }
    }
}
