//! The names of recipients in a configuration: the comments at the ends of their lines.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sops_core::config::Config;
use sops_core::keys::MasterKey;
use sops_core::{Format, parse_document};

use super::occurrence::occurrences;

/// The names of the recipients in one configuration.
#[derive(Default)]
pub(crate) struct RecipientNames(HashMap<String, String>);

impl RecipientNames {
    fn of(config: &Config) -> Self {
        let document = parse_document(config.text(), Format::Yaml);
        let found = document.map(|document| occurrences(&document));
        let named = found.unwrap_or_default().into_iter();
        Self(
            named
                .filter_map(|found| Some((found.recipient.replace(' ', ""), found.name?)))
                .collect(),
        )
    }

    /// The name of a key. Anyone who can change the configuration can change it.
    pub(crate) fn name(&self, key: &MasterKey) -> Option<&str> {
        self.0.get(&key.id()).map(String::as_str)
    }
}

/// The names in several configurations, each of which is read once.
#[derive(Default)]
pub(crate) struct NamesByConfig(Mutex<HashMap<PathBuf, Arc<RecipientNames>>>);

impl NamesByConfig {
    pub(crate) fn of(&self, config: &Config) -> Arc<RecipientNames> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names = known.entry(config.file().to_owned());
        Arc::clone(names.or_insert_with(|| Arc::new(RecipientNames::of(config))))
    }
}
