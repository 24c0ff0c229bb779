//! A key service of your own, here one that only encodes the data key in base64:
//! `cargo run --example key_service`.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sops_core::keys::{Family, MasterKey, service_fn};
use sops_core::{Encryption, Format, Result, decrypt, encrypt};

fn main() -> Result<()> {
    let seal = |_: &MasterKey, secret: &[u8]| Ok(STANDARD.encode(secret));
    let open = |_: &MasterKey, enc: &str| Ok(STANDARD.decode(enc).ok().map(Into::into));
    let cloud = Arc::new(service_fn(Family::GcpKms, seal, open));
    let resource_id = "projects/p/locations/l/keyRings/r/cryptoKeys/k".into();
    let encryption =
        Encryption::to([MasterKey::GcpKms { resource_id }]).with_key_service(cloud.clone());
    let encrypted = encrypt("token: x\n", Format::Yaml, &encryption)?;
    assert_eq!(*decrypt(&encrypted, Format::Yaml, &*cloud)?, b"token: x\n");
    Ok(())
}
