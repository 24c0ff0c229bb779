//! The names of recipients and their keys, including recipients that `.sops.yaml` no longer has.

use std::collections::BTreeSet;

use sops_core::keys::{MasterKey, Recipient};
use sops_lint::shell_word;

use super::survey::Survey;
use crate::command_error::{Code, CommandError};
use crate::config::nearest::CONFIG_FILE;
use crate::keys::names::short;
use crate::recipient_edit::{RecipientNames, is_same_name};

/// The shortest beginning of a recipient that is accepted. Shorter ones are likely to be mistakes.
const SHORTEST: usize = 8;

/// The names that the configurations of the current commit and its ancestors give to recipients.
pub(crate) struct Names(RecipientNames);

/// A recipient, or someone who has several.
pub(crate) struct Person {
    /// The name to show.
    pub(crate) name: String,
    /// The numbers of the master keys.
    pub(crate) keys: BTreeSet<usize>,
}

impl Names {
    /// Reads all versions of the configurations. The newest name of a recipient has precedence.
    pub(crate) fn read(survey: &Survey) -> Result<Self, CommandError> {
        let mut names = RecipientNames::default();
        for text in survey.versions_of_files_named(CONFIG_FILE)? {
            if let Ok(text) = str::from_utf8(&text) {
                names.extend(RecipientNames::of_text(text));
            }
        }
        Ok(Self(names))
    }

    pub(super) fn name(&self, key: &MasterKey) -> Option<&str> {
        self.0.name(key)
    }

    pub(super) fn shown(&self, key: &MasterKey) -> String {
        self.0.shown(key)
    }
}

/// The recipients with this name, text or beginning.
pub(crate) fn person(survey: &Survey, names: &Names, wanted: &str) -> Result<Person, CommandError> {
    let masters = || survey.past.masters.iter();
    let select = |is_wanted: &dyn Fn(&MasterKey) -> bool| {
        let keys = masters().filter(|(_, key)| is_wanted(key));
        keys.map(|(id, _)| id).collect::<BTreeSet<usize>>()
    };
    let is_exact = |key: &MasterKey| key.id() == wanted || names.name(key) == Some(wanted);
    let is_begun = |key: &MasterKey| wanted.len() >= SHORTEST && key.id().starts_with(wanted);
    let is_like = |key: &MasterKey| {
        names
            .name(key)
            .is_some_and(|name| is_same_name(name, wanted))
    };
    let mut keys = select(&is_exact);
    if keys.is_empty() {
        keys = select(&is_like);
        let like = keys
            .iter()
            .map(|id| names.name(survey.past.masters.key(*id)));
        if like.collect::<BTreeSet<_>>().len() > 1 {
            let message = format!("`{wanted}` matches several names");
            return Err(CommandError::new(Code::Generic, message)
                .hint("write the name as in `.sops.yaml`, or pass the recipient"));
        }
    }
    if keys.is_empty() {
        keys = select(&is_begun);
        if keys.len() > 1 {
            let message = format!("`{wanted}` matches several recipients");
            return Err(CommandError::new(Code::Generic, message).hint("pass the whole recipient"));
        }
    }
    let mut shown = keys
        .iter()
        .map(|id| names.shown(survey.past.masters.key(*id)));
    match (shown.next(), wanted.parse::<Recipient>()) {
        (Some(first), _) => Ok(Person {
            name: shown.fold(first, |all, key| all + ", " + &key),
            keys,
        }),
        // No version is encrypted for this recipient, so it could read nothing.
        (None, Ok(_)) => Ok(Person {
            name: short(wanted),
            keys,
        }),
        (None, Err(_)) => {
            let message = format!("no version of an encrypted file has the recipient `{wanted}`");
            let mut all: Vec<String> = masters().map(|(_, key)| names.shown(key)).collect();
            all.sort();
            let error = CommandError::new(Code::Generic, message);
            let error = match all.is_empty() {
                true => error,
                false => error.hint(format!("the recipients are: {}", all.join(", "))),
            };
            let error = match survey.graph.gap {
                Some(gap) => error.hint(format!("older commits were not read: {}", gap.reason())),
                None => error,
            };
            Err(error.hint(format!(
                "if only `.sops.yaml` names it, it could not read any value; to remove it there, run `sops-rs recipients remove {}`",
                shell_word(wanted)
            )))
        }
    }
}
