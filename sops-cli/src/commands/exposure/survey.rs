//! The secret values of the working tree, and the history that they are looked up in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use sops_core::keys::{KeyService, timestamp};

use crate::batch::{self, BatchFile};
use crate::command_error::{Code, CommandError, name_of};
use crate::exposure::{CurrentValue, LastChanges, Marker, Past, VersionReader};
use crate::git::{CommitGraph, GitRepository, Objects, Reach, Snapshot};
use crate::input::read_repository_file;

/// The values of the working tree, and the whole history.
pub(crate) struct Survey {
    root: PathBuf,
    pub(super) objects: Objects,
    pub(super) graph: CommitGraph,
    pub(crate) past: Past,
    pub(super) values: Vec<CurrentValue>,
    /// The files of the working tree, with their paths relative to the root.
    pub(super) files: Vec<(BatchFile, PathBuf)>,
    last_changes: LastChanges,
    /// The position of the last commit, if there is one.
    head: Option<usize>,
}

impl Survey {
    /// Reads the encrypted files at these paths, and all versions in the history.
    pub(crate) fn new(
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
        let values = past.current_values(&current);
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
            head,
        })
    }

    /// The master keys that the files have today.
    pub(crate) fn recipients(&self) -> BTreeSet<usize> {
        let values = self.values.iter();
        values
            .flat_map(|value| self.past.recipients(value))
            .collect()
    }

    /// When the value at this position last changed; `None` if the change is not committed.
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

    /// The contents of the files with this name in the history of `HEAD`, oldest first, and of the
    /// one in the root of the working tree. Other branches may be anyone's, and could give a name
    /// to another recipient.
    pub(super) fn versions_of_files_named(&self, name: &str) -> Result<Vec<Vec<u8>>, CommandError> {
        let is_own = match self.head {
            Some(head) => self.graph.ancestors(head),
            None => Vec::new(),
        };
        let own = self.graph.commits.iter().zip(is_own);
        let own = own.filter(|(_, is_own)| *is_own);
        let changes = own.flat_map(|(commit, _)| &commit.changes);
        let named = changes.filter(|change| change.path.file_name() == Some(name.as_ref()));
        let blobs: Vec<&str> = named.filter_map(|change| change.new.as_deref()).collect();
        let mut contents: Vec<Vec<u8>> = self.objects.blobs(&blobs).into_iter().flatten().collect();
        contents.extend(read_repository_file(&self.root.join(name)).ok());
        Ok(contents)
    }

    /// Which versions could be read at this revision, or later.
    pub(super) fn counts_since(&self, revision: Option<&str>) -> Result<Vec<bool>, CommandError> {
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

/// A commit.
#[derive(Serialize)]
pub(crate) struct Moment {
    pub(super) commit: String,
    pub(super) time: String,
}

impl Moment {
    /// The date, in UTC.
    pub(super) fn day(&self) -> &str {
        self.time.get(..10).unwrap_or(&self.time)
    }
}

/// The abbreviated ID of the commit at this position.
pub(super) fn short_id(survey: &Survey, commit: usize) -> String {
    survey.graph.commits[commit].short_id().to_owned()
}
