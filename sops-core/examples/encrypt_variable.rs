//! Encrypts variables for a recipient:
//! `TOKEN=x cargo run --example encrypt_variable -- age1… TOKEN`.

use sops_core::{Encryption, Format, encrypt, keys::Recipient, tree::Node};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let recipient: Recipient = arguments.next().ok_or("pass a recipient")?.parse()?;
    let mut values = serde_json::Map::new();
    for name in arguments {
        let value = std::env::var(&name)?;
        values.insert(name, value.into());
    }
    let document = Node::from_json(&values.into()).to_yaml();
    let encryption = Encryption::to([recipient]);
    print!("{}", encrypt(&*document, Format::Yaml, &encryption)?);
    Ok(())
}
