//! Merges three versions of an encrypted file, in memory and without Git.
//!
//! The MAC covers neither the recipients nor the settings, and a branch is untrusted input. So the
//! MAC of every version is verified first, no data key is encrypted for a recipient that was not
//! approved, and a value that one side encrypts never becomes plaintext.
//!
//! The plaintexts are merged by key path (`three_way/`) over outlines of their text (`outline/`),
//! so that layout and comments of both sides stay. `recipients.rs` decides who can decrypt the
//! result and under which data key, `settings.rs` which values are encrypted. The result is
//! encrypted like any other change, with the ciphertexts of both sides in the cache.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use sops_core::keys::{Identities, age::generate_x25519};
//! use sops_core::merge::{Approval, ConfiguredKeys, Markers, Versions, merge};
//! use sops_core::{EncryptedDocument, Encryption, Format, MacCheck, decrypt, encrypt};
//!
//! let pair = generate_x25519();
//! let identities = Identities::from(pair.identity);
//! let recipient = pair.recipient.clone();
//! let base = encrypt("a: 1\nb: 1\n", Format::Yaml, &Encryption::to([pair.recipient]))?;
//! let edited = |plaintext: &str| {
//!     let document = EncryptedDocument::parse(&base, Format::Yaml)?;
//!     let open = document.open(document.data_key(&identities)?, MacCheck::Require)?;
//!     open.encrypt(plaintext, SystemTime::now())
//! };
//! let (ours, theirs) = (edited("a: 2\nb: 1\n")?, edited("a: 1\nb: 1\nc: 3\n")?);
//!
//! let versions = Versions {
//!     base: Some(base.as_bytes()),
//!     ours: ours.as_bytes(),
//!     theirs: theirs.as_bytes(),
//!     format: Format::Yaml,
//! };
//! // The keys of the creation rule. No data key is encrypted for anyone else.
//! let named = || ConfiguredKeys { groups: vec![vec![recipient.clone().into()]], threshold: None };
//! let approval = Approval::Configured(&named);
//! let now = SystemTime::now();
//! let merged = merge(&versions, &identities, &approval, &Markers::default(), now)
//!     .expect("the versions are encrypted");
//! assert!(merged.problems.is_empty());
//! assert_eq!(*decrypt(&merged.text, Format::Yaml, &identities)?, b"a: 2\nb: 1\nc: 3\n");
//! # Ok::<(), sops_core::Error>(())
//! ```

mod alignment;
mod comments;
mod driver;
mod edits;
mod exposure;
#[cfg(test)]
mod laws;
mod layout;
mod markers;
mod outline;
mod plaintext;
mod problem;
mod recipients;
mod resolution;
mod settings;
mod side;
mod three_way;
mod without_key;
mod writing;

pub use driver::{MergeOutcome, merge, unmerged};
pub use markers::{Markers, with_markers};
pub use problem::{Conflict, ConflictKind, MergeNote, MergeProblem, SideName, Version};
pub use recipients::{Approval, ConfiguredKeys};
pub use resolution::{Choices, ChooseSide, OpenMerge, ResolvedFile};
pub use side::Versions;
