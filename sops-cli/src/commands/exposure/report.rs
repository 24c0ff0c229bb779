//! What is known about the secret values of today.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use sops_core::keys::{KeyService, timestamp};

use super::people::{Names, Person};
use crate::batch::{self, BatchFile};
use crate::command_error::{Code, CommandError, name_of};
use crate::exposure::{
    CurrentValue, Knowledge, LastChanges, Marker, Past, SeenVersion, VersionReader, current_values,
};
use crate::git::{CommitGraph, GitRepository, HistoryGap, Objects, Reach, Snapshot};
use crate::input::read_repository_file;

/// The values of the working tree, and the whole history.
pub(in crate::commands) struct Survey {
    root: PathBuf,
    pub(super) objects: Objects,
    pub(super) graph: CommitGraph,
    pub(in crate::commands) past: Past,
    pub(super) values: Vec<CurrentValue>,
    /// The files of the working tree, with their paths relative to the root.
    pub(super) files: Vec<(BatchFile, PathBuf)>,
    last_changes: LastChanges,
}

impl Survey {
    /// Reads the encrypted files at these paths, and all versions in the history.
    pub(in crate::commands) fn new(
        keys: &dyn KeyService,
        paths: &[&Path],
        reach: Reach,
    ) -> Result<Self, CommandError> {
        let repository = GitRepository::found(GitRepository::look_up()?)?;
        repository.require_working_tree()?;
        let graph = CommitGraph::read(reach)?;
        let objects = Objects::open()?;
        let items = batch::items(paths.iter().copied(), batch::Leftovers::Keep)?;
        let items = batch::meant(items, true);
        let marker = Marker::default();
        let mut reader = VersionReader::new(keys, &marker);
        let mut current = Vec::new();
        reader.add_history(&graph, &objects);
        let mut files = Vec::new();
        for item in items {
            let content = read_repository_file(&item.path)
                .map_err(|error| CommandError::input(name_of(&item.path), &error))?;
            let path = repository.inside(&item.path)?;
            current.extend(reader.add_current(&path, &content));
            files.push((item, path));
        }
        let past = reader.finish();
        let values = current_values(&past, &current);
        let head = objects.commit("HEAD");
        let head = head.and_then(|head| graph.position(&head));
        let last_changes = LastChanges::of(&values, &past, &graph, head);
        Ok(Self {
            root: repository.root,
            objects,
            graph,
            past,
            values,
            files,
            last_changes,
        })
    }

    /// When the value at this position last changed; `None` if that is not committed.
    pub(super) fn last_change(&self, value: usize) -> Option<Moment> {
        let commit = self.last_changes.commit(value)?;
        Some(Moment {
            commit: short_id(self, commit),
            time: timestamp::format(self.graph.commits[commit].time),
        })
    }

    pub(super) fn last_change_time(&self, value: usize) -> Option<SystemTime> {
        let commit = self.last_changes.commit(value)?;
        Some(self.graph.commits[commit].time)
    }

    /// The contents of the files with this name in the history, oldest first, and in the working
    /// tree.
    pub(super) fn versions_of_files_named(&self, name: &str) -> Result<Vec<Vec<u8>>, CommandError> {
        let changes = self.graph.commits.iter().flat_map(|commit| &commit.changes);
        let named = changes.filter(|change| change.path.file_name() == Some(name.as_ref()));
        let blobs: Vec<&str> = named.filter_map(|change| change.new.as_deref()).collect();
        let mut contents: Vec<Vec<u8>> = self.objects.blobs(&blobs).into_iter().flatten().collect();
        contents.extend(read_repository_file(&self.root.join(name)).ok());
        Ok(contents)
    }

    /// Which versions could be read at this revision, or later.
    fn counts_since(&self, revision: Option<&str>) -> Result<Vec<bool>, CommandError> {
        let Some(revision) = revision else {
            return Ok(vec![true; self.past.versions.len()]);
        };
        let commit = self.objects.commit(revision);
        let position = commit.and_then(|id| Some((self.graph.position(&id)?, id)));
        let Some((position, id)) = position else {
            let message = format!("`{revision}` is not a revision of this repository");
            return Err(CommandError::new(Code::Generic, message));
        };
        let is_earlier = self.graph.ancestors(position);
        let snapshot = Snapshot::of_commit(&self.root, &self.objects, &id)?;
        let mut blobs: BTreeSet<String> = snapshot.files().map(|file| file.blob).collect();
        let later = self.graph.commits.iter().zip(is_earlier);
        let later = later.filter(|(_, is_earlier)| !is_earlier);
        let changes = later.flat_map(|(commit, _)| &commit.changes);
        blobs.extend(changes.filter_map(|change| change.new.clone()));
        Ok(self.past.versions_with(&blobs))
    }
}

/// A master key that can, or could, read a value.
#[derive(Serialize)]
pub(in crate::commands) struct Reader {
    pub(super) family: &'static str,
    pub(super) id: String,
    pub(super) name: Option<String>,
    /// Whether it is a recipient of the file today.
    pub(super) is_recipient: bool,
    #[serde(skip)]
    pub(super) shown: String,
}

/// A commit.
#[derive(Serialize)]
pub(in crate::commands) struct Moment {
    pub(super) commit: String,
    pub(super) time: String,
}

impl Moment {
    /// The date, in UTC.
    pub(super) fn day(&self) -> &str {
        self.time.get(..10).unwrap_or(&self.time)
    }
}

/// Where someone could read a value.
#[derive(Serialize)]
pub(in crate::commands) struct Source {
    pub(super) file: String,
    pub(super) path: String,
    /// `None` in the working tree.
    pub(super) commit: Option<String>,
    pub(super) in_plaintext: bool,
}

/// A value of today.
#[derive(Serialize)]
pub(in crate::commands) struct Value {
    pub(super) file: String,
    pub(super) path: String,
    /// When it last changed; `None` if that is not committed.
    pub(super) last_change: Option<Moment>,
    /// Who can read it, or could.
    pub(super) readers: Vec<Reader>,
    /// Whether a version of the file has it in plaintext.
    pub(super) in_plaintext: bool,
    /// The first place where the person could read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) known_from: Option<Source>,
}

/// A version whose values are not known.
#[derive(Serialize)]
pub(in crate::commands) struct Unknown {
    pub(super) file: String,
    /// `None` in the working tree.
    pub(super) commit: Option<String>,
    pub(super) reason: &'static str,
}

/// The result.
#[derive(Serialize)]
pub(in crate::commands) struct Report {
    /// Whose knowledge it is.
    pub(super) who: Option<String>,
    pub(in crate::commands) values: Vec<Value>,
    /// How many secret values the files have today.
    pub(super) in_use: usize,
    pub(super) unknown: Vec<Unknown>,
    /// Why older commits are missing.
    pub(super) gap: Option<&'static str>,
}

impl Report {
    pub(in crate::commands) fn new(
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
    pub(in crate::commands) fn is_incomplete(&self) -> bool {
        !self.unknown.is_empty() || self.gap.is_some()
    }
}

/// The abbreviated ID of the commit at this position.
pub(super) fn short_id(survey: &Survey, commit: usize) -> String {
    survey.graph.commits[commit].short_id().to_owned()
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
