//! Logs the operations of keys for `--verbose`, in the words of `sops`, which programs look
//! for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sops_core::keys::{Attempts, Effort, Family, KeyService, MasterKey, Result, WorkBudget};
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

    /// A service that logs what it does, if there is a log.
    pub(super) fn logged<S: KeyService + 'static>(
        service: &Arc<S>,
        log: Option<&Arc<Self>>,
    ) -> Arc<dyn KeyService> {
        let service = Arc::clone(service);
        match log.map(Arc::clone) {
            Some(log) => Arc::new(LoggedKeys { service, log }),
            None => service,
        }
    }

    /// Logs the keys that failed.
    pub(super) fn flush(&self) {
        for key in self.failed().drain(..) {
            self.write(&key, Operation::Decryption, false);
        }
    }

    fn decrypted(&self, key: &MasterKey) {
        self.failed().retain(|failed| failed != key);
        self.flush();
        self.write(key, Operation::Decryption, true);
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

    fn write(&self, key: &MasterKey, operation: Operation, is_success: bool) {
        let outcome = match (is_success, key.family()) {
            (true, Family::HcVault) => "successful",
            (true, _) => "succeeded",
            (false, _) => "failed",
        };
        let (noun, verb) = match operation {
            Operation::Encryption => ("Encryption", "encrypt"),
            Operation::Decryption => ("Decryption", "decrypt"),
        };
        let id = key.id();
        let path;
        let (logger, fields) = match key {
            MasterKey::Age { .. } if operation == Operation::Decryption => ("AGE", vec![]),
            MasterKey::Age { .. } => ("AGE", vec![("recipient", &*id)]),
            MasterKey::HcVault {
                engine_path,
                key_name,
                ..
            } => {
                path = format!("{engine_path}/{verb}/{key_name}");
                ("VAULT_TRANSIT", vec![("Path", &*path)])
            }
            MasterKey::AzureKv { name, version, .. } => {
                ("AZKV", vec![("key", &**name), ("version", &**version)])
            }
            MasterKey::Hckms { .. } => ("HCKMS", vec![("keyID", &*id)]),
            MasterKey::GcpKms { .. } => ("GCPKMS", vec![("resourceID", &*id)]),
            MasterKey::Kms { arn, .. } => ("AWSKMS", vec![("arn", &**arn)]),
            _ => ("PGP", vec![("fingerprint", &*id)]),
        };
        self.log
            .write(logger, "info", &format!("{noun} {outcome}"), &fields);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Encryption,
    Decryption,
}

/// A key service that logs its operations.
struct LoggedKeys<S> {
    service: Arc<S>,
    log: Arc<KeyLog>,
}

impl<S: KeyService> KeyService for LoggedKeys<S> {
    fn serves(&self, family: Family) -> bool {
        self.service.serves(family)
    }

    fn complete(&self, key: &MasterKey) -> Result<MasterKey> {
        self.service.complete(key)
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        let encrypted = self.service.encrypt(key, secret);
        self.log
            .write(key, Operation::Encryption, encrypted.is_ok());
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

    fn waits_for(&self, family: Family) -> bool {
        self.service.waits_for(family)
    }

    fn decrypt_any(
        &self,
        budget: &WorkBudget,
        keys: &[(&MasterKey, &str)],
        effort: Effort,
    ) -> Attempts {
        let attempts = self.service.decrypt_any(budget, keys, effort);
        let winner = attempts.secret.as_ref().map(|(index, _)| *index);
        let has_failed = |index: &usize| {
            winner.is_none() || attempts.errors.iter().any(|(failed, _)| failed == index)
        };
        for index in (0..keys.len()).filter(has_failed) {
            self.log.not_decrypted(keys[index].0);
        }
        if let Some(index) = winner {
            self.log.decrypted(keys[index].0);
        }
        attempts
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
