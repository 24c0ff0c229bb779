//! HTTP requests with limits: `client.rs` sends them, `dialer.rs` opens connections, `tls.rs` has
//! the certificates, `proxies.rs` says which requests go through a proxy, and `error.rs` says why
//! there is no answer.

mod client;
mod dialer;
mod error;
mod proxies;
#[cfg(test)]
mod tests;
mod tls;

pub(crate) use client::{Answer, HttpClient, Limits};
#[cfg(test)]
use error::HttpError;
pub(crate) use proxies::Proxies;
pub(crate) use tls::TlsSettings;
#[cfg(any(feature = "azure", feature = "gcp"))]
pub(crate) use tls::read;
#[cfg(any(feature = "aws", feature = "gcp", feature = "vault"))]
pub(crate) use tls::read_of;
