//! The names of recipients in a configuration: the comments at the ends of their lines.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sops_core::config::Config;
use sops_core::keys::MasterKey;
use sops_core::{Format, parse_document};

use super::occurrence::occurrences;
use crate::command_error::{Code, CommandError};
use crate::keys::names::short;

/// The names of the recipients in one configuration. Anyone who can change the configuration can
/// change them, so a name is never shown without its recipient.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecipientNames(HashMap<String, String>);

impl RecipientNames {
    pub(crate) fn of(config: &Config) -> Self {
        Self::of_text(config.text())
    }

    /// The names in the text of a configuration; none if it is invalid.
    pub(crate) fn of_text(text: &str) -> Self {
        // An empty configuration is valid, but not a document.
        let document = parse_document(text, Format::Yaml);
        let occurrences = document.map(|document| occurrences(&document));
        let named = occurrences.unwrap_or_default().into_iter();
        Self(
            named
                .filter_map(|own| Some((own.recipient.replace(' ', ""), own.name?)))
                .collect(),
        )
    }

    /// Adds names, which replace those of the same recipients.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The name of a key.
    pub(crate) fn name(&self, key: &MasterKey) -> Option<&str> {
        self.0.get(&key.id()).map(String::as_str)
    }

    /// A key as it is shown: its name with its short form, or only its short form.
    pub(crate) fn shown(&self, key: &MasterKey) -> String {
        shown(key.family().name(), &key.id(), self.name(key))
    }

    /// A line of `sops` about a key, such as `+++ age1…`, with its name and its short form if it has
    /// a name.
    pub(crate) fn in_line_of_sops<'l>(&self, line: &'l str) -> Cow<'l, str> {
        const MARK: usize = 4;
        let split = line.split_at_checked(MARK);
        let named = split.and_then(|(mark, id)| Some((mark, id, self.0.get(id)?)));
        match named {
            Some((mark, id, name)) => format!("{mark}{name} ({})", short(id)).into(),
            None => line.into(),
        }
    }

    /// The keys of all groups.
    pub(crate) fn shown_groups(&self, groups: &[Vec<MasterKey>]) -> String {
        let groups = groups.iter().map(|keys| {
            let keys: Vec<String> = keys.iter().map(|key| self.shown(key)).collect();
            keys.join(", ")
        });
        groups.collect::<Vec<_>>().join("; ")
    }
}

/// A key of this family with its name, if it has one.
pub(crate) fn shown(family: &str, id: &str, name: Option<&str>) -> String {
    let id = match family {
        "age" => short(id),
        "pgp" => format!("{family} {}", short(id)),
        // The beginning and the end of an ARN or a URL would not say which key it is.
        family => format!("{family} {id}"),
    };
    match name {
        Some(name) => format!("{name} ({id})"),
        None => id,
    }
}

/// Whether two names differ at most in upper and lower case.
pub(crate) fn is_same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// A name for a recipient, as the user gave it; `None` if it is empty.
pub(crate) fn checked_name(name: Option<&str>) -> Result<Option<&str>, CommandError> {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    match name.is_some_and(|name| name.chars().any(char::is_control)) {
        true => {
            let message = "the name cannot contain control characters";
            Err(CommandError::new(Code::Generic, message))
        }
        false => Ok(name),
    }
}

/// The names in several configurations, each of which is read once.
#[derive(Default)]
pub(crate) struct NamesByConfig {
    known: Mutex<HashMap<PathBuf, Arc<RecipientNames>>>,
    /// The names of recipients that were just removed from a configuration.
    former: RecipientNames,
}

impl NamesByConfig {
    /// Uses the names in `former` for recipients that a configuration no longer has.
    pub(crate) fn with_former(former: RecipientNames) -> Self {
        Self {
            former,
            ..Self::default()
        }
    }

    pub(crate) fn of(&self, config: &Config) -> Arc<RecipientNames> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let names = known.entry(config.file().to_owned());
        Arc::clone(names.or_insert_with(|| {
            let mut names = self.former.clone();
            names.0.extend(RecipientNames::of(config).0);
            Arc::new(names)
        }))
    }
}
