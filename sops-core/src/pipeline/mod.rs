//! The encryption and decryption pipeline: selects values, runs the cipher and the MAC, writes the
//! result. All formats share these steps, except [`binary`], whose files are one value.
//!
//! Encryption makes a [`plan`], hashes the values ([`mac_pass`]) and writes their ciphertexts
//! ([`ciphertext_writer`]). Decryption divides the document ([`encrypted_parts`]), and decrypts and
//! writes each part ([`plaintext_writer`]).

mod alias;
pub(crate) mod binary;
pub(crate) mod ciphertext_cache;
mod ciphertext_writer;
mod comment_decrypt;
mod comment_moves;
mod content_digest;
pub(crate) mod decrypt_values;
pub(crate) mod encrypt_values;
mod encrypted_parts;
pub(crate) mod encrypted_text;
mod flow_tops;
pub(crate) mod lost_metadata;
pub(crate) mod mac_pass;
mod parallel;
#[cfg(test)]
mod part_tests;
pub(crate) mod plaintext_writer;
pub(crate) mod plan;
pub(crate) mod selection;
pub(crate) mod sink;
mod source_forms;
mod tape_walk;
mod text_parts;
pub(crate) mod unencrypted;
mod written_plaintext;

use sops_document::{Document, Item, ROOT};

/// Whether the item at `index` begins a container with nothing but comments in it, below the top
/// level, to which the `sops` metadata adds an entry.
fn is_empty_container(document: &Document<'_>, index: usize) -> bool {
    let mut inside = document.tape()[index + 1..].iter();
    let mut next = || inside.find(|item| !matches!(item, Item::Comment { .. }));
    matches!(document.tape()[index], Item::Open { path, .. } if path != ROOT)
        && matches!(next(), Some(Item::Close { .. }))
}
