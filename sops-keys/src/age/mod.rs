//! The age key family: recipients, identities, and the age files that hold data keys.
//!
//! The formats are those of <https://age-encryption.org/v1>; the crate `age` implements most of
//! them. SOPS stores one age file for each recipient.
//!
//! This directory contains public keys (`recipient`, `tagged`, `low_order`) and private keys
//! (`identity`, `ssh`, `hybrid`, `plugin`, `key_pair`); keys as text (`bech32_key`, `seed`) and on
//! paper (`shares`); age files and their stanzas (`age_file`, `stanza`); the sources of identities
//! (`discovery`, `key_file`, `command`, `protected_file`, `passphrase`, `source`, `source_list`,
//! `source_report`, `text_search`); and the decryption of a file with a set of identities
//! (`identities`, `decryption_attempt`, `service`, `unlocking`).

pub(crate) mod age_file;
mod bech32_key;
mod command;
mod decryption_attempt;
mod discovery;
#[cfg(feature = "pq")]
mod hybrid;
mod identities;
mod identity;
mod key_file;
mod key_pair;
mod low_order;
mod passphrase;
#[cfg(feature = "plugin")]
mod plugin;
mod protected_file;
mod recipient;
mod seed;
mod service;
mod shares;
mod source;
mod source_list;
mod source_report;
#[cfg(feature = "ssh")]
mod ssh;
mod stanza;
#[cfg(feature = "tag")]
mod tagged;
mod text_search;
mod unlocking;

pub use discovery::key_files;
pub use identities::Identities;
pub use identity::Identity;
#[cfg(feature = "pq")]
pub use key_pair::generate_hybrid;
pub use key_pair::{KeyPair, generate_x25519};
pub use recipient::Recipient;
pub use shares::{join_shares, split_key};
pub use source_report::{Held, NO_PASSPHRASE, SourceReport, WRONG_PASSPHRASE};
