//! Access to a Kubernetes cluster: the connection, the requests to its API server, and their
//! errors.
//!
//! This module handles objects, not files or keys. Commands start requests with [`run`].

mod args;
mod certificate;
mod connection;
mod credentials;
mod error;
mod kinds;
mod kubeconfig;
mod masking;
mod object;
mod server_side_apply;

pub(crate) use args::ClusterArgs;
pub(crate) use connection::{Cluster, Security, run};
pub(crate) use error::ApiFailure;
pub(crate) use kinds::{Kinds, ResourceKind};
pub(crate) use kubeconfig::missing_kubeconfig;
pub(crate) use object::{ClusterObject, ResourcePath};
pub(crate) use server_side_apply::{Applied, ApplyOutcome, ServerSideApply, was_applied};
