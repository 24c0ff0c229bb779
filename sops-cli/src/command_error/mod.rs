//! The errors that users see. `error.rs` builds one, `core_error.rs` maps the errors of `sops_core`
//! to messages, hints and exit codes, `usage.rs` makes those of clap safe to show, and `render.rs`
//! writes a report. `repeated.rs` joins the equal errors of many files, and `wrapping.rs` breaks
//! long lines.

mod code;
mod core_error;
mod error;
mod names;
mod render;
mod repeated;
pub(crate) mod usage;
mod wrapping;

pub(crate) use code::Code;
pub(crate) use core_error::Role;
pub(crate) use error::{CommandError, Pointer};
pub(crate) use names::{STANDARD_INPUT, files_named, name_of, reason};
pub(crate) use render::MESSAGE_COLUMNS;
pub(crate) use wrapping::wrapped;
