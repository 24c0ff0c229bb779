//! The keys of SOPS files: data keys, and the master keys that decide who can decrypt a file.
//!
//! A *data key* encrypts the values of one file. A *master key* (age, PGP, or a cloud key)
//! encrypts the data key. A file lists its master keys either in one key group, any key of which
//! recovers the data key, or in several groups. Each of several groups holds only a share of the
//! data key, and the threshold says how many shares are needed.
//!
//! This crate does not know the format of a file. `sops-core` reads and writes the metadata that
//! lists the keys.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use sops_keys::age::generate_x25519;
//! use sops_keys::{DataKey, Identities, recover_data_key, wrap_data_key};
//!
//! let pair = generate_x25519();
//! let data_key = DataKey::generate();
//! let group = vec![pair.recipient.into()];
//! let wrapped = wrap_data_key(&data_key, &[group], None, &Identities::new(), SystemTime::now())?;
//!
//! let identities = Identities::from(pair.identity);
//! assert_eq!(recover_data_key(&wrapped, None, &identities)?.as_bytes(), data_key.as_bytes());
//! # Ok::<(), sops_keys::Error>(())
//! ```
//!
//! # Modules
//!
//! | Modules | Contents |
//! |---|---|
//! | `family`, `master_key`, `canonical_key`, `usable_key`, `spelling` | master keys of any family |
//! | `wrapped_key`, `encrypted_secret` | a master key with the secret that was encrypted for it |
//! | `data_key`, `key_wrapping`, `key_recovery`, `shamir` | the data key, and how key groups hold it |
//! | `service`, `service_fn`, `key_services`, `work_budget` | services that use master keys, and limits on their work |
//! | [`age`], `pgp` | the families whose private keys are used on this machine |
//! | `environment`, `prompt`, `decrypted_secret` | the context for finding and using a private key |
//! | [`slip39`], `gf256` | a private key as shares on paper, and the arithmetic of shares |
//! | [`identifier`], [`timestamp`], [`reading`] | untrusted text and files |
//! | `error`, `platform` | the error type, and the code that depends on the operating system |

pub mod age;
mod canonical_key;
mod data_key;
mod decrypted_secret;
mod encrypted_secret;
mod environment;
mod error;
mod family;
mod gf256;
pub mod identifier;
mod key_recovery;
mod key_services;
mod key_wrapping;
mod master_key;
mod pgp;
mod platform;
mod prompt;
pub mod reading;
mod service;
mod service_fn;
mod shamir;
pub mod slip39;
mod spelling;
pub mod timestamp;
mod usable_key;
mod work_budget;
mod wrapped_key;

pub use age::{Identities, Recipient};
pub use canonical_key::CanonicalKey;
pub use data_key::DataKey;
pub use decrypted_secret::DecryptedSecret;
pub use environment::Environment;
pub use error::{EntryPosition, Error, Result};
pub use family::Family;
pub use key_recovery::recover_data_key;
pub use key_services::KeyServices;
pub use key_wrapping::wrap_data_key;
pub use master_key::MasterKey;
pub use pgp::Gpg;
pub use prompt::{NoPrompt, Prompt};
pub use service::{Attempts, Effort, KeyService};
pub use service_fn::service_fn;
pub use work_budget::WorkBudget;
pub use wrapped_key::{KeyGroup, WrappedKey};
/// The crates whose types appear in this crate's signatures.
pub use {secrecy, serde_json, zeroize};

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
