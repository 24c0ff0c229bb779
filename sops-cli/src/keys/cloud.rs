//! The keys on servers that this program contacts itself.

use std::sync::Arc;

use sops_core::keys::{Family, KeyService};

use crate::keys::log::KeyLog;

/// The key service for keys on servers. Until the user is known to have named the file, it contacts
/// only servers that the user or a cloud provider names.
#[cfg(feature = "cloud-keys")]
pub(super) struct Cloud(Arc<sops_kms::CloudKeys>);

#[cfg(feature = "cloud-keys")]
impl Cloud {
    /// Contacts no server yet.
    pub(super) fn new() -> Self {
        let warn = |message: &str| crate::ui::Ui::new(false).warn(message);
        let environment = sops_core::keys::Environment::process();
        Self(Arc::new(sops_kms::CloudKeys::new(environment, warn)))
    }

    /// The service, unless this program was built without it.
    pub(super) fn service(&self, log: Option<&Arc<KeyLog>>) -> Option<Arc<dyn KeyService>> {
        Some(KeyLog::logged(&self.0, log))
    }

    /// Whether it has keys of the family.
    pub(super) fn serves(&self, family: Family) -> bool {
        self.0.serves(family)
    }

    /// From now on, also contacts servers that only a file names.
    pub(super) fn contact_any_server(&self) {
        self.0.contact_any_server();
    }
}

/// No key service, because this program was built without it.
#[cfg(not(feature = "cloud-keys"))]
pub(super) struct Cloud;

#[cfg(not(feature = "cloud-keys"))]
impl Cloud {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) fn service(&self, _: Option<&Arc<KeyLog>>) -> Option<Arc<dyn KeyService>> {
        None
    }

    pub(super) fn serves(&self, _: Family) -> bool {
        false
    }

    pub(super) fn contact_any_server(&self) {}
}
