//! Builds a key service from two functions.

use zeroize::Zeroizing;

use crate::error::Result;
use crate::family::Family;
use crate::master_key::MasterKey;
use crate::service::{Effort, KeyService};

/// A key service for one family of master keys, made of two functions.
///
/// `encrypt` gets a master key and a secret of 32 or 33 bytes, and returns the text for the
/// metadata. `decrypt` gets the master key and that text, and returns the secret, or `None` if it
/// cannot decrypt it. The service counts as a program or server that never prompts the user
/// ([`Effort::Run`]). Implement [`KeyService`] for more control.
///
/// ```
/// use sops_keys::{Family, KeyService as _, service_fn};
///
/// let service = service_fn(Family::GcpKms, |_, secret| cloud_encrypts(secret), |_, enc| cloud_decrypts(enc));
/// assert!(service.serves(Family::GcpKms) && !service.serves(Family::Age));
/// # fn cloud_encrypts(_: &[u8]) -> sops_keys::Result<String> { unimplemented!() }
/// # fn cloud_decrypts(_: &str) -> sops_keys::Result<Option<zeroize::Zeroizing<Vec<u8>>>> { unimplemented!() }
/// ```
pub fn service_fn(
    family: Family,
    encrypt: impl Fn(&MasterKey, &[u8]) -> Result<String> + Send + Sync + 'static,
    decrypt: impl Fn(&MasterKey, &str) -> Result<Option<Zeroizing<Vec<u8>>>> + Send + Sync + 'static,
) -> impl KeyService + 'static {
    ServiceFn {
        family,
        encrypt,
        decrypt,
    }
}

struct ServiceFn<E, D> {
    family: Family,
    encrypt: E,
    decrypt: D,
}

impl<E, D> KeyService for ServiceFn<E, D>
where
    E: Fn(&MasterKey, &[u8]) -> Result<String> + Send + Sync,
    D: Fn(&MasterKey, &str) -> Result<Option<Zeroizing<Vec<u8>>>> + Send + Sync,
{
    fn serves(&self, family: Family) -> bool {
        family == self.family
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        (self.encrypt)(key, secret)
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match effort {
            Effort::Run => (self.decrypt)(key, enc),
            Effort::Ready | Effort::Ask => Ok(None),
        }
    }
}
