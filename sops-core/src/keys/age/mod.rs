//! The family age: recipients, identities, and the age files in which data keys are stored.
//!
//! The formats are those of <https://age-encryption.org/v1>, with the crate `age` at work beneath. SOPS stores one age file for
//! each recipient.

#[cfg(feature = "pq")]
mod hybrid;
mod identities;
mod identity;
mod keygen;
mod locked;
#[cfg(feature = "plugin")]
mod plugin;
mod recipient;
mod service;
mod source;
#[cfg(feature = "ssh")]
mod ssh;
mod trial;

pub use identities::{Held, Identities, SourceReport};
#[cfg(feature = "pq")]
pub use keygen::generate_hybrid;
pub use keygen::{KeyPair, generate_x25519};
pub use recipient::Recipient;

pub(crate) use identity::Layout;
pub(crate) use recipient::{holds_private_key, shortened};
pub(crate) use source::{Content, Source};

/// The first line of an ASCII-armoured age file.
const ARMOR_BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// The largest key file that is read, as `sops` has it: 16 MiB.
pub(crate) const KEY_FILE_LIMIT: u64 = 1 << 24;
