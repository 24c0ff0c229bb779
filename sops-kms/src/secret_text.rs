//! Secret strings from servers, which no message may show.

use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A string that is wiped from memory and not shown for debugging.
#[derive(Clone, Default, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct SecretText(String);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Deref for SecretText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
