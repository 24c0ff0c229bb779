//! Lists who can decrypt what: `cargo run --example list_recipients -- secrets/*`. No key is needed.

use std::fs;

use sops_core::{EncryptedDocument, Format};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let text = fs::read(&path)?;
        let document = EncryptedDocument::parse(&text, Format::from_path(path.as_ref()))?;
        for (number, group) in document.metadata().master_keys().iter().enumerate() {
            for key in group {
                println!("{path}: group {}: {key}", number + 1);
            }
        }
    }
    Ok(())
}
