//! A client and a server for SOPS's gRPC key service.
//!
//! `protocol` has the messages, `client` asks a key service, `server` answers requests, `service`
//! runs a server until a signal, and `socket` is where it listens. No other crate uses gRPC.

mod client;
mod protocol;
mod server;
mod service;
mod socket;

pub use client::Remote;
pub use server::Answer;
pub use service::serve;
pub use socket::Listener;
/// Why a key service refuses a request.
pub use tonic::Status;
/// The crates whose types are in this crate's signatures.
pub use {sops_keys, zeroize};
