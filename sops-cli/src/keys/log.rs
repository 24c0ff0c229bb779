//! Logs the operations of local keys for `--verbose`, in the words of `sops`, which programs look
//! for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sops_core::keys::{Effort, Family, KeyService, MasterKey, Result, WorkBudget};
use zeroize::Zeroizing;

use crate::ui::Log;

/// Operations of keys that are not logged yet. A key counts as failed only when recovery ends or
/// another key decrypts, because it may be tried several times before that.
pub(super) struct KeyLog {
    log: Log,
    failed: Mutex<Vec<MasterKey>>,
}

impl KeyLog {
    pub(super) fn new(log: Log) -> Arc<Self> {
        let failed = Mutex::default();
        Arc::new(Self { log, failed })
    }

    /// Logs the keys that failed.
    pub(super) fn flush(&self) {
        for key in self.failed().drain(..) {
            self.write(&key, "Decryption failed");
        }
    }

    fn decrypted(&self, key: &MasterKey) {
        self.failed().retain(|failed| failed != key);
        self.flush();
        self.write(key, "Decryption succeeded");
    }

    fn not_decrypted(&self, key: &MasterKey) {
        let mut failed = self.failed();
        if !failed.contains(key) {
            failed.push(key.clone());
        }
    }

    fn failed(&self) -> MutexGuard<'_, Vec<MasterKey>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, key: &MasterKey, message: &str) {
        let id = key.id();
        let (logger, field) = match key.family() {
            Family::Age if message.starts_with("Decryption") => ("AGE", None),
            Family::Age => ("AGE", Some(("recipient", &*id))),
            _ => ("PGP", Some(("fingerprint", &*id))),
        };
        self.log.write(logger, "info", message, field);
    }
}

/// A local key service that logs its operations.
pub(super) struct LoggedKeys<S> {
    pub(super) service: Arc<S>,
    pub(super) log: Arc<KeyLog>,
}

impl<S: KeyService> KeyService for LoggedKeys<S> {
    fn serves(&self, family: Family) -> bool {
        self.service.serves(family)
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        let encrypted = self.service.encrypt(key, secret);
        let message = match &encrypted {
            Ok(_) => "Encryption succeeded",
            Err(_) => "Encryption failed",
        };
        self.log.write(key, message);
        encrypted
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
        let decrypted = self.service.decrypt_within(budget, key, enc, effort);
        if let Ok(Some(_)) = &decrypted {
            self.log.decrypted(key);
        } else {
            self.log.not_decrypted(key);
        }
        decrypted
    }

    fn budget(&self) -> WorkBudget {
        self.service.budget()
    }

    fn available_keys(&self) -> Vec<MasterKey> {
        self.service.available_keys()
    }

    fn decryption_order(&self) -> &[Family] {
        self.service.decryption_order()
    }

    fn search_report(&self, family: Family) -> Vec<String> {
        self.service.search_report(family)
    }
}
