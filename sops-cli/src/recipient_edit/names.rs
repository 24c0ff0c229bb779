//! The names that a `.sops.yaml` gives to recipients.

use std::collections::HashMap;

use sops_core::config::Config;
use sops_core::keys::MasterKey;
use sops_core::{Format, parse_document};

use super::occurrences;
use crate::keys::names::short;

/// The names of recipients in a configuration: the comments at the ends of their lines. Anyone who
/// can change the configuration can change them, so a name never stands without its recipient.
#[derive(Debug, Default)]
pub(crate) struct RecipientNames(HashMap<String, String>);

impl RecipientNames {
    pub(crate) fn of(config: &Config) -> Self {
        // An empty configuration is valid, but not a document.
        let document = parse_document(config.text(), Format::Yaml);
        let found = document.map(|document| occurrences(&document));
        let named = found.unwrap_or_default().into_iter();
        Self(
            named
                .filter_map(|found| Some((found.recipient.replace(' ', ""), found.name?)))
                .collect(),
        )
    }

    /// The name of the key with this [id](MasterKey::id).
    pub(crate) fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// A key as it is shown: its name with its short form, or only its short form.
    pub(crate) fn shown(&self, key: &MasterKey) -> String {
        let id = key.id();
        shown(key.family().name(), &id, self.get(&id))
    }
}

/// A key of this family with its name, if it has one.
pub(crate) fn shown(family: &str, id: &str, name: Option<&str>) -> String {
    let id = match family {
        "age" => short(id),
        family => format!("{family} {}", short(id)),
    };
    match name {
        Some(name) => format!("{name} ({id})"),
        None => id,
    }
}
