//! Why a source gives no token.

/// Why a source gives no token.
#[derive(Debug)]
pub(super) enum Failure {
    /// The user has not set up the source.
    Absent(String),
    /// The source is set up, but failed.
    Failed(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}
