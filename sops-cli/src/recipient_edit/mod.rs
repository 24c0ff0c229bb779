//! Adds recipients to a `.sops.yaml`, and removes them, without a change to anything else.
//! `occurrence.rs` finds the recipients with their names, `names.rs` shows them, `adding.rs` and `removal.rs` change one
//! list, and `change.rs` changes all selected rules and checks the result.

mod adding;
mod change;
mod names;
mod occurrence;
mod removal;

pub(crate) use change::{RecipientChange, RuleSelection, rules_for};
pub(crate) use names::{RecipientNames, shown};
pub(crate) use occurrence::{Occurrence, occurrences};
