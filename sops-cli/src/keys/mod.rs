//! Master keys: the services that encrypt and decrypt with them (`services.rs`, `cloud.rs`,
//! `local.rs`, and `unprompted.rs` for services that never ask), their log (`log.rs`), their names
//! in messages (`names.rs`), the user's own keys (`own.rs`), what to do without a suitable key
//! (`hints.rs`), and the checks before a data key is encrypted for them.

pub(crate) mod agreement;
pub(crate) mod changes;
mod cloud;
pub(crate) mod damaged;
pub(crate) mod groups;
mod hints;
#[cfg(feature = "keyservice")]
pub(crate) mod local;
pub(crate) mod lockout;
mod log;
pub(crate) mod names;
pub(crate) mod own;
pub(crate) mod services;
pub(crate) mod unprompted;
mod weakness;
