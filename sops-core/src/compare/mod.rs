//! Compares two versions of a document by key path: `contents.rs` has the values of a version with
//! whether each is secret, `alignment.rs` says which items of two lists belong together, and
//! `values.rs` finds the changes. `access.rs` compares who can decrypt, and which values are
//! encrypted.

mod access;
mod alignment;
mod contents;
mod values;

pub use access::{AccessChanges, DataKeyChange};
pub use contents::{ComparedValue, Contents};
pub use values::{ChangeKind, ComparedLeaf, PathStep, ValueChange, ValuePath, compare_values};
