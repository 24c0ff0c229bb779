//! Merges three versions of an encrypted file, in memory and without Git.
//!
//! The MAC covers neither the recipients nor the settings, and a branch is untrusted input. So the
//! MAC of every version is verified first, no data key is encrypted for a recipient that was not
//! approved, and a value that one side encrypts never becomes plaintext.
//!
//! [`three_way`] merges the plaintexts by key path over [`outline`]s of their text, so that layout
//! and comments of both sides stay. [`recipients`] decides who can decrypt the result and under
//! which data key, [`settings`] which values are encrypted. The result is encrypted like any other
//! change, with the ciphertexts of both sides in the cache.

mod alignment;
mod comments;
mod driver;
mod edits;
mod exposure;
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

pub use driver::{MergeOutcome, merge};
pub use markers::{Markers, with_markers};
pub use problem::{Conflict, ConflictKind, MergeNote, MergeProblem, SideName, Version};
pub use recipients::Approval;
pub use resolution::{Choices, ChooseSide, OpenMerge, ResolvedFile};
pub use side::Versions;
