//! A decrypted secret with the name of the private key that decrypted it.

use zeroize::Zeroizing;

use crate::master_key::MasterKey;
use crate::spelling::{hex_digits, without_comment};

/// A decrypted secret, and the key that actually decrypted it. A document or a request can only
/// claim which key that is.
#[non_exhaustive]
pub struct DecryptedSecret {
    /// The data key, or a share of one.
    pub secret: Zeroizing<Vec<u8>>,
    /// The names of the key: its recipient, the fingerprints of a PGP key and its subkey,
    /// or the identifier of a key on a server. Empty
    /// if they are unknown, as for keys of an age plugin.
    pub key_names: Vec<String>,
}

impl DecryptedSecret {
    /// A secret that the key with these names has decrypted.
    #[must_use]
    pub fn new(secret: Zeroizing<Vec<u8>>, key_names: Vec<String>) -> Self {
        Self { secret, key_names }
    }

    /// Whether the private key is known to be that of `key`.
    ///
    /// ```
    /// use sops_keys::{DecryptedSecret, MasterKey};
    ///
    /// let decrypted = |name: &str| DecryptedSecret::new(Default::default(), vec![name.to_owned()]);
    /// let key = |fingerprint: &str| MasterKey::Pgp { fingerprint: fingerprint.to_owned() };
    /// let fingerprint = "85D77543B3D624B63CEA9E6DBC17301B491B3F21";
    /// assert!(decrypted(fingerprint).is_by(&key(fingerprint)));
    /// assert!(decrypted(fingerprint).is_by(&key("0xbc17301b491b3f21!")));
    /// assert!(!decrypted(fingerprint).is_by(&key("E9B362340B5B4AE9")));
    /// ```
    #[must_use]
    pub fn is_by(&self, key: &MasterKey) -> bool {
        match key {
            MasterKey::Age { recipient } => {
                let own = without_comment(recipient);
                self.key_names
                    .iter()
                    .any(|name| without_comment(name) == own)
            }
            MasterKey::Pgp { fingerprint } => {
                let digits = hex_digits(fingerprint);
                let digits = digits.trim_end_matches('!');
                // A long key ID is the end of a fingerprint, and the only part that `gpg` matches.
                digits.len() >= 16 && self.key_names.iter().any(|name| name.ends_with(digits))
            }
            key => self.key_names.contains(&key.id()),
        }
    }
}
