//! Permissions in a cluster: roles and bindings, and who can read a Secret.
//!
//! The objects come from an API server or from manifests.

mod access;
mod lists;
mod secret_name;

pub(crate) use access::access;
#[cfg(feature = "kube")]
pub(crate) use access::{Access, table as access_table};
pub(crate) use lists::{RbacLists, RbacSubject};
pub(crate) use secret_name::SecretName;
