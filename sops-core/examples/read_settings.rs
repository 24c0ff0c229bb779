//! A web service reads its settings, with the age key in SOPS_AGE_KEY:
//! `cargo run --example read_settings -- settings.yaml`.

use sops_core::SecretFile;

#[derive(serde::Deserialize)]
struct Settings {
    listen: String,
    database_password: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("pass a file")?;
    let settings: Settings = SecretFile::open(path)?.read()?;
    println!("listening on {}", settings.listen);
    println!("password of {} bytes", settings.database_password.len());
    Ok(())
}
