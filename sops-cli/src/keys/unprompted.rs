//! The keys that answer without asking the user: what commands use that look at whole repositories.

use std::sync::Arc;

use sops_core::keys::{self, Effort, Family, KeyService, KeyServices, MasterKey, WorkBudget};
use zeroize::Zeroizing;

/// Key services that neither prompt nor wait for a hardware token.
pub(crate) struct UnpromptedKeys(pub(super) Arc<KeyServices>);

impl KeyService for UnpromptedKeys {
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

    fn budget(&self) -> WorkBudget {
        self.0.budget()
    }

    fn available_keys(&self) -> Vec<MasterKey> {
        self.0.available_keys()
    }
}
