//! Lossless SOPS documents.

pub mod config;
pub mod error;
pub mod rules;
