//! Decrypts a file as another program would, with the crates that are published.

use std::io::{self, Write};
use std::{env, error};

fn main() -> Result<(), Box<dyn error::Error>> {
    let file = env::args().nth(1).ok_or("usage: embedding FILE")?;
    let plaintext = sops_core::decrypt_file(file)?;
    io::stdout().write_all(&plaintext)?;
    Ok(())
}
