//! Lossless SOPS documents.

mod document;
pub mod error;
mod golang;
pub mod tree;
pub mod value;
#[cfg(test)]
mod vectors;
