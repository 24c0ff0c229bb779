//! Keys that never ask the user, for programs that Git calls and for commands that look at whole
//! repositories.

use std::sync::Arc;
use std::{env, fs};

use sops_core::keys::{
    self, Attempts, Effort, Environment, Family, Gpg, Identities, KeyService, KeyServices,
    MasterKey, WorkBudget,
};
use sops_core::{EncryptedDocument, MacCheck};
use zeroize::Zeroizing;

#[cfg(feature = "keyservice")]
use crate::agent::client::ReadyAgent;

/// Variables that name a file. A pipe or a terminal could block.
const FILES: [&str; 2] = ["SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"];

/// A key service with a limit on its effort.
pub(crate) struct Unprompted {
    service: Arc<dyn KeyService>,
    most: Effort,
}

impl Unprompted {
    /// The age keys of this machine that need no passphrase, plugin or command.
    pub(crate) fn ready_age() -> Self {
        let variables = env::vars_os().filter(|(name, value)| {
            !FILES.iter().any(|file| name == file)
                || fs::metadata(value).is_ok_and(|metadata| metadata.is_file())
        });
        let identities = Identities::from_environment(Environment::new(variables));
        Self {
            service: Arc::new(identities),
            most: Effort::Ready,
        }
    }

    /// Only these identities: no other key of this machine, and none on a server.
    #[cfg(feature = "kube")]
    pub(crate) fn only(identities: Identities) -> Self {
        Self {
            service: Arc::new(identities),
            most: Effort::Ready,
        }
    }

    /// The PGP keys that the agent of `gpg` has unlocked.
    fn unlocked_pgp() -> Self {
        Self::of(Arc::new(Gpg::from_environment(Environment::process())))
    }

    /// The service, limited to an effort without prompts and hardware tokens.
    pub(super) fn of(service: Arc<dyn KeyService>) -> Self {
        Self {
            service,
            most: Effort::Run,
        }
    }
}

/// The age keys that are ready, those that the user's agent has unlocked, and the unlocked PGP
/// keys.
pub(crate) fn ready_keys() -> KeyServices {
    let keys = KeyServices::new().with(Arc::new(Unprompted::ready_age()));
    #[cfg(feature = "keyservice")]
    let keys = match ReadyAgent::of_user() {
        Some(agent) => keys.with(Arc::new(agent)),
        None => keys,
    };
    keys.with(Arc::new(Unprompted::unlocked_pgp()))
}

/// Whether these keys decrypt every value and the MAC matches. `None` if they cannot decrypt the
/// data key.
pub(crate) fn is_intact(document: &EncryptedDocument, keys: &KeyServices) -> Option<bool> {
    let key = document.data_key(keys).ok()?;
    Some(document.decrypt(&key, MacCheck::Require).is_ok())
}

impl KeyService for Unprompted {
    fn serves(&self, family: Family) -> bool {
        self.service.serves(family)
    }

    fn complete(&self, key: &MasterKey) -> keys::Result<MasterKey> {
        self.service.complete(key)
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> keys::Result<String> {
        self.service.encrypt(key, secret)
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
        if effort > self.most {
            return Ok(None);
        }
        self.service.decrypt_within(budget, key, enc, effort)
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
        if effort > self.most {
            return Attempts::default();
        }
        self.service.decrypt_any(budget, keys, effort)
    }

    fn budget(&self) -> WorkBudget {
        match self.most {
            Effort::Ready => WorkBudget::small(),
            Effort::Run | Effort::Ask => self.service.budget(),
        }
    }

    fn available_keys(&self) -> Vec<MasterKey> {
        self.service.available_keys()
    }
}
