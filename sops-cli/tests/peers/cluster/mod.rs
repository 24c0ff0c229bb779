//! The commands that talk to a cluster, with a real API server. `etcd`, `kube-apiserver`, `kubectl`
//! and `openssl` must be on the PATH.

mod apply;
mod credentials;
mod doctor;
mod install_key;
mod policies;
mod rebuild;
mod refusals;
mod render;
mod rotate_key;
mod sealed_secrets;
mod server;
mod strict_schema;
mod verify;
mod walk;

use server::CLUSTER;
