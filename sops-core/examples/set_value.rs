//! Sets a password without printing it:
//! `PASSWORD=x cargo run --example set_value -- settings.yaml '["database_password"]'`.

use sops_core::SecretFile;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("pass a file")?;
    let key_path = arguments.next().ok_or("pass a key path")?;
    let mut file = SecretFile::open(path)?;
    let old: String = file.get(&key_path)?;
    let new = std::env::var("PASSWORD")?;
    if old != new {
        file.set(&key_path, new)?;
        file.save()?;
    }
    Ok(())
}
