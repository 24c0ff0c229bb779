//! Files that were encrypted and are in plaintext now, whatever the creation rules say.

mod comparison;
mod current_content;
mod encrypted_version;
mod finding;
mod key_values;
mod related;
#[cfg(test)]
mod tests;

pub use encrypted_version::Encrypted;
