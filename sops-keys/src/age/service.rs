//! The key service for age keys.

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::family::Family;
use crate::master_key::MasterKey;
use crate::service::{Effort, KeyService};
use crate::work_budget::WorkBudget;

use super::identities::Identities;
use super::recipient::Recipient;

/// Encrypts for age recipients, which needs no identity, and decrypts with the identities of the
/// set.
impl KeyService for Identities {
    fn serves(&self, family: Family) -> bool {
        family == Family::Age
    }

    /// A recipient's plugin may ask the user.
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        let MasterKey::Age { recipient } = key else {
            return Err(Error::no_key_service(key));
        };
        let recipient: Recipient = recipient.parse()?;
        recipient.wrap_asking(secret, self.prompt())
    }

    /// All identities are tried, since the recipient in a document is only a hint.
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
        match key {
            MasterKey::Age { recipient } => self.unwrap_within(budget, effort, recipient, enc),
            _ => Ok(None),
        }
    }

    fn available_keys(&self) -> Vec<MasterKey> {
        let recipients = self.native_recipients().into_iter();
        recipients.map(MasterKey::from).collect()
    }

    fn search_report(&self, family: Family) -> Vec<String> {
        if family != Family::Age {
            return Vec::new();
        }
        let sources = self.sources();
        let mut lines = vec![match sources.is_empty() {
            true => "no private keys were given".to_owned(),
            false => "searched for private keys in:".to_owned(),
        }];
        lines.extend(sources.iter().map(|source| format!("  {source}")));
        lines.extend(self.complaints());
        lines
    }
}
