//! Combines several key services into one.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::age::Identities;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::family::Family;
use crate::master_key::MasterKey;
use crate::pgp::Gpg;
use crate::service::{Attempts, Effort, KeyService};
use crate::work_budget::WorkBudget;

/// Several key services, tried in order until one has the key. Local ones come first, as in `sops`.
#[derive(Clone, Default)]
pub struct KeyServices {
    services: Vec<Arc<dyn KeyService>>,
    order: Vec<Family>,
}

impl KeyServices {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The local services: [`Identities`] and [`Gpg`], with keys from the sources that `sops` uses
    /// in this environment. Only the agent of `gpg` can ask for passphrases.
    #[must_use]
    pub fn local(environment: Environment) -> Self {
        Self::new()
            .with(Arc::new(Identities::from_environment(environment.clone())))
            .with(Arc::new(Gpg::from_environment(environment)))
    }

    /// Adds a service after the others.
    #[must_use]
    pub fn with(mut self, service: Arc<dyn KeyService>) -> Self {
        self.services.push(service);
        self
    }

    /// Adds a service before the others.
    #[must_use]
    pub fn with_first(mut self, service: Arc<dyn KeyService>) -> Self {
        self.services.insert(0, service);
        self
    }

    /// Tries keys of these families first, in this order, even if that takes more effort.
    #[must_use]
    pub fn with_decryption_order(mut self, families: impl IntoIterator<Item = Family>) -> Self {
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

    /// Completes the key with the first service that can.
    fn complete(&self, key: &MasterKey) -> Result<MasterKey> {
        let mut refused = Refused::default();
        for service in self.serving(key.family()) {
            match service.complete(key) {
                Ok(complete) => return Ok(complete),
                Err(error) => refused.add(error),
            }
        }
        Err(refused
            .error(key)
            .unwrap_or_else(|| Error::no_key_service(key)))
    }

    /// Encrypts with the first service that can.
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        let mut refused = Refused::default();
        let family = key.family();
        for service in self
            .serving(family)
            .filter(|service| service.encrypts(family))
        {
            match service.encrypt(key, secret) {
                Ok(enc) => return Ok(enc),
                Err(error) => refused.add(error),
            }
        }
        Err(refused
            .error(key)
            .unwrap_or_else(|| Error::no_key_service(key)))
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        self.decrypt_within(&WorkBudget::default(), key, enc, effort)
    }

    fn decrypt_within(
        &self,
        budget: &WorkBudget,
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

    fn waits_for(&self, family: Family) -> bool {
        self.serving(family)
            .any(|service| service.waits_for(family))
    }

    fn decrypt_any(
        &self,
        budget: &WorkBudget,
        keys: &[(&MasterKey, &str)],
        effort: Effort,
    ) -> Attempts {
        let mut refused: Vec<Refused> = keys.iter().map(|_| Refused::default()).collect();
        let mut secret = None;
        for service in &self.services {
            let is_served = |index: &usize| service.serves(keys[*index].0.family());
            let served: Vec<usize> = (0..keys.len()).filter(is_served).collect();
            let served_keys: Vec<_> = served.iter().map(|index| keys[*index]).collect();
            let attempts = service.decrypt_any(budget, &served_keys, effort);
            for (index, error) in attempts.errors {
                refused[served[index]].add(error);
            }
            if let Some((index, found)) = attempts.secret {
                secret = Some((served[index], found));
                break;
            }
        }
        let errors = refused.into_iter().zip(keys).enumerate();
        let errors =
            errors.filter_map(|(index, (refused, (key, _)))| Some((index, refused.error(key)?)));
        Attempts {
            secret,
            errors: errors.collect(),
        }
    }

    fn available_keys(&self) -> Vec<MasterKey> {
        let keys = self
            .services
            .iter()
            .flat_map(|service| service.available_keys());
        keys.collect()
    }

    fn decryption_order(&self) -> &[Family] {
        &self.order
    }

    fn search_report(&self, family: Family) -> Vec<String> {
        let lines = self
            .services
            .iter()
            .flat_map(|service| service.search_report(family));
        lines.collect()
    }
}

/// The errors of the services that failed.
#[derive(Default)]
struct Refused(Vec<Error>);

impl Refused {
    fn add(&mut self, error: Error) {
        self.0.push(error);
    }

    /// Combines several errors.
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
