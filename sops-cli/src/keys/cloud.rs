//! The keys on servers that this program contacts itself.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "cloud-keys")]
use sops_core::keys::{Attempts, Effort, Result, WorkBudget};
use sops_core::keys::{Family, KeyService, MasterKey};
#[cfg(feature = "cloud-keys")]
use zeroize::Zeroizing;

use crate::keys::log::KeyLog;
#[cfg(feature = "cloud-keys")]
use crate::parallel;

/// The key service for keys on servers. Until the user is known to have named the file, it contacts
/// only servers that the user or a cloud provider names.
#[cfg(feature = "cloud-keys")]
pub(super) struct Cloud(Arc<sops_kms::CloudKeys>);

#[cfg(feature = "cloud-keys")]
impl Cloud {
    /// Contacts no server yet. `limit` is for all requests together.
    pub(super) fn new(limit: Option<Duration>) -> Self {
        let warn = |message: &str| crate::ui::Ui::new(false).warn(message);
        let environment = sops_core::keys::Environment::process();
        let keys = sops_kms::CloudKeys::new(environment, warn);
        Self(Arc::new(match limit {
            Some(limit) => keys.with_limit(limit),
            None => keys,
        }))
    }

    /// The service, unless this program was built without it.
    pub(super) fn service(&self, log: Option<&Arc<KeyLog>>) -> Option<Arc<dyn KeyService>> {
        let service = Arc::new(Waiting(Arc::clone(&self.0)));
        Some(KeyLog::logged(&service, log))
    }

    /// Whether it has keys of the family.
    pub(super) fn serves(&self, family: Family) -> bool {
        self.0.serves(family)
    }

    /// Where the credentials for the key come from, after a request with it.
    pub(super) fn credential_source(&self, key: &MasterKey) -> Option<String> {
        self.0.credential_source(key)
    }

    /// From now on, also contacts servers that only a file names.
    pub(super) fn contact_any_server(&self) {
        self.0.contact_any_server();
    }

    /// Writes the content of a file to a destination.
    pub(super) fn publish(
        &self,
        destination: &sops_kms::Destination,
        content: &[u8],
        trusts_configuration: bool,
    ) -> std::result::Result<sops_kms::Published, sops_kms::PublishError> {
        self.0.publish(destination, content, trusts_configuration)
    }
}

/// The same service; while one file waits for it, other files are processed.
#[cfg(feature = "cloud-keys")]
struct Waiting(Arc<sops_kms::CloudKeys>);

#[cfg(feature = "cloud-keys")]
impl KeyService for Waiting {
    fn serves(&self, family: Family) -> bool {
        self.0.serves(family)
    }

    fn complete(&self, key: &MasterKey) -> Result<MasterKey> {
        parallel::waiting(|| self.0.complete(key))
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        parallel::waiting(|| self.0.encrypt(key, secret))
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
        if_waits(effort, || self.0.decrypt_within(budget, key, enc, effort))
    }

    fn waits_for(&self, family: Family) -> bool {
        self.0.waits_for(family)
    }

    fn decrypt_any(
        &self,
        budget: &WorkBudget,
        keys: &[(&MasterKey, &str)],
        effort: Effort,
    ) -> Attempts {
        if_waits(effort, || self.0.decrypt_any(budget, keys, effort))
    }
}

/// Does work that may ask a server with this effort.
#[cfg(feature = "cloud-keys")]
fn if_waits<R>(effort: Effort, work: impl FnOnce() -> R) -> R {
    match effort {
        Effort::Run => parallel::waiting(work),
        Effort::Ready | Effort::Ask => work(),
    }
}

/// No key service, because this program was built without it.
#[cfg(not(feature = "cloud-keys"))]
pub(super) struct Cloud;

#[cfg(not(feature = "cloud-keys"))]
impl Cloud {
    pub(super) fn new(_: Option<Duration>) -> Self {
        Self
    }

    pub(super) fn service(&self, _: Option<&Arc<KeyLog>>) -> Option<Arc<dyn KeyService>> {
        None
    }

    pub(super) fn serves(&self, _: Family) -> bool {
        false
    }

    pub(super) fn credential_source(&self, _: &MasterKey) -> Option<String> {
        None
    }

    pub(super) fn contact_any_server(&self) {}
}
