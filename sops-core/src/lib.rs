//! Lossless SOPS documents.

mod error;
pub mod keys;

pub use error::{Error, Location, Result};
