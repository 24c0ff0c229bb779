//! The kinds of objects that a cluster supports.

use std::collections::HashMap;
use std::time::Duration;

use kube::core::GroupVersionKind;
use kube::core::discovery::ApiResource;
use kube::discovery::{Scope, pinned_kind};
use tokio::time::{Instant, sleep};

use super::connection::Cluster;
use super::error::ApiFailure;
use super::object::ClusterObject;

/// How long to wait until the kind of a new CRD is available.
const ESTABLISHED: Duration = Duration::from_secs(30);

/// The kinds that were looked up.
pub(crate) struct Kinds<'a> {
    cluster: &'a Cluster,
    known: HashMap<GroupVersionKind, ResourceKind>,
}

/// A kind that the cluster supports.
#[derive(Clone)]
pub(crate) struct ResourceKind {
    pub(crate) resource: ApiResource,
    pub(crate) is_namespaced: bool,
}

impl<'a> Kinds<'a> {
    pub(crate) fn of(cluster: &'a Cluster) -> Self {
        Self {
            cluster,
            known: HashMap::new(),
        }
    }

    /// The kind of an object; `None` if the cluster does not support it.
    pub(crate) async fn find(
        &mut self,
        object: &ClusterObject,
    ) -> Result<Option<ResourceKind>, ApiFailure> {
        let (group, version) = match object.api_version().split_once('/') {
            Some(parts) => parts,
            None => ("", object.api_version()),
        };
        let wanted = GroupVersionKind::gvk(group, version, object.kind());
        if let Some(kind) = self.known.get(&wanted) {
            return Ok(Some(kind.clone()));
        }
        match pinned_kind(&self.cluster.client, &wanted).await {
            Ok((resource, capabilities)) => {
                let kind = ResourceKind {
                    resource,
                    is_namespaced: capabilities.scope == Scope::Namespaced,
                };
                self.known.insert(wanted, kind.clone());
                Ok(Some(kind))
            }
            Err(kube::Error::Discovery(_)) => Ok(None),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(self.cluster.error(&error, "the list of kinds", None)),
        }
    }

    /// Like [`Self::find`], but waits for a CRD that was just applied.
    pub(crate) async fn wait(
        &mut self,
        object: &ClusterObject,
    ) -> Result<Option<ResourceKind>, ApiFailure> {
        let end = Instant::now() + ESTABLISHED;
        loop {
            let kind = self.find(object).await?;
            if kind.is_some() || Instant::now() >= end {
                return Ok(kind);
            }
            sleep(Duration::from_millis(250)).await;
        }
    }
}
