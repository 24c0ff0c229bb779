//! The configuration as it was committed or staged: the working tree may already have the version
//! of the branch that is being merged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sops_core::config::Config;
use sops_core::merge::ConfiguredKeys;

use crate::command_error::CommandError;
use crate::config::nearest::NearestConfigs;
use crate::git::{Objects, Snapshot, git};
use crate::recipient_edit::RecipientNames;

/// The `.sops.yaml` for a file in a commit or in the index. Git is asked only if it is needed.
pub(crate) struct StoredConfiguration<'c> {
    /// The path from the root of the repository.
    path: PathBuf,
    /// `None` for the index.
    commit: Option<&'c str>,
}

impl<'c> StoredConfiguration<'c> {
    /// The configuration in a commit for the file at this path from the root of the repository, the
    /// working directory of a merge driver.
    pub(crate) fn in_commit(commit: &'c str, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            commit: Some(commit),
        }
    }

    pub(crate) fn at_head(path: &Path) -> Self {
        Self::in_commit("HEAD", path)
    }

    /// The keys that the creation rules at HEAD and in an earlier commit both name: a merge after that
    /// commit may have added recipients.
    pub(crate) fn keys_since(path: &Path, commit: &str) -> ConfiguredKeys {
        let mut keys = Self::at_head(path).keys();
        let named = StoredConfiguration::in_commit(commit, path).keys();
        let named = named.groups.concat();
        for group in &mut keys.groups {
            group.retain(|key| named.iter().any(|named| named.means(key)));
        }
        keys
    }

    pub(crate) fn in_index(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            commit: None,
        }
    }

    /// The keys that the creation rule names; none if there is no rule, or the configuration cannot
    /// be read.
    pub(crate) fn keys(&self) -> ConfiguredKeys {
        let config = self.config();
        let path = root().join(&self.path);
        let rule = config
            .as_ref()
            .and_then(|config| config.matching_creation_rule(&path));
        rule.map(|rule| ConfiguredKeys {
            threshold: rule.shamir_threshold.map(usize::from),
            groups: rule.key_groups.clone(),
        })
        .unwrap_or_default()
    }

    /// The names of its recipients.
    pub(crate) fn names(&self) -> RecipientNames {
        let config = self.config();
        config.map_or_else(RecipientNames::default, |config| {
            RecipientNames::of(&config)
        })
    }

    fn config(&self) -> Option<Arc<Config>> {
        self.read().ok().flatten()
    }

    fn read(&self) -> Result<Option<Arc<Config>>, CommandError> {
        let objects = Objects::open()?;
        let snapshot = match self.commit {
            None => Snapshot::of_index(root(), &objects, git(&Snapshot::LIST_INDEX)?),
            Some(commit) => {
                let Some(commit) = objects.commit(commit) else {
                    return Ok(None);
                };
                Snapshot::of_commit(root(), &objects, &commit)?
            }
        };
        let configs = NearestConfigs::new(root(), |file| snapshot.read_file(file));
        Ok(configs.of(&root().join(&self.path)))
    }
}

/// Paths are looked up in the commit or the index, so any root will do.
fn root() -> &'static Path {
    Path::new("/")
}
