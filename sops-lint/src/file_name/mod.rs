//! Guesses from a file's name what the file is, for the lint and not for SOPS: a copy, a manifest
//! with another letter case, prose.

mod companion;
mod copy;
mod copy_marks;
mod format;
mod host;
mod leftover;
mod lower_case;
mod prose;

pub(crate) use companion::{is_companion, is_sample, manifest_before, may_be_notes};
pub(crate) use copy::originals;
pub(crate) use format::named;
pub(crate) use host::{is_host_configuration, is_in_host_directory};
pub(crate) use leftover::is_leftover;
pub(crate) use prose::{is_patch, is_prose};
