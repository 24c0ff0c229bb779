//! Checks how a cluster handles its secrets. Everything that is read is untrusted, and no value is
//! ever part of a result.
//!
//! `target.rs` decides what a named file is, and `host.rs` knows where a server has its files. Each
//! other file has one check: on objects, which come from manifests or from a cluster, or on bytes.

mod audit_policy;
mod database;
mod default_accounts;
mod encryption;
mod host;
mod kube_apiserver;
mod manifests;
#[cfg(feature = "kube")]
mod metrics;
mod network_policy;
#[cfg(feature = "kube")]
mod online;
mod readers;
mod report;
mod server_config;
mod sources;
mod target;

pub(crate) use host::check_host;
#[cfg(feature = "kube")]
pub(crate) use online::check_cluster;
pub(crate) use report::{Check, DoctorReport};
pub(crate) use target::{Expected, check_paths};
