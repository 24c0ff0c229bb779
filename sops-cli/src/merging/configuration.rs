//! The configuration as it was committed: the working tree may already have the version of the
//! branch that is being merged.

use std::path::{Path, PathBuf};

use sops_core::merge::ConfiguredKeys;

use crate::command_error::CommandError;
use crate::config::nearest::NearestConfigs;
use crate::git::{Objects, Snapshot};

/// The `.sops.yaml` at `HEAD` for a file. Git is asked only if it is needed.
pub(crate) struct ConfigurationAtHead {
    /// The path from the root of the repository.
    path: PathBuf,
}

impl ConfigurationAtHead {
    /// Looks up the configuration for the file at this path from the root of the repository, the
    /// working directory of a merge driver.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The keys that the creation rule names; none if there is no rule, or the configuration cannot
    /// be read.
    pub(crate) fn keys(&self) -> ConfiguredKeys {
        self.read().ok().flatten().unwrap_or_default()
    }

    fn read(&self) -> Result<Option<ConfiguredKeys>, CommandError> {
        // Paths are looked up in the commit, so any root will do.
        let root = Path::new("/");
        let objects = Objects::open()?;
        let Some(head) = objects.commit("HEAD") else {
            return Ok(None);
        };
        let snapshot = Snapshot::of_commit(root, &objects, &head)?;
        let configs = NearestConfigs::new(root, |file| snapshot.read_file(file));
        let path = root.join(&self.path);
        let config = configs.of(&path);
        let rule = config
            .as_ref()
            .and_then(|config| config.matching_creation_rule(&path));
        Ok(rule.map(|rule| ConfiguredKeys {
            threshold: rule.shamir_threshold.map(usize::from),
            groups: rule.key_groups.clone(),
        }))
    }
}
