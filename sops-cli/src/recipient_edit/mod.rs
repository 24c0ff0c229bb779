//! Adds recipients to a `.sops.yaml`, and removes them, without a change to anything else.
//! `occurrence.rs` finds the recipients with their names, `adding.rs` and `removal.rs` change one
//! list, `naming.rs` changes a name, and `change.rs` changes all selected rules and checks the
//! result. `names.rs` has the names for messages about files.

mod adding;
mod change;
mod names;
mod naming;
mod occurrence;
mod removal;

pub(crate) use change::{RecipientChange, RuleSelection, has_age, rules_for};
pub(crate) use names::{NamesByConfig, RecipientNames, checked_name, is_same_name, shown};
pub(crate) use occurrence::{Occurrence, occurrences};
