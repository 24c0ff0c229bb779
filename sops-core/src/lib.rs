//! Lossless SOPS documents.

mod cipher;
pub mod config;
mod convert;
pub mod document;
mod error;
mod file;
mod format;
mod golang;
mod key_path;
pub mod keys;
mod mac;
pub mod metadata;
mod pipeline;
pub mod rules;
pub mod tree;
mod typed;
mod value;
#[cfg(test)]
mod vectors;

pub use convert::{convert, extract};
pub use document::Document;
pub use document::change::{set, unset};
pub use error::{Error, Location, Result};
pub use file::{
    Decrypted, EncryptedDocument, Encryption, MacCheck, OpenDocument, decrypt, encrypt, recipients,
};
pub use format::Format;
pub use key_path::{Component, KeyPath};
pub use typed::{from_document, from_documents};
pub use value::{Type, Value};
