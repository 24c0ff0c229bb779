//! Server-side apply, which sets the fields of an object and makes this program their manager.

use std::fmt;

use kube::api::{GetParams, ListParams, Patch, PatchParams, ValidationDirective};
use kube::core::Request;
use serde_json::Value;

use super::connection::Cluster;
use super::error::ApiFailure;
use super::object::{ClusterObject, ResourcePath};

const FIELD_MANAGER: &str = "sops-rs";

/// The options for applying objects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerSideApply {
    /// The server validates but changes nothing.
    pub(crate) dry_run: bool,
    /// Takes over fields of other managers.
    pub(crate) force: bool,
}

/// The effect of applying an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplyOutcome {
    Created,
    Configured,
    Unchanged,
}

/// The effect of applying an object, in the words of `kubectl`.
pub(crate) struct Applied<'a> {
    pub(crate) target: &'a ResourcePath,
    pub(crate) outcome: ApplyOutcome,
    pub(crate) dry_run: bool,
}

impl fmt::Display for Applied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            ApplyOutcome::Created => "created",
            ApplyOutcome::Configured => "configured",
            ApplyOutcome::Unchanged => "unchanged",
        };
        write!(f, "{} {outcome}", self.target)?;
        match self.dry_run {
            true => f.write_str(" (server dry run)"),
            false => Ok(()),
        }
    }
}

impl Cluster {
    /// The object in the cluster, if it exists.
    pub(crate) async fn get(&self, target: &ResourcePath) -> Result<Option<Value>, ApiFailure> {
        let error = |error: kube::Error| self.error(&error, &target.to_string(), None);
        let request = target
            .request()?
            .get(&target.name, &GetParams::default())
            .map_err(|cause| error(kube::Error::BuildRequest(cause)))?;
        match self.client.request::<Value>(request).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(cause) => Err(error(cause)),
        }
    }

    /// The list at a path of the API, in all namespaces; `None` if the API server does not know the
    /// path.
    pub(crate) async fn list(&self, path: &str) -> Result<Option<Value>, ApiFailure> {
        let resource = path.rsplit('/').next().unwrap_or(path);
        let error = |error: kube::Error| self.error(&error, resource, None);
        let request = Request::new(path)
            .list(&ListParams::default())
            .map_err(|cause| error(kube::Error::BuildRequest(cause)))?;
        match self.client.request(request).await {
            Ok(list) => Ok(Some(list)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(cause) => Err(error(cause)),
        }
    }

    /// The text at a path, such as the metrics.
    pub(crate) async fn text(&self, path: &str) -> Result<String, ApiFailure> {
        let subject = path.rsplit('/').next().unwrap_or(path);
        let error = |error: kube::Error| self.error(&error, subject, None);
        let request = Request::new(path)
            .list(&ListParams::default())
            .map_err(|cause| error(kube::Error::BuildRequest(cause)))?;
        self.client.request_text(request).await.map_err(error)
    }

    /// Applies the object and returns the effect.
    pub(crate) async fn apply(
        &self,
        options: ServerSideApply,
        target: &ResourcePath,
        object: &ClusterObject,
    ) -> Result<ApplyOutcome, ApiFailure> {
        let before = self.get(target).await?;
        let parameters = PatchParams {
            dry_run: options.dry_run,
            force: options.force,
            field_manager: Some(FIELD_MANAGER.to_owned()),
            // The server would otherwise silently drop a misspelled field.
            field_validation: Some(ValidationDirective::Strict),
        };
        let error = |error: kube::Error| self.error(&error, &target.to_string(), Some(object));
        let request = target
            .request()?
            .patch(&target.name, &parameters, &Patch::Apply(&object.json))
            .map_err(|cause| error(kube::Error::BuildRequest(cause)))?;
        let after: Value = self.client.request(request).await.map_err(error)?;
        let before = before.map(comparable);
        Ok(match before {
            None => ApplyOutcome::Created,
            Some(before) if before == comparable(after) => ApplyOutcome::Unchanged,
            Some(_) => ApplyOutcome::Configured,
        })
    }
}

/// Whether an earlier apply of this program set this entry of a Secret. Applying the Secret without
/// the entry would then remove it.
pub(crate) fn was_applied(secret: &Value, entry: &str) -> bool {
    let fields = secret["metadata"]["managedFields"].as_array();
    let mut own = fields
        .into_iter()
        .flatten()
        .filter(|fields| fields["manager"] == FIELD_MANAGER && fields["operation"] == "Apply");
    own.any(|fields| !fields["fieldsV1"]["f:data"][format!("f:{entry}")].is_null())
}

/// The object without the fields that the server and its controllers maintain, for comparison.
fn comparable(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for count in ["generation", "managedFields", "resourceVersion"] {
            metadata.remove(count);
        }
    }
    object
}
