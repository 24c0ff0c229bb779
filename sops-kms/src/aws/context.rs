//! What every source of access keys needs.

use sops_keys::Environment;

use crate::transport::HttpClient;

/// The user's variables, and the clients for requests.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) environment: &'a Environment,
    pub(super) client: &'a HttpClient,
    /// For servers that only this machine can reach, which no proxy can answer for.
    pub(super) direct: &'a HttpClient,
    /// The region of the key.
    pub(super) region: &'a str,
}
