//! A web service reads its settings: `cargo run --example read_settings -- settings.yaml`, with the age key in SOPS_AGE_KEY.

use sops_core::SecretFile;

#[derive(serde::Deserialize)]
struct Settings {
    listen: String,
    database_password: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let settings: Settings = SecretFile::open(path)?.read()?;
    println!("listening on {}", settings.listen);
    println!("password of {} bytes", settings.database_password.len());
    Ok(())
}
