//! A key service of one's own, here a "cloud" that hides nothing: `cargo run --example key_service`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sops_core::keys::{self, Effort, Family, KeyService, MasterKey};
use sops_core::{Encryption, Format, Result, decrypt, encrypt};
use zeroize::Zeroizing;

struct Cloud;

impl KeyService for Cloud {
    fn serves(&self, family: Family) -> bool {
        family == Family::GcpKms
    }
    fn encrypt(&self, _: &MasterKey, secret: &[u8]) -> keys::Result<String> {
        Ok(STANDARD.encode(secret))
    }
    fn decrypt(
        &self,
        _: &MasterKey,
        enc: &str,
        _: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        Ok(STANDARD.decode(enc).ok().map(Zeroizing::new))
    }
}

fn main() -> Result<()> {
    let resource_id = "projects/p/locations/l/keyRings/r/cryptoKeys/k".into();
    let encryption = Encryption::to([MasterKey::GcpKms { resource_id }])
        .with_key_service(std::sync::Arc::new(Cloud));
    let encrypted = encrypt("token: x\n", Format::Yaml, &encryption)?;
    assert_eq!(*decrypt(&encrypted, Format::Yaml, &Cloud)?, b"token: x\n");
    Ok(())
}
