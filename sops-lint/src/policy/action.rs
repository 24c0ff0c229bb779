//! What happens to objects that a policy does not accept.

/// What a policy does with an object that it does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyAction {
    /// The object is refused.
    Deny,
    /// The user gets a warning.
    Warn,
    /// The object is recorded: in the audit log, or in a report of Kyverno.
    Audit,
}
