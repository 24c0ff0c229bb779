//! Finds the `.sops.yaml` that governs a file, and compares it with the file's metadata. `load.rs`
//! reads the configuration that the user names or that the working directory has, `nearest.rs`
//! finds the one above each file, and `resolve.rs` decides between them. `nearer.rs` warns about a
//! nearer configuration that does not apply, and `near_miss.rs` explains why a rule does not match.

pub(crate) mod load;
pub(crate) mod near_miss;
pub(crate) mod nearer;
pub(crate) mod nearest;
mod owner;
pub(crate) mod resolve;
pub(crate) mod rule_drift;
pub(crate) mod stores;
pub(crate) mod working_dir;
