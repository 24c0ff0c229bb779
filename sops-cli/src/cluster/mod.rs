//! A Kubernetes cluster: how it is reached, the requests to its API server, and the errors when the server refuses one.
//!
//! What belongs here knows objects, not files or keys; commands start the work with [`run`].

mod args;
mod certificate;
mod connection;
mod credentials;
mod error;
mod kinds;
mod kubeconfig;
mod object;
mod server_side_apply;

pub(crate) use args::ClusterArgs;
pub(crate) use connection::{Cluster, Security, run};
pub(crate) use error::ApiFailure;
pub(crate) use kinds::{Kinds, ResourceKind};
pub(crate) use object::{ClusterObject, ResourcePath};
pub(crate) use server_side_apply::{Applied, ApplyOutcome, ServerSideApply, was_applied};
