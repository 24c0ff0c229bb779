//! Every error that a user can meet. `error.rs` builds one, `core_error.rs` maps the errors of `sops_core` to messages, hints and exit codes,
//! `usage.rs` makes those of clap safe to show, and `render.rs` writes a report.

mod code;
mod core_error;
mod error;
mod names;
mod render;
pub(crate) mod usage;

pub(crate) use code::Code;
pub(crate) use core_error::Role;
pub(crate) use error::{CommandError, Pointer};
#[cfg(feature = "kube")]
pub(crate) use names::reason;
pub(crate) use names::{files_named, name_of};
