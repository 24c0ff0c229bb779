//! The agent: a key service in the background that keeps unlocked keys.
//!
//! `socket.rs` says where the agent listens, and `service.rs` answers requests and instructions.
//! `data_keys.rs` keeps decrypted data keys, and `answers.rs` remembers what the user answered to
//! plugins; `limits.rs` and `clock.rs` determine for how long. `askpass.rs` asks in a window.
//! `client.rs` connects to an agent, and `control.rs` instructs the running one.

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
