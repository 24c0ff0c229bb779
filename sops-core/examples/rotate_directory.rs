//! Gives every encrypted file of a directory a new data key:
//! `cargo run --example rotate_directory -- secrets`.

use sops_core::keys::{Environment, KeyServices};
use sops_core::{Error, SecretFile};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = KeyServices::local(Environment::process());
    let directory = std::env::args().nth(1).ok_or("pass a directory")?;
    for entry in std::fs::read_dir(directory)? {
        let mut file = match SecretFile::open_with(entry?.path(), &keys) {
            Err(Error::NotEncrypted) => continue,
            file => file?,
        };
        file.rotate(&keys)?;
        file.save()?;
    }
    Ok(())
}
