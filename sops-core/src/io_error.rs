//! A system error that can be compared and copied.

use std::ops::Deref;
use std::sync::Arc;
use std::{fmt, io};

/// An [`io::Error`], to which it dereferences. Two errors are equal if they have the same kind and
/// message.
#[derive(Clone, Debug)]
pub struct IoError(Arc<io::Error>);

impl Deref for IoError {
    type Target = io::Error;

    fn deref(&self) -> &io::Error {
        &self.0
    }
}

impl From<io::Error> for IoError {
    fn from(error: io::Error) -> Self {
        Self(Arc::new(error))
    }
}

impl PartialEq for IoError {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.to_string() == other.to_string()
    }
}

impl Eq for IoError {}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
