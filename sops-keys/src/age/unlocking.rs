//! Unlocks identities before a file needs them, for programs that keep them.

use super::identities::Identities;
use super::source::{KeySource, SourceContent};

impl Identities {
    /// Asks now for what decryption would ask for later: the passphrases of key files and, if there
    /// are no age keys, of SSH keys. Each plugin encrypts and decrypts random text, so that it asks
    /// its questions now; keys that cannot be unlocked stay locked.
    ///
    /// Returns why keys stayed locked, each reason with the name of its source.
    #[must_use]
    pub fn unlock(&self) -> Vec<String> {
        let prompt = self.prompt().as_ref();
        let sources = self.all_sources();
        for source in &sources {
            if let SourceContent::Protected(protected) = &source.content {
                // The report below says why the key file stays locked.
                let _ = protected.unlock(&source.name, prompt);
            }
        }
        #[cfg(feature = "ssh")]
        if sources.iter().all(|source| source.keys().is_empty()) {
            for source in &sources {
                if let SourceContent::Ssh(key) = &source.content {
                    let _ = key.unlock(&source.name, prompt);
                }
            }
        }
        let reasons = sources.iter().filter_map(|source| failure(source));
        #[cfg(feature = "plugin")]
        let reasons = reasons.chain(sources.iter().flat_map(|source| {
            let plugins = source.keys().iter().filter_map(super::Identity::plugin);
            let reasons = plugins.filter_map(|identity| self.rehearse(identity).err());
            reasons.map(|reason| format!("{}: {reason}", source.name))
        }));
        reasons.collect()
    }

    /// Has a plugin encrypt and decrypt random text.
    #[cfg(feature = "plugin")]
    fn rehearse(&self, identity: &::age::plugin::Identity) -> Result<(), String> {
        use crate::data_key::DataKey;
        use crate::service::Effort;
        use crate::work_budget::WorkBudget;

        use super::{plugin, recipient};

        let text = DataKey::generate();
        let enc = plugin::recipient_of(identity, self.prompt())
            .and_then(|recipient| recipient::armored(&recipient, text.as_bytes()))
            .map_err(|error| recipient::failure(&error))?;
        let budget = WorkBudget::default();
        match self.unwrap_within(&budget, Effort::Ask, "", &enc) {
            Ok(Some(secret)) if secret[..] == text.as_bytes()[..] => Ok(()),
            _ => Err(self.complaints().pop().unwrap_or_else(|| {
                format!(
                    "age-plugin-{} cannot decrypt the test data that it encrypted",
                    identity.plugin()
                )
            })),
        }
    }
}

/// Why a source cannot be used, with its name.
fn failure(source: &KeySource) -> Option<String> {
    match source.content.held()? {
        super::Held::Failed(reason) => Some(format!("{}: {reason}", source.name)),
        _ => None,
    }
}
