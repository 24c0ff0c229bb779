//! Compares two versions of a document by key path: `contents.rs` has the values of a version and
//! which of them are secret, `alignment.rs` determines which items of two lists correspond, and
//! `values.rs` finds the changes, at the paths of `path.rs`. `access.rs` compares who can decrypt,
//! and which values are encrypted.
//!
//! ```
//! use sops_core::Format;
//! use sops_core::compare::{ChangeKind, Contents, compare_values};
//!
//! let old = Contents::of_plaintext(b"user: web\nhosts: [a, b]\n", Format::Yaml)?;
//! let new = Contents::of_plaintext(b"hosts: [c, a, b]\nuser: shop\n", Format::Yaml)?;
//! let changes = compare_values(&old, &new);
//! assert_eq!(changes[0].path.to_string(), "user");
//! assert!(matches!(changes[0].kind, ChangeKind::Changed { .. }));
//! assert_eq!(changes[1].path.to_string(), "hosts[0]");
//! assert!(matches!(changes[1].kind, ChangeKind::Added(_)));
//! # Ok::<(), sops_core::Error>(())
//! ```

mod access;
mod alignment;
mod contents;
mod path;
mod values;

pub use access::{AccessChanges, DataKeyChange};
pub use contents::{ComparedValue, Contents};
pub use path::{PathStep, ValuePath};
pub use values::{ChangeKind, ComparedLeaf, ValueChange, compare_values};
