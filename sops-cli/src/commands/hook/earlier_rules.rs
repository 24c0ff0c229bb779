//! The configurations before the commits of a push, for pushes that change one.

use std::collections::HashMap;
use std::path::Path;

use super::standards::configs;
use crate::command_error::CommandError;
use crate::config::nearest::{CONFIG_FILE, NearestConfigs};
use crate::git::{Changes, Objects, Snapshot};

/// The states before the commits, as far as their configuration differs from that of the last one.
#[derive(Default)]
pub(super) struct EarlierStates<'o> {
    snapshots: Vec<Snapshot<'o>>,
    /// The index of the state before each commit.
    of_commits: HashMap<String, usize>,
}

impl<'o> EarlierStates<'o> {
    /// `tip` is the last commit.
    pub(super) fn of(
        root: &Path,
        objects: &'o Objects,
        changes: &Changes,
        tip: &str,
    ) -> Result<Self, CommandError> {
        let changed = changes.paths.iter().filter_map(|path| path.to_str());
        let changed: Vec<&str> = changed
            .filter(|path| Path::new(path).ends_with(CONFIG_FILE))
            .collect();
        let mut states = Self::default();
        if changed.is_empty() {
            return Ok(states);
        }
        let contents = |commit: &str| -> Vec<Option<String>> {
            let contents = changed
                .iter()
                .map(|path| Some(objects.find(&format!("{commit}:{path}"))?.id));
            contents.collect()
        };
        let mut indexes = HashMap::from([(contents(&format!("{tip}^{{}}")), None)]);
        for commit in changes
            .versions
            .chunk_by(|left, right| left.commit == right.commit)
        {
            let commit = &commit[0].commit;
            let Some(before) = objects.commit(&format!("{commit}^")) else {
                continue;
            };
            let contents = contents(&before);
            let index = match indexes.get(&contents) {
                Some(index) => *index,
                None => {
                    let snapshot = Snapshot::of_commit(root, objects, &before)?;
                    states.snapshots.push(snapshot);
                    let index = Some(states.snapshots.len() - 1);
                    indexes.insert(contents, index);
                    index
                }
            };
            states
                .of_commits
                .extend(index.map(|index| (commit.clone(), index)));
        }
        Ok(states)
    }

    pub(super) fn configs(&self) -> EarlierConfigs<'_> {
        EarlierConfigs {
            configs: self.snapshots.iter().map(configs).collect(),
            of_commits: &self.of_commits,
        }
    }
}

/// The configurations of [`EarlierStates`].
pub(super) struct EarlierConfigs<'s> {
    configs: Vec<NearestConfigs<'s>>,
    of_commits: &'s HashMap<String, usize>,
}

impl<'s> EarlierConfigs<'s> {
    /// The configurations before a commit; `None` if they are the same as in the last commit.
    pub(super) fn before(&self, commit: &str) -> Option<&NearestConfigs<'s>> {
        Some(&self.configs[*self.of_commits.get(commit)?])
    }
}
