//! Where files are published to servers.

use std::fmt;

use sops_keys::Family;

/// Where the content of a file is published. Text from a configuration is used as `sops` uses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Destination {
    /// An object in a bucket of Amazon S3.
    S3 {
        /// The name of the bucket.
        bucket: String,
        /// The name of the object.
        key: String,
    },
    /// An object in a bucket of Google Cloud Storage.
    Gcs {
        /// The name of the bucket.
        bucket: String,
        /// The name of the object.
        object: String,
    },
    /// A secret in a key-value engine of HashiCorp Vault or OpenBao.
    VaultKv(VaultSecret),
}

/// A secret in a key-value engine of HashiCorp Vault or OpenBao. Its content is a JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VaultSecret {
    /// The server, if a configuration names it; otherwise, it is the one in `VAULT_ADDR`.
    pub address: Option<String>,
    /// The path of the engine.
    pub mount: String,
    /// Whether the engine keeps versions of its secrets, which is its version 2.
    pub has_versions: bool,
    /// The path of the secret below the engine.
    pub path: String,
}

impl Destination {
    /// The family of keys whose credentials are used.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::S3 { .. } => Family::Kms,
            Self::Gcs { .. } => Family::GcpKms,
            Self::VaultKv(_) => Family::HcVault,
        }
    }
}

/// What happened to published content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Published {
    /// The destination has the new content.
    Written,
    /// The destination already had this content.
    Unchanged,
}

/// Why content was not published, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishError(pub(crate) String);

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PublishError {}
