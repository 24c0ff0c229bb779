//! The checks of a running cluster.

use serde_json::Value;

use super::network_policy::{self, CONTROLLER};
use super::report::Check;
use super::{default_accounts, encryption, metrics, readers, sources};
use crate::cluster::{ApiFailure, Cluster, ResourcePath};
use crate::command_error::CommandError;
use crate::rbac::{RbacLists, SecretName};

const SUBJECT: &str = "cluster";

/// Checks the cluster as far as the user may read it.
///
/// # Errors
/// The API server cannot be reached, or rejects the credentials.
pub(crate) async fn check_cluster(
    cluster: &Cluster,
    secret: &SecretName<'_>,
) -> Result<Vec<Check>, CommandError> {
    let namespace =
        ResourcePath::of::<k8s_openapi::api::core::v1::Secret>(Some(secret.namespace), secret.name)
            .namespace_path()?;
    let mut online = Online {
        cluster,
        checks: Vec::new(),
    };
    online.encryption().await?;
    online.sources().await?;
    online.network(&namespace).await?;
    online.permissions(&namespace, secret).await?;
    Ok(online.checks)
}

struct Online<'a> {
    cluster: &'a Cluster,
    checks: Vec<Check>,
}

impl Online<'_> {
    async fn encryption(&mut self) -> Result<(), CommandError> {
        let text = self.cluster.text("/metrics").await;
        if let Some(text) = self.known(encryption::CHECK, text)? {
            self.checks.push(metrics::check(&text, SUBJECT));
        }
        Ok(())
    }

    async fn sources(&mut self) -> Result<(), CommandError> {
        for (plural, kind) in [
            ("gitrepositories", "GitRepository"),
            ("ocirepositories", "OCIRepository"),
        ] {
            let path = format!("/apis/source.toolkit.fluxcd.io/v1/{plural}");
            let Some(sources) = self.list("source-verification", &path, kind).await? else {
                continue;
            };
            for source in &sources {
                let part = |key: &str| source["metadata"][key].as_str().unwrap_or_default();
                let subject = format!(
                    "{SUBJECT}: {}/{}/{}",
                    kind.to_lowercase(),
                    part("namespace"),
                    part("name")
                );
                self.checks.extend(sources::check(source, &subject));
            }
        }
        Ok(())
    }

    async fn network(&mut self, namespace: &str) -> Result<(), CommandError> {
        let check = "network-policy";
        let path = format!("/apis/apps/v1{namespace}/deployments");
        let Some(deployments) = self.list(check, &path, "Deployment").await? else {
            return Ok(());
        };
        let controller = deployments
            .iter()
            .find(|deployment| deployment["metadata"]["name"] == CONTROLLER);
        let Some(controller) = controller else {
            let message = "kustomize-controller does not run in the namespace of the key";
            self.checks.push(Check::unknown(check, SUBJECT, message));
            return Ok(());
        };
        let path = format!("/apis/networking.k8s.io/v1{namespace}/networkpolicies");
        if let Some(policies) = self.list(check, &path, "NetworkPolicy").await? {
            let policies: Vec<&Value> = policies.iter().collect();
            let labels = network_policy::labels_of(controller);
            self.checks
                .push(network_policy::check(&policies, &labels, SUBJECT));
        }
        Ok(())
    }

    async fn permissions(
        &mut self,
        namespace: &str,
        secret: &SecretName<'_>,
    ) -> Result<(), CommandError> {
        let check = "secret-readers";
        let mut lists = RbacLists::default();
        for (plural, kind, list) in [
            ("roles", "Role", &mut lists.roles),
            ("clusterroles", "ClusterRole", &mut lists.cluster_roles),
            ("rolebindings", "RoleBinding", &mut lists.role_bindings),
            (
                "clusterrolebindings",
                "ClusterRoleBinding",
                &mut lists.cluster_role_bindings,
            ),
        ] {
            let path = format!("/apis/rbac.authorization.k8s.io/v1/{plural}");
            match self.list(check, &path, kind).await? {
                Some(objects) => *list = objects,
                None => return Ok(()),
            }
        }
        self.checks
            .extend(default_accounts::checks(&lists, SUBJECT));
        let path = format!("/api/v1{namespace}/pods");
        if let Some(pods) = self.list(check, &path, "Pod").await? {
            let subject = format!("{SUBJECT}: secret/{}/{}", secret.namespace, secret.name);
            self.checks
                .extend(readers::checks(&lists, &pods, secret, &subject));
        }
        Ok(())
    }

    /// The objects of a list; none if the cluster does not have the kind. `None` if they are not
    /// known, for example because the user may not read them.
    async fn list(
        &mut self,
        check: &'static str,
        path: &str,
        kind: &'static str,
    ) -> Result<Option<Vec<Value>>, CommandError> {
        let list = self.cluster.list(path).await;
        let list = self.known(check, list)?;
        Ok(list.map(|list| {
            let lists = list.into_iter();
            lists
                .flat_map(|list| crate::flux::items(list, kind))
                .collect()
        }))
    }

    /// The answer, or a result that says why it is missing.
    fn known<T>(
        &mut self,
        check: &'static str,
        answer: Result<T, ApiFailure>,
    ) -> Result<Option<T>, CommandError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(ApiFailure { error, is_final }) if is_final => Err(error),
            Err(ApiFailure { error, .. }) => {
                self.checks
                    .push(Check::unknown(check, SUBJECT, error.summary()));
                Ok(None)
            }
        }
    }
}
