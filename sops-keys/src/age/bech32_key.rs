//! Native keys as text: Bech32, with a prefix that says what kind of key it is.

use bech32::{FromBase32, ToBase32, Variant};
use zeroize::Zeroizing;

/// The problem with a key whose text or checksum is invalid.
pub(super) const MISTYPED: &str = "it is incomplete or has a wrong character; copy it again";

/// The length of a private key.
pub(super) const SEED_BYTES: usize = 32;

pub(super) fn encode(prefix: &str, bytes: &[u8]) -> String {
    bech32::encode(prefix, bytes.to_base32(), Variant::Bech32)
        .expect("the prefixes are constants, and valid ones")
}

pub(super) fn decode(text: &str, prefix: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    match bech32::decode(text) {
        Ok((found, data, Variant::Bech32)) if found == prefix => Vec::from_base32(&data)
            .map(Zeroizing::new)
            .map_err(|_| MISTYPED),
        _ => Err(MISTYPED),
    }
}
