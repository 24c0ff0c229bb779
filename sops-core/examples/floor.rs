//! Prints the milliseconds below which no program can encrypt or decrypt the values of a document
//! on one core: AES-256-GCM and SHA-512 alone, in one pass over all its values and comments.
//!
//! `benches/side_by_side.py` prints the result next to the times of whole programs.
//!
//!     cargo run --release -p sops-core --example floor -- FILE.yaml

use std::hint::black_box;
use std::time::{Duration, Instant};

use aes_gcm::aead::consts::{U16, U32};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce, Tag};
use sha2::{Digest, Sha512};
use sops_core::document::Item;
use sops_core::{Document, Format};

/// Other load can only add time, so the least of this many passes counts.
const PASSES: usize = 20;

/// A value or comment to encrypt, or its ciphertext.
struct Text {
    bytes: Vec<u8>,
    /// The key path. The length of the additional data affects the time.
    path: String,
    tag: Tag<U16>,
    is_comment: bool,
}

type Cipher = AesGcm<Aes256, U32>;

fn texts(document: &Document<'_>) -> Vec<Text> {
    let text = |bytes: &[u8], path, is_comment| Text {
        bytes: bytes.to_vec(),
        path: document.paths().display(path) + ":",
        tag: Tag::default(),
        is_comment,
    };
    let items = document.tape().iter().enumerate();
    items
        .filter_map(|(index, item)| match item {
            Item::Leaf(leaf) => {
                let value = leaf.value.as_ref()?;
                Some(text(&value.bytes, leaf.path, false))
            }
            Item::Comment { path, .. } => {
                Some(text(document.comment(index).text.as_bytes(), *path, true))
            }
            _ => None,
        })
        .collect()
}

/// The nonce of the text with this number. Its content does not affect the time.
fn nonce(number: usize) -> Nonce<U32> {
    let mut nonce = [0; 32];
    nonce[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Nonce::from(nonce)
}

/// The time of one pass, after which everything is encrypted.
fn encrypt(cipher: &Cipher, texts: &mut [Text]) -> Duration {
    let start = Instant::now();
    let mut mac = Sha512::new();
    for (number, text) in texts.iter_mut().enumerate() {
        if !text.is_comment {
            mac.update(&text.bytes);
        }
        let data = text.bytes.as_mut_slice().into();
        text.tag = cipher
            .encrypt_inout_detached(&nonce(number), text.path.as_bytes(), data)
            .expect("the text is shorter than GCM's limit");
    }
    black_box(mac.finalize());
    start.elapsed()
}

/// The time of one pass, after which everything is decrypted.
fn decrypt(cipher: &Cipher, texts: &mut [Text]) -> Duration {
    let start = Instant::now();
    let mut mac = Sha512::new();
    for (number, text) in texts.iter_mut().enumerate() {
        let data = text.bytes.as_mut_slice().into();
        cipher
            .decrypt_inout_detached(&nonce(number), text.path.as_bytes(), data, &text.tag)
            .expect("the text was encrypted with this key and nonce");
        if !text.is_comment {
            mac.update(&text.bytes);
        }
    }
    black_box(mac.finalize());
    start.elapsed()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: floor FILE.yaml")?;
    let source = std::fs::read(file)?;
    let mut texts = texts(&Document::parse(&source, Format::Yaml)?);
    let cipher = Cipher::new(&[7; 32].into());
    let (encrypted, decrypted): (Vec<_>, Vec<_>) = (0..PASSES)
        .map(|_| (encrypt(&cipher, &mut texts), decrypt(&cipher, &mut texts)))
        .unzip();
    let least = |times: Vec<Duration>| times.into_iter().min().unwrap_or_default();
    let milliseconds = |times| least(times).as_secs_f64() * 1e3;
    println!(
        "{:.3} {:.3}",
        milliseconds(encrypted),
        milliseconds(decrypted)
    );
    Ok(())
}
