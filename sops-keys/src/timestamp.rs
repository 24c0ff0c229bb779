//! Timestamps in SOPS metadata, which are in RFC 3339. For programs that write or check metadata
//! themselves, as `sops-core` does.

use std::time::SystemTime;

use sops_go_compat::Time;

/// Formats a time in UTC, with seconds.
///
/// ```
/// let time = std::time::SystemTime::UNIX_EPOCH;
/// assert_eq!(sops_keys::timestamp::format(time), "1970-01-01T00:00:00Z");
/// ```
#[must_use]
pub fn format(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// Whether Go accepts the text as an RFC 3339 timestamp.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    Time::from_rfc3339(text.as_bytes()).is_some()
}
