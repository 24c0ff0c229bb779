//! The key service for all families that the crate is built with.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use sops_keys::{
    Attempts, DataKey, Effort, Environment, Error, Family, KeyService, MasterKey, Result,
    WorkBudget,
};
use tokio::runtime::{self, Runtime};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::provider::{Outcome, Provider, Warn};
use crate::publishing::{Destination, PublishError, Published};
use crate::race::race;
use crate::reach::Reach;

/// How long a key may take before the next key of its group is tried too.
const HEAD_START: Duration = Duration::from_millis(300);

/// An encrypted secret: its master key, and `enc` in the metadata.
type Sealed = (MasterKey, String);

/// Encrypts and decrypts with keys on servers. Reads no setting, opens no connection and starts no
/// runtime before the first request. Data keys that were decrypted are kept in memory, so that no
/// server is asked twice for the same one.
pub struct CloudKeys {
    environment: Environment,
    warn: Warn,
    /// Created for the first request, because most runs need no server.
    providers: OnceLock<Vec<Box<dyn Provider>>>,
    /// Whether the user named the files.
    is_any_allowed: AtomicBool,
    runtime: OnceLock<std::result::Result<Running, String>>,
    decrypted: Mutex<HashMap<Sealed, Zeroizing<Vec<u8>>>>,
    /// The time that all requests together may take, counted from the first one.
    limit: Option<Duration>,
    deadline: OnceLock<Option<Instant>>,
    /// How many times another key of the group was faster.
    losses: Mutex<HashMap<MasterKey, u32>>,
}

impl CloudKeys {
    /// Takes tokens and settings from where `sops` and the tools of each provider take them. `warn`
    /// gets warnings for the user. AWS's SDK reads the variables of this process, even if
    /// `environment` has others.
    ///
    /// Contacts only servers that the user or a cloud provider names, because a request can carry
    /// the user's token and anyone who can write to a repository chooses what its files name.
    #[must_use]
    pub fn new(environment: Environment, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            environment,
            warn: Arc::new(warn),
            providers: OnceLock::new(),
            is_any_allowed: AtomicBool::new(false),
            runtime: OnceLock::new(),
            decrypted: Mutex::default(),
            limit: None,
            deadline: OnceLock::new(),
            losses: Mutex::default(),
        }
    }

    /// Limits the time of all requests together, counted from the first one. Without it, only each
    /// request is limited.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// From now on, also contacts servers that only a file names, as `sops` does. For files that
    /// the user chose, not for those found in a directory or a branch.
    pub fn contact_any_server(&self) {
        self.is_any_allowed.store(true, Ordering::Relaxed);
    }

    fn reach(&self) -> Reach {
        match self.is_any_allowed.load(Ordering::Relaxed) {
            true => Reach::AnyServer,
            false => Reach::KnownServers,
        }
    }

    fn provider(&self, family: Family) -> Option<&dyn Provider> {
        let providers = self
            .providers
            .get_or_init(|| providers(&self.environment, &self.warn));
        let provider = providers
            .iter()
            .find(|provider| provider.family() == family);
        provider.map(|provider| &**provider)
    }

    /// Runs the requests to their end. Several threads may call this at the same time.
    fn run<T>(&self, requests: impl Future<Output = T>) -> Outcome<T> {
        let runtime = self.runtime.get_or_init(|| {
            let started = Running::start();
            started.map_err(|error| format!("no request can be sent: {error}"))
        });
        match runtime {
            Ok(Running(Some(runtime))) => runtime.block_on(self.in_time(requests)),
            Ok(Running(None)) => Err("no more requests can be sent".to_owned()),
            Err(message) => Err(message.clone()),
        }
    }

    /// The outcome of the requests, unless the limit for all of them is over.
    async fn in_time<T>(&self, requests: impl Future<Output = T>) -> Outcome<T> {
        let Some(limit) = self.limit else {
            return Ok(requests.await);
        };
        // A deadline that the clock cannot represent is never reached.
        let deadline = self
            .deadline
            .get_or_init(|| Instant::now().checked_add(limit));
        let Some(deadline) = *deadline else {
            return Ok(requests.await);
        };
        let outcome = timeout_at(deadline, requests).await;
        outcome.map_err(|_| {
            let limit = limit.as_secs_f64();
            format!("timed out: the limit for all requests to servers is {limit} s")
        })
    }

    fn decrypted(&self) -> MutexGuard<'_, HashMap<Sealed, Zeroizing<Vec<u8>>>> {
        self.decrypted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn losses(&self) -> MutexGuard<'_, HashMap<MasterKey, u32>> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the credentials for the key come from, such as a variable or a profile. Call it after
    /// a request with the key; `None` if no source has credentials.
    #[must_use]
    pub fn credential_source(&self, key: &MasterKey) -> Option<String> {
        let source = self.provider(key.family())?.credential_source(key);
        self.run(source).and_then(|source| source).ok()
    }

    /// Writes the content of a file to a destination, with the user's credentials for keys of
    /// [`Destination::family`]. A server that only a configuration names gets it only if the caller
    /// trusts the configuration and has called [`Self::contact_any_server`].
    ///
    /// # Errors
    ///
    /// The crate was built without the family, a server that only a file names was not contacted,
    /// or the server refused the content.
    pub fn publish(
        &self,
        destination: &Destination,
        content: &[u8],
        trusts_configuration: bool,
    ) -> std::result::Result<Published, PublishError> {
        let family = destination.family();
        let provider = self.provider(family).ok_or_else(|| {
            PublishError(format!("sops-kms was built without support for {family}"))
        })?;
        let reach = match trusts_configuration {
            true => self.reach(),
            false => Reach::KnownServers,
        };
        let request = async { provider.publish(destination, content, reach).await };
        let outcome = self.run(request).and_then(|outcome| outcome);
        outcome.map_err(PublishError)
    }

    /// Tries the keys at these indices together.
    fn race(&self, keys: &[(&MasterKey, &str)], indices: &[usize]) -> Attempts {
        let reach = self.reach();
        let requests = indices.iter().map(|index| {
            let (key, enc) = keys[*index];
            let provider = self.provider(key.family());
            let provider = provider.expect("only keys that are served are tried");
            let request = provider.decrypt(key, enc, reach);
            async move { request.await.and_then(checked) }
        });
        let requests: Vec<_> = requests.collect();
        let mut attempts = Attempts::default();
        match self.run(async { race(requests, HEAD_START).await }) {
            Ok(result) => {
                for (at, message) in result.errors {
                    let index = indices[at];
                    attempts
                        .errors
                        .push((index, failed(keys[index].0, message)));
                }
                attempts.secret = result.first.map(|(at, secret)| (indices[at], secret));
            }
            Err(message) => {
                let error = |index: &usize| (*index, failed(keys[*index].0, message.clone()));
                attempts.errors = indices.iter().map(error).collect();
            }
        }
        attempts
    }
}

/// Whether the crate is built with the family.
fn is_built_in(family: Family) -> bool {
    match family {
        Family::Age | Family::Pgp => false,
        Family::Kms => cfg!(feature = "aws"),
        Family::AzureKv => cfg!(feature = "azure"),
        Family::GcpKms => cfg!(feature = "gcp"),
        Family::Hckms => cfg!(feature = "hckms"),
        Family::HcVault => cfg!(feature = "vault"),
    }
}

/// The families that the crate is built with.
#[cfg_attr(
    not(feature = "vault"),
    expect(unused_variables, reason = "only Vault has warnings")
)]
fn providers(environment: &Environment, warn: &Warn) -> Vec<Box<dyn Provider>> {
    vec![
        #[cfg(feature = "vault")]
        Box::new(crate::vault::Vault::new(
            environment.clone(),
            Arc::clone(warn),
        )),
        #[cfg(feature = "aws")]
        Box::new(crate::aws::Aws::new(environment.clone())),
        #[cfg(feature = "azure")]
        Box::new(crate::azure::Azure::new(environment)),
        #[cfg(feature = "gcp")]
        Box::new(crate::gcp::Gcp::new(environment.clone())),
        #[cfg(feature = "hckms")]
        Box::new(crate::hckms::Hckms::new(environment.clone())),
    ]
}

impl KeyService for CloudKeys {
    fn serves(&self, family: Family) -> bool {
        is_built_in(family)
    }

    fn complete(&self, key: &MasterKey) -> Result<MasterKey> {
        let provider = self
            .provider(key.family())
            .ok_or_else(|| Error::no_key_service(key))?;
        let request = async { provider.complete(key, self.reach()).await };
        self.run(request)
            .and_then(|outcome| outcome)
            .map_err(|message| failed(key, message))
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        let provider = self
            .provider(key.family())
            .ok_or_else(|| Error::no_key_service(key))?;
        let request = async { provider.encrypt(key, secret, self.reach()).await };
        self.run(request)
            .and_then(|outcome| outcome)
            .map_err(|message| failed(key, message))
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        self.decrypt_within(&self.budget(), key, enc, effort)
    }

    fn decrypt_within(
        &self,
        budget: &WorkBudget,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let mut attempts = self.decrypt_any(budget, &[(key, enc)], effort);
        match attempts.errors.pop() {
            Some((_, error)) => Err(error),
            None => Ok(attempts.secret.map(|(_, secret)| secret)),
        }
    }

    fn waits_for(&self, family: Family) -> bool {
        self.serves(family)
    }

    fn decrypt_any(
        &self,
        budget: &WorkBudget,
        keys: &[(&MasterKey, &str)],
        effort: Effort,
    ) -> Attempts {
        let keys_and_secrets = keys.iter().enumerate();
        let mut known = keys_and_secrets.filter_map(|(index, (key, enc))| {
            let sealed = ((*key).clone(), (*enc).to_owned());
            Some((index, self.decrypted().get(&sealed)?.clone()))
        });
        if let Some(secret) = known.next() {
            return Attempts {
                secret: Some(secret),
                errors: Vec::new(),
            };
        }
        if effort != Effort::Run {
            return Attempts::default();
        }
        let mut indices: Vec<usize> = (0..keys.len())
            .filter(|index| self.serves(keys[*index].0.family()) && budget.take_request())
            .collect();
        if indices.is_empty() {
            return Attempts::default();
        }
        let losses = self.losses().clone();
        indices.sort_by_key(|index| losses.get(keys[*index].0).copied().unwrap_or(0));
        let attempts = self.race(keys, &indices);
        if let Some((winner, secret)) = &attempts.secret {
            let before = indices.iter().take_while(|index| *index != winner);
            let mut losses = self.losses();
            before.for_each(|index| *losses.entry(keys[*index].0.clone()).or_default() += 1);
            let (key, enc) = keys[*winner];
            let sealed = (key.clone(), enc.to_owned());
            self.decrypted().insert(sealed, secret.clone());
        }
        attempts
    }
}

/// Refuses a secret that has neither the length of a data key nor that of a share of one.
fn checked(secret: Zeroizing<Vec<u8>>) -> Outcome<Zeroizing<Vec<u8>>> {
    match secret.len() {
        DataKey::BYTES => Ok(secret),
        length if length == DataKey::BYTES + 1 => Ok(secret),
        length => Err(format!(
            "the server decrypted {length} bytes, but a data key has {}",
            DataKey::BYTES
        )),
    }
}

fn failed(key: &MasterKey, message: String) -> Error {
    Error::MasterKey {
        key: key.to_string(),
        message,
    }
}

/// A runtime that does not wait for unfinished host name lookups when it is dropped.
struct Running(Option<Runtime>);

impl Running {
    fn start() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> CloudKeys {
        CloudKeys::new(Environment::new([("", ""); 0]), |_| {})
    }

    #[test]
    fn every_family_that_is_built_in_has_a_provider() {
        let keys = keys();
        for family in Family::ALL {
            let has_provider = keys.provider(family).is_some();
            assert_eq!(keys.serves(family), has_provider, "{family}");
            assert_eq!(keys.waits_for(family), has_provider, "{family}");
        }
    }

    #[test]
    fn nothing_is_started_before_a_key_is_used() {
        let keys = keys();
        let key = MasterKey::from_list(Family::HcVault, "http://127.0.0.1:1/v1/t/keys/k").unwrap();
        for effort in [Effort::Ready, Effort::Ask] {
            let attempts = keys.decrypt_any(&WorkBudget::default(), &[(&key[0], "x")], effort);
            assert!(attempts.secret.is_none() && attempts.errors.is_empty());
        }
        assert!(
            keys.decrypt_any(&WorkBudget::default(), &[], Effort::Run)
                .errors
                .is_empty()
        );
        assert!(keys.runtime.get().is_none() && keys.providers.get().is_none());
    }

    #[test]
    fn a_file_with_very_many_keys_causes_a_limited_number_of_requests() {
        let keys = keys();
        let urls = vec!["http://127.0.0.1:1/v1/t/keys/k"; 300].join(",");
        let all = MasterKey::from_list(Family::HcVault, &urls).unwrap();
        let sealed: Vec<(&MasterKey, &str)> = all.iter().map(|key| (key, "x")).collect();
        keys.contact_any_server();
        let budget = WorkBudget::default();
        let attempts = keys.decrypt_any(&budget, &sealed, Effort::Run);
        assert_eq!(attempts.errors.len(), 100);
        assert!(budget.is_exceeded());
    }
}
