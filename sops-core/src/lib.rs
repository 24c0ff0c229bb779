//! Lossless SOPS documents.

pub mod error;
pub mod rules;
