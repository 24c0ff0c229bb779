//! The output of an encrypted document, in pieces.

use std::io;

use crate::error::{Error, Result};

/// Receives an encrypted document.
pub(crate) trait Sink {
    /// Reserves space for about this many bytes, if the document is kept.
    fn reserve(&mut self, bytes: &dyn Fn() -> usize);

    fn push(&mut self, text: &str) -> Result<()>;
}

impl Sink for String {
    fn reserve(&mut self, bytes: &dyn Fn() -> usize) {
        String::reserve(self, bytes());
    }

    fn push(&mut self, text: &str) -> Result<()> {
        self.push_str(text);
        Ok(())
    }
}

/// A document that is written at once, without keeping it in memory.
pub(crate) struct Written<'w>(pub(crate) &'w mut dyn io::Write);

impl Sink for Written<'_> {
    fn reserve(&mut self, _bytes: &dyn Fn() -> usize) {}

    fn push(&mut self, text: &str) -> Result<()> {
        self.0
            .write_all(text.as_bytes())
            .map_err(|error| Error::Output(error.into()))
    }
}
