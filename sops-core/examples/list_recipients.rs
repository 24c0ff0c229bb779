//! Lists who can decrypt each file: `cargo run --example list_recipients -- secrets/*`. No key is
//! needed.

use std::fs;

use sops_core::{EncryptedDocument, format_of_encrypted};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let text = fs::read(&path)?;
        let document = EncryptedDocument::parse(&text, format_of_encrypted(path.as_ref(), &text))?;
        for (number, group) in document.metadata().master_keys().iter().enumerate() {
            for key in group {
                println!("{path}: group {}: {key}", number + 1);
            }
        }
    }
    Ok(())
}
