//! Master keys: who can open a document.
//!
//! A master key encrypts the data key of a document, so that the holder of its private half gets at the values. A
//! document lists its master keys in one key group, any key of which opens it; or in several, of which a threshold has
//! to be opened, since each holds only a share of the data key.
//!
//! What belongs in this folder: one module a family of master keys (`age`; other families' keys are kept as they are),
//! where private keys are looked for (`sources`, `environment`, `command`), how a person is asked for a passphrase
//! (`prompt`), and how the data key is wrapped for key groups and recovered from them (`data_key`, `shamir`). Nothing
//! here knows the format of a document.

pub mod age;
mod command;
mod environment;
mod prompt;
pub mod shamir;
mod sources;

pub use age::{Identities, Recipient};
pub use environment::Environment;
pub use prompt::{NoPrompt, Prompt};
