//! The data keys that the agent keeps for some time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::clock::Moment;

/// Decrypted data keys, or shares of them, by the SHA-256 of what they were decrypted from.
pub(super) struct DataKeys {
    time: Duration,
    keys: Mutex<HashMap<[u8; 32], DecryptedKey>>,
}

struct DecryptedKey {
    since: Moment,
    secret: Zeroizing<Vec<u8>>,
}

impl DataKeys {
    /// Creates a store that keeps each key for this time after its decryption.
    pub(super) fn kept_for(time: Duration) -> Self {
        Self {
            time,
            keys: Mutex::default(),
        }
    }

    pub(super) fn get(&self, enc: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.forget_old();
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&digest(enc)).map(|key| key.secret.clone())
    }

    pub(super) fn keep(&self, enc: &str, secret: &Zeroizing<Vec<u8>>) {
        if !self.time.is_zero() {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.entry(digest(enc)).or_insert_with(|| DecryptedKey {
                since: Moment::now(),
                secret: secret.clone(),
            });
        }
    }

    /// Wipes the keys that have expired.
    pub(super) fn forget_old(&self) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|_, key| key.since.elapsed() < self.time);
    }
}

fn digest(enc: &str) -> [u8; 32] {
    Sha256::digest(enc).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_key_is_kept_for_its_time_and_for_its_text_only() {
        let secret = Zeroizing::new(vec![7; 32]);
        let keys = DataKeys::kept_for(Duration::from_secs(3600));
        keys.keep("a", &secret);
        assert_eq!(keys.get("a"), Some(secret.clone()));
        assert_eq!(keys.get("b"), None);
        let none = DataKeys::kept_for(Duration::ZERO);
        none.keep("a", &secret);
        assert_eq!(none.get("a"), None);
    }
}
