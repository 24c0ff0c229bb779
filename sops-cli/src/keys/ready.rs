//! Keys that never ask the user, for programs that Git calls: a hook, or the conversion to text.

use std::sync::Arc;
use std::{env, fs};

use sops_core::keys::{
    self, Effort, Environment, Family, Gpg, Identities, KeyService, KeyServices, MasterKey,
    WorkBudget,
};
use zeroize::Zeroizing;

/// Variables that name a file. A pipe or a terminal could block.
const FILES: [&str; 2] = ["SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"];

/// The age keys that need no passphrase, plugin or command.
pub(crate) struct ReadyKeys(Identities);

impl ReadyKeys {
    pub(crate) fn new() -> Self {
        let variables = env::vars_os().filter(|(name, value)| {
            !FILES.iter().any(|file| name == file)
                || fs::metadata(value).is_ok_and(|metadata| metadata.is_file())
        });
        Self(Identities::from_environment(Environment::new(variables)))
    }
}

impl KeyService for ReadyKeys {
    fn serves(&self, family: Family) -> bool {
        self.0.serves(family)
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> keys::Result<String> {
        self.0.encrypt(key, secret)
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        self.decrypt_within(&self.budget(), key, enc, effort)
    }

    fn decrypt_within(
        &self,
        budget: &WorkBudget,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        match effort {
            Effort::Ready => self.0.decrypt_within(budget, key, enc, effort),
            Effort::Run | Effort::Ask => Ok(None),
        }
    }

    fn budget(&self) -> WorkBudget {
        WorkBudget::small()
    }

    fn available_keys(&self) -> Vec<MasterKey> {
        self.0.available_keys()
    }
}

/// The age keys that are ready, and the PGP keys that the agent of `gpg` has unlocked.
pub(crate) fn quiet_services() -> KeyServices {
    let gpg = Gpg::from_environment(Environment::process());
    KeyServices::new()
        .with(Arc::new(ReadyKeys::new()))
        .with(Arc::new(QuietGpg(gpg)))
}

/// PGP keys, without a prompt for a passphrase.
struct QuietGpg(Gpg);

impl KeyService for QuietGpg {
    fn serves(&self, family: Family) -> bool {
        self.0.serves(family)
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> keys::Result<String> {
        self.0.encrypt(key, secret)
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        self.decrypt_within(&self.budget(), key, enc, effort)
    }

    fn decrypt_within(
        &self,
        budget: &WorkBudget,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> keys::Result<Option<Zeroizing<Vec<u8>>>> {
        match effort {
            Effort::Ready | Effort::Run => self.0.decrypt_within(budget, key, enc, effort),
            Effort::Ask => Ok(None),
        }
    }
}
