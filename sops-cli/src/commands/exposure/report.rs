//! What is known about the current secret values.

use serde::Serialize;

use super::people::{Names, Person};
use super::survey::{Moment, Survey, short_id};
use crate::command_error::{CommandError, name_of};
use crate::exposure::{CurrentValue, Knowledge, SeenVersion};
use crate::git::HistoryGap;

/// A master key that can, or could, read a value.
#[derive(Serialize)]
pub(crate) struct Reader {
    pub(super) family: &'static str,
    pub(super) id: String,
    pub(super) name: Option<String>,
    /// Whether it is a recipient of the file today.
    pub(super) is_recipient: bool,
    #[serde(skip)]
    pub(super) shown: String,
}

/// Where someone could read a value.
#[derive(Serialize)]
pub(crate) struct Source {
    pub(super) file: String,
    pub(super) path: String,
    /// `None` in the working tree.
    pub(super) commit: Option<String>,
    pub(super) in_plaintext: bool,
}

/// A current value.
#[derive(Serialize)]
pub(crate) struct Value {
    pub(super) file: String,
    pub(super) path: String,
    /// When it last changed; `None` if the change is not committed.
    pub(super) last_change: Option<Moment>,
    /// Who can, or could, read it.
    pub(super) readers: Vec<Reader>,
    /// Whether a version of the file has it in plaintext.
    pub(super) in_plaintext: bool,
    /// The first place where the recipient in `who` could read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) known_from: Option<Source>,
}

/// A version whose values are not known.
#[derive(Serialize)]
pub(crate) struct Unknown {
    pub(super) file: String,
    /// `None` in the working tree.
    pub(super) commit: Option<String>,
    pub(super) reason: &'static str,
}

/// The result.
#[derive(Serialize)]
pub(crate) struct Report {
    /// The recipient whose knowledge is reported, if the user named one.
    pub(super) who: Option<String>,
    pub(crate) values: Vec<Value>,
    /// How many secret values the files have today.
    pub(super) in_use: usize,
    pub(super) unknown: Vec<Unknown>,
    /// Why older commits are missing.
    pub(super) gap: Option<&'static str>,
}

impl Report {
    pub(crate) fn new(
        survey: &Survey,
        names: &Names,
        subject: Option<&Person>,
        since: Option<&str>,
    ) -> Result<Self, CommandError> {
        let counts = survey.counts_since(since)?;
        let knowledge = subject.map(|person| survey.past.known_to(&person.keys, &counts));
        let values = survey.values.iter().enumerate();
        let values = values.filter_map(|(number, value)| {
            let known_from = match &knowledge {
                Some(knowledge) => Some(source(survey, knowledge, value)?),
                None => None,
            };
            Some(described(survey, names, number, known_from))
        });
        let unknown: Vec<&SeenVersion> = match &knowledge {
            Some(knowledge) => knowledge.unknown().collect(),
            None => {
                let versions = survey.past.versions.iter().zip(&counts);
                let unknown =
                    versions.filter(|(version, counts)| **counts && version.problem.is_some());
                unknown.map(|(version, _)| version).collect()
            }
        };
        let unknown = unknown.into_iter().map(|version| Unknown {
            file: name_of(&version.path),
            commit: version.commit.map(|commit| short_id(survey, commit)),
            reason: version.problem.unwrap_or_default(),
        });
        Ok(Self {
            who: subject.map(|person| person.name.clone()),
            values: values.collect(),
            in_use: survey.values.len(),
            unknown: unknown.collect(),
            gap: survey.graph.gap.map(HistoryGap::reason),
        })
    }

    /// Whether there may be more values than listed.
    pub(crate) fn is_incomplete(&self) -> bool {
        !self.unknown.is_empty() || self.gap.is_some()
    }
}

fn source(survey: &Survey, knowledge: &Knowledge<'_>, value: &CurrentValue) -> Option<Source> {
    let evidence = knowledge.of(value)?;
    Some(Source {
        file: name_of(&evidence.version.path),
        path: evidence.value.path.to_string(),
        commit: evidence
            .version
            .commit
            .map(|commit| short_id(survey, commit)),
        in_plaintext: evidence.value.is_open,
    })
}

fn described(survey: &Survey, names: &Names, number: usize, known_from: Option<Source>) -> Value {
    let value = &survey.values[number];
    let (readers, in_plaintext) = survey.past.readers(value);
    let recipients = survey.past.recipients(value);
    let mut readers: Vec<Reader> = readers
        .into_iter()
        .map(|id| {
            let key = survey.past.masters.key(id);
            Reader {
                family: key.family().name(),
                id: key.id(),
                name: names.name(key).map(str::to_owned),
                is_recipient: recipients.contains(&id),
                shown: names.shown(key),
            }
        })
        .collect();
    readers.sort_by(|left, right| left.shown.cmp(&right.shown));
    Value {
        file: name_of(&value.file),
        path: value.path.to_string(),
        last_change: survey.last_change(number),
        readers,
        in_plaintext,
        known_from,
    }
}
