//! The trait for key services, which encrypt and decrypt with master keys, and the effort that they
//! may spend.

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::family::Family;
use crate::master_key::MasterKey;
use crate::work_budget::WorkBudget;

/// Encrypts secrets for master keys and decrypts them again.
///
/// [`Identities`](crate::Identities) is the service for age and [`Gpg`](crate::Gpg) the one for
/// PGP; [`KeyServices`](crate::KeyServices) tries several in turn. To use cloud keys or keys on a
/// server, implement this trait and add the service after the local ones.
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
    /// Whether the service can encrypt or decrypt with keys of the family.
    fn serves(&self, family: Family) -> bool;

    /// Whether the service can encrypt with keys of the family, not only decrypt.
    fn encrypts(&self, family: Family) -> bool {
        self.serves(family)
    }

    /// The key with everything that its entry in the metadata needs, such as the version of an
    /// Azure key that has none. May ask a server.
    ///
    /// # Errors
    /// [`Error::MasterKey`](crate::Error::MasterKey) if the service can't find out.
    fn complete(&self, key: &MasterKey) -> Result<MasterKey> {
        Ok(key.clone())
    }

    /// Encrypts `secret`, a data key or a share of one (32 or 33 bytes), for `key`. Returns the
    /// text for the `enc` field of the metadata.
    ///
    /// # Errors
    /// [`Error::Recipient`](crate::Error::Recipient) or
    /// [`Error::MasterKey`](crate::Error::MasterKey) if the key can't be used.
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String>;

    /// Decrypts an `enc` string that was encrypted for `key`, with at most the given `effort`. It
    /// is called with increasing effort, and should decrypt as soon as it can.
    ///
    /// `None` if it can't decrypt with this effort, or at all.
    ///
    /// # Errors
    /// The reason why this key fails, for the user. Other keys and services are still tried.
    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>>;

    /// Like [`decrypt`](Self::decrypt), but within a budget. Override it if the work for one key is
    /// not small.
    ///
    /// # Errors
    /// The errors of [`decrypt`](Self::decrypt).
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

    /// Whether the service waits for servers that use keys of the family, so that several keys are
    /// better tried with one call of [`decrypt_any`](Self::decrypt_any).
    fn waits_for(&self, family: Family) -> bool {
        let _ = family;
        false
    }

    /// Decrypts with any of several keys of one group, each with its `enc` text. Override it to ask
    /// several servers at the same time.
    fn decrypt_any(
        &self,
        budget: &WorkBudget,
        keys: &[(&MasterKey, &str)],
        effort: Effort,
    ) -> Attempts {
        let mut attempts = Attempts::default();
        for (index, (key, enc)) in keys.iter().enumerate() {
            match self.decrypt_within(budget, key, enc, effort) {
                Ok(Some(secret)) => {
                    attempts.secret = Some((index, secret));
                    return attempts;
                }
                Ok(None) => {}
                Err(error) => attempts.errors.push((index, error)),
            }
        }
        attempts
    }

    /// The budget for the master keys of one file.
    fn budget(&self) -> WorkBudget {
        WorkBudget::default()
    }

    /// The master keys whose private keys the service is known to have, which are tried first. The
    /// call must be cheap and must not prompt the user.
    fn available_keys(&self) -> Vec<MasterKey> {
        Vec::new()
    }

    /// The families that are tried before others, in this order, with every effort. If empty, the
    /// least effort comes first.
    fn decryption_order(&self) -> &[Family] {
        &[]
    }

    /// Where the service looked for private keys of the family: lines for the message that no key
    /// can decrypt.
    fn search_report(&self, family: Family) -> Vec<String> {
        let _ = family;
        Vec::new()
    }
}

/// The outcome of [`KeyService::decrypt_any`].
#[derive(Default)]
pub struct Attempts {
    /// The secret, and the index of the key that decrypted it.
    pub secret: Option<(usize, Zeroizing<Vec<u8>>)>,
    /// Why other keys failed, with their indices, as far as they were tried.
    pub errors: Vec<(usize, Error)>,
}

/// How much effort to spend on finding a private key. All master keys of a file are tried with one
/// effort before the next effort starts.
///
/// Every key service must handle all of them, so the enum is exhaustive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effort {
    /// Use private keys that are available immediately.
    Ready,
    /// Run programs and ask servers that answer without prompting the user.
    Run,
    /// Use passphrases, plugins and agents, which prompt the user or wait for a hardware token.
    Ask,
}

impl Effort {
    /// All efforts, from the least.
    pub const ALL: [Self; 3] = [Self::Ready, Self::Run, Self::Ask];
}
