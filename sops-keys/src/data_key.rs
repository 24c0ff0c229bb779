//! The data key, which encrypts the values of one file.

use std::fmt;

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// The 256-bit key that encrypts the values of one document with AES-256-GCM. It is wiped on drop
/// and never printed.
#[derive(Clone)]
pub struct DataKey(Box<Zeroizing<[u8; DataKey::BYTES]>>);

impl DataKey {
    /// The size of a data key in bytes.
    pub const BYTES: usize = 32;

    /// Generates a data key with the system's random generator.
    #[must_use]
    pub fn generate() -> Self {
        let mut key = Box::new(Zeroizing::new([0; Self::BYTES]));
        SysRng
            .try_fill_bytes(key.as_mut_slice())
            .expect("the system's random generator works: nothing secret can be made without it");
        Self(key)
    }

    /// A data key from its bytes; `None` if there are not exactly 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Box::new(Zeroizing::new([0; Self::BYTES]));
        (bytes.len() == Self::BYTES).then(|| {
            key.copy_from_slice(bytes);
            Self(key)
        })
    }

    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}
