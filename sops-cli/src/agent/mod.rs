//! The agent: a key service in the background that keeps unlocked keys.
//!
//! `socket.rs` says where it listens, `service.rs` answers requests and instructions,
//! `data_keys.rs` keeps decrypted data keys, `answers.rs` remembers what the user answered to
//! plugins, `askpass.rs` asks in a window, `limits.rs` and `clock.rs` determine for how long,
//! `client.rs` uses it, and `control.rs` instructs it.

mod answers;
pub(crate) mod askpass;
pub(crate) mod client;
mod clock;
pub(crate) mod control;
mod data_keys;
mod limits;
pub(crate) mod service;
pub(crate) mod socket;

pub(crate) use limits::Limits;
