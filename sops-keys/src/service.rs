//! The trait of key services: who encrypts and decrypts with master keys, and how much effort that takes.

use zeroize::Zeroizing;

use crate::error::Result;
use crate::family::Family;
use crate::master_key::MasterKey;
use crate::work_budget::WorkBudget;

/// Encrypts secrets for master keys, and decrypts what was encrypted for them.
///
/// [`Identities`](crate::Identities) is the one for age, [`Gpg`](crate::Gpg) the one for PGP; [`KeyServices`](crate::KeyServices) asks several in
/// turn. To use other keys, in a cloud or on a server, implement this trait and add it after the local ones.
///
/// ```
/// use std::sync::Arc;
/// use std::time::SystemTime;
///
/// use sops_keys::{
///     DataKey, Effort, Family, Identities, KeyService, KeyServices, MasterKey, Result, recover_data_key, wrap_data_key,
/// };
/// use zeroize::Zeroizing;
///
/// /// A cloud whose keys do not hide much.
/// struct Cloud;
///
/// impl KeyService for Cloud {
///     fn serves(&self, family: Family) -> bool {
///         family == Family::GcpKms
///     }
///
///     fn encrypt(&self, _: &MasterKey, secret: &[u8]) -> Result<String> {
///         Ok(secret.iter().map(|byte| format!("{byte:02x}")).collect())
///     }
///
///     fn decrypt(&self, _: &MasterKey, enc: &str, effort: Effort) -> Result<Option<Zeroizing<Vec<u8>>>> {
///         if effort != Effort::Run {
///             return Ok(None);
///         }
///         let bytes = (0..enc.len()).step_by(2).map(|at| u8::from_str_radix(&enc[at..at + 2], 16).unwrap_or_default());
///         Ok(Some(Zeroizing::new(bytes.collect())))
///     }
/// }
///
/// let services = KeyServices::new().with(Arc::new(Identities::new())).with(Arc::new(Cloud));
/// let key = MasterKey::GcpKms { resource_id: "projects/p/locations/l/keyRings/r/cryptoKeys/k".into() };
/// let data_key = DataKey::generate();
/// let wrapped = wrap_data_key(&data_key, &[vec![key]], None, &services, SystemTime::now())?;
/// assert_eq!(recover_data_key(&wrapped, None, &services)?.as_bytes(), data_key.as_bytes());
/// # Ok::<(), sops_keys::Error>(())
/// ```
pub trait KeyService: Send + Sync {
    /// Whether it can encrypt or decrypt with keys of the family.
    fn serves(&self, family: Family) -> bool;

    /// Encrypts `secret`, a data key or a share of one (32 or 33 bytes), for `key`. Gives the text that goes into the metadata as `enc`.
    ///
    /// # Errors
    /// [`Error::Recipient`](crate::Error::Recipient) or [`Error::MasterKey`](crate::Error::MasterKey) for a key that cannot be used.
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String>;

    /// Decrypts what was encrypted for `key`, with no more than the given `effort`. It is called with each effort, from the
    /// least on, and should decrypt with the least that it can.
    ///
    /// `None` if it cannot decrypt with this effort, or at all.
    ///
    /// # Errors
    /// Why this key fails, for the user; other keys and services are still tried.
    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>>;

    /// The same as [`decrypt`](Self::decrypt) within what is left of a budget. A service whose work for one key is not small overrides this.
    ///
    /// # Errors
    /// Those of [`decrypt`](Self::decrypt).
    fn decrypt_within(
        &self,
        budget: &WorkBudget,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let _ = budget;
        self.decrypt(key, enc, effort)
    }

    /// How much work it may do for the master keys of one file.
    fn budget(&self) -> WorkBudget {
        WorkBudget::default()
    }

    /// The master keys whose private keys it is known to have, which are tried first. Finding them is cheap, and asks nobody.
    fn available_keys(&self) -> Vec<MasterKey> {
        Vec::new()
    }

    /// The families whose keys are tried before others, in this order, whatever the effort. Without any, the least effort comes first.
    fn decryption_order(&self) -> &[Family] {
        &[]
    }

    /// Where it looked for private keys of the family, as lines for the message that no key can decrypt.
    fn search_report(&self, family: Family) -> Vec<String> {
        let _ = family;
        Vec::new()
    }
}

/// How far to go for a private key. All master keys of a file are tried with one effort before the next is made.
///
/// Every key service has to decide about each of them, so another one would be a breaking change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effort {
    /// Keys that are ready.
    Ready,
    /// Programs and servers that answer without asking the user.
    Run,
    /// Passphrases, plugins and agents, which ask the user or wait for a token.
    Ask,
}

impl Effort {
    /// From the least on.
    pub const ALL: [Self; 3] = [Self::Ready, Self::Run, Self::Ask];
}
