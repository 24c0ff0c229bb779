//! Master keys: who can open a document.
//!
//! A master key encrypts the data key of a document, so that the holder of its private half gets at the values. A
//! document lists its master keys in one key group, any key of which opens it; or in several, of which a threshold has
//! to be opened, since each holds only a share of the data key.
//!
//! What belongs in this folder: what names a master key of any family (`family`, `master_key`, `same_key`) and how a document lists it
//! (`wrapped_key`); who encrypts and decrypts with master keys (`service`), one module a family that is used here (`age`, `pgp`);
//! where private keys are looked for (`sources`, `environment`, `command`), how a person is asked for a passphrase
//! (`prompt`), how the data key is wrapped for key groups and recovered from them (`data_key`, `shamir`), and how
//! much work that may cause (`budget`). Nothing
//! here knows the format of a document.

pub mod age;
mod budget;
mod command;
mod data_key;
mod environment;
mod family;
mod master_key;
mod opened;
mod pgp;
mod prompt;
mod same_key;
mod service;
pub mod shamir;
mod sources;
mod wrapped_key;

pub use age::{Identities, Recipient};
pub use budget::Budget;
pub use data_key::{DataKey, recover_data_key, wrap_data_key};
pub use environment::Environment;
pub use family::Family;
pub use master_key::MasterKey;
pub use opened::Opened;
pub use pgp::Gpg;
pub use prompt::{NoPrompt, Prompt};
pub use same_key::CanonicalKey;
pub use service::{Effort, KeyService, KeyServices};
pub use sources::key_files;
pub use wrapped_key::{KeyGroup, WrappedKey};
