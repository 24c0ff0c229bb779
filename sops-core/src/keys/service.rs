//! Key services: who encrypts and decrypts with master keys. The local ones are here; a remote one is whatever implements the trait.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Budget, Environment, Family, Gpg, Identities, MasterKey};
use crate::error::{Error, Result};

/// Encrypts secrets for master keys, and decrypts what was encrypted for them.
///
/// [`Identities`](super::Identities) is the one for age, [`Gpg`](super::Gpg) the one for PGP; [`KeyServices`] asks several in
/// turn. Whoever reaches other keys, in a cloud or behind a server, implements this trait and puts it behind the local ones.
///
/// ```
/// use std::sync::Arc;
///
/// use sops_core::keys::{Effort, Family, Identities, KeyService, KeyServices, MasterKey};
/// use sops_core::{Encryption, Format, Result, decrypt, encrypt};
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
/// let how = Encryption { key_service: Arc::new(services.clone()), ..Encryption::to([key]) };
/// let encrypted = encrypt("a: 1\n", Format::Yaml, &how)?;
/// assert_eq!(*decrypt(&encrypted, Format::Yaml, &services)?, b"a: 1\n");
/// # Ok::<(), sops_core::Error>(())
/// ```
pub trait KeyService: Send + Sync {
    /// Whether it can do anything with keys of the family.
    fn serves(&self, family: Family) -> bool;

    /// Encrypts `secret`, a data key or a share of one (32 or 33 bytes), for `key`. Gives the text that goes into the metadata as `enc`.
    ///
    /// # Errors
    /// [`Error::Recipient`], [`Error::MasterKey`]: why this key cannot be used.
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String>;

    /// Decrypts what was encrypted for `key`, without more `effort` than is said. It is asked with each effort, beginning with the
    /// least, and the least that can do it should.
    ///
    /// `None`: not with this effort, or not at all.
    ///
    /// # Errors
    /// What a person should know about why this key fails; other keys and services are still tried.
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
        budget: &Budget,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let _ = budget;
        self.decrypt(key, enc, effort)
    }

    /// How much work it may do for the master keys of one file.
    fn budget(&self) -> Budget {
        Budget::default()
    }

    /// The keys that it is known to have the private halves of, which are tried first. Finding them out is cheap, and asks nobody.
    fn keys_at_hand(&self) -> Vec<MasterKey> {
        Vec::new()
    }

    /// The families whose keys are tried before others, in this order, whatever the effort. Without any, the least effort comes first.
    fn decryption_order(&self) -> &[Family] {
        &[]
    }

    /// Where private keys of the family were looked for in vain: lines for the message that no key fits.
    fn looked_at(&self, family: Family) -> Vec<String> {
        let _ = family;
        Vec::new()
    }
}

/// How far to go for a key that fits. All master keys of a document are tried with one effort before the next is made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effort {
    /// Keys that lie ready.
    Ready,
    /// Programs that answer by themselves, and servers.
    Run,
    /// Passphrases, plugins and agents, which ask somebody or wait for a token.
    Ask,
}

impl Effort {
    /// From the least on.
    pub const ALL: [Self; 3] = [Self::Ready, Self::Run, Self::Ask];
}

/// Several key services, each of which is asked where those before it do not have the key: first the local ones, as with `sops`.
#[derive(Clone, Default)]
pub struct KeyServices {
    services: Vec<Arc<dyn KeyService>>,
    order: Vec<Family>,
}

impl KeyServices {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The local ones: [`Identities`] and [`Gpg`], with keys from where `sops` looks for them in that environment, and nobody to ask but
    /// by the agent of `gpg`.
    pub fn local(environment: Environment) -> Self {
        Self::new()
            .with(Arc::new(Identities::from_environment(environment.clone())))
            .with(Arc::new(Gpg::from_environment(environment)))
    }

    /// Adds one behind the others.
    pub fn with(mut self, service: Arc<dyn KeyService>) -> Self {
        self.services.push(service);
        self
    }

    /// Has keys of these families tried first, in this order, even if that takes more effort.
    pub fn in_order(mut self, families: impl IntoIterator<Item = Family>) -> Self {
        self.order = families.into_iter().collect();
        self
    }

    fn serving(&self, family: Family) -> impl Iterator<Item = &Arc<dyn KeyService>> {
        self.services
            .iter()
            .filter(move |service| service.serves(family))
    }
}

impl KeyService for KeyServices {
    fn serves(&self, family: Family) -> bool {
        self.serving(family).next().is_some()
    }

    /// By the first service that can.
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        let mut refused = Refused::default();
        for service in self.serving(key.family()) {
            match service.encrypt(key, secret) {
                Ok(enc) => return Ok(enc),
                Err(error) => refused.add(error),
            }
        }
        Err(refused.error(key).unwrap_or_else(|| Error::no_service(key)))
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        self.decrypt_within(&Budget::default(), key, enc, effort)
    }

    fn decrypt_within(
        &self,
        budget: &Budget,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let mut refused = Refused::default();
        for service in self.serving(key.family()) {
            match service.decrypt_within(budget, key, enc, effort) {
                Ok(Some(secret)) => return Ok(Some(secret)),
                Ok(None) => {}
                Err(error) => refused.add(error),
            }
        }
        refused.error(key).map_or(Ok(None), Err)
    }

    fn keys_at_hand(&self) -> Vec<MasterKey> {
        let keys = self
            .services
            .iter()
            .flat_map(|service| service.keys_at_hand());
        keys.collect()
    }

    fn decryption_order(&self) -> &[Family] {
        &self.order
    }

    fn looked_at(&self, family: Family) -> Vec<String> {
        let lines = self
            .services
            .iter()
            .flat_map(|service| service.looked_at(family));
        lines.collect()
    }
}

/// What the services said that failed.
#[derive(Default)]
struct Refused(Vec<Error>);

impl Refused {
    fn add(&mut self, error: Error) {
        self.0.push(error);
    }

    /// One error for all.
    fn error(mut self, key: &MasterKey) -> Option<Error> {
        match self.0.len() {
            0 | 1 => self.0.pop(),
            _ => {
                let messages: Vec<String> = self.0.into_iter().map(Error::about_key).collect();
                Some(Error::MasterKey {
                    key: key.to_string(),
                    message: messages.join("; "),
                })
            }
        }
    }
}
