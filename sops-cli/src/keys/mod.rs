//! Master keys: the services that encrypt and decrypt with them (`services.rs`, `local.rs`, and
//! `unprompted.rs` for those that never ask), the log of what they do (`log.rs`), how they are shown
//! (`names.rs`), the user's own (`own.rs`), and the checks that a command makes before it encrypts a data key for them.

pub(crate) mod agreement;
pub(crate) mod changes;
pub(crate) mod damaged;
pub(crate) mod groups;
#[cfg(feature = "keyservice")]
pub(crate) mod local;
pub(crate) mod lockout;
mod log;
pub(crate) mod names;
pub(crate) mod own;
pub(crate) mod services;
pub(crate) mod unprompted;
mod weakness;
