//! How long the agent keeps keys.

use std::time::Duration;

/// The limits that the user chose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// After this time, the agent stops.
    pub(crate) lifetime: Duration,
    /// After this time without a request, the agent locks itself.
    pub(crate) idle: Duration,
    /// How long a decrypted data key is kept.
    pub(crate) data_keys: Duration,
}
