//! Key services over gRPC, as `sops` speaks it: others that are asked (`client`), and a program as one (`server`).
//!
//! What belongs in this crate: the protocol (`protocol`), its two sides, and where a server listens (`socket`). Nothing outside of it knows
//! of gRPC, and only what is in here runs asynchronously.

mod client;
mod protocol;
mod server;
mod service;
mod socket;

pub use client::Remote;
pub use server::Answer;
pub use service::serve;
pub use socket::Listener;
/// Why a key service does not do what it was asked for.
pub use tonic::Status;
/// The crates whose types are in the signatures of this one.
pub use {sops_keys, zeroize};
