//! Encrypts and decrypts the data keys of SOPS files with keys on servers, and publishes files.
//!
//! [`CloudKeys`] is the [`KeyService`](sops_keys::KeyService) for all families that the crate is
//! built with. Each family has a cargo feature and a module:
//!
//! | Feature | Family | Module |
//! |---|---|---|
//! | `aws`, not on by default | AWS KMS, with AWS's SDK; Amazon S3 | `aws` |
//! | `azure` | Azure Key Vault and Managed HSM | `azure` |
//! | `gcp` | Google Cloud KMS; Google Cloud Storage | `gcp` |
//! | `hckms` | Huawei Cloud KMS | `hckms` |
//! | `vault` | the transit and key-value engines of HashiCorp Vault and OpenBao | `vault` |
//!
//! ```no_run
//! use sops_keys::{Environment, Family, KeyService, MasterKey};
//! use sops_kms::CloudKeys;
//!
//! let cloud = CloudKeys::new(Environment::process(), |warning| eprintln!("{warning}"));
//! cloud.contact_any_server();
//! let key = MasterKey::from_list(Family::HcVault, "https://vault.example.com:8200/v1/transit/keys/sops")?.remove(0);
//! let enc = cloud.encrypt(&key, &[0; 32])?;
//! assert!(enc.starts_with("vault:v1:"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A connection must be open within 10 seconds, and an answer complete within 30 seconds or, for
//! Vault, within `VAULT_CLIENT_TIMEOUT`. A server that exceeds one of these limits is not asked
//! again. If a group has several keys, the next one is tried when one fails or takes longer than
//! 300 milliseconds.

#[cfg(not(any(
    feature = "aws",
    feature = "azure",
    feature = "gcp",
    feature = "hckms",
    feature = "vault"
)))]
compile_error!("sops-kms needs at least one of its features");

#[cfg(any(feature = "azure", feature = "gcp"))]
mod access_token;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
mod cloud_keys;
#[cfg(feature = "gcp")]
mod gcp;
#[cfg(feature = "hckms")]
mod hckms;
#[cfg(feature = "hckms")]
mod ini;
mod provider;
mod publishing;
mod race;
mod reach;
#[cfg(any(
    feature = "azure",
    feature = "gcp",
    feature = "hckms",
    feature = "vault"
))]
mod secret_text;
mod transport;
mod variables;
#[cfg(feature = "vault")]
mod vault;
mod words;

pub use cloud_keys::CloudKeys;
pub use publishing::{Destination, PublishError, Published, VaultSecret};
/// The crate whose types are in this crate's signatures.
pub use sops_keys;

/// The name and version of this program, which servers get with each request.
#[cfg(any(
    feature = "aws",
    feature = "azure",
    feature = "gcp",
    feature = "hckms",
    feature = "vault"
))]
const USER_AGENT: http::HeaderValue =
    http::HeaderValue::from_static(concat!("sops-rs/", env!("CARGO_PKG_VERSION")));
