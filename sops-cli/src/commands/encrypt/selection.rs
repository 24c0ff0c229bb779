//! Decides which files `sops-rs encrypt --in-place` encrypts.

use std::ffi::OsStr;
use std::path::Path;

use sops_core::Format;

use crate::batch::BatchFile;
use crate::command_error::CommandError;
use crate::config::resolve::ResolvedConfig;
use crate::lint::demand::Demand;

/// Whether a file in a directory can be encrypted, judging by its name: it is not a configuration.
pub(super) fn is_candidate(path: &Path) -> bool {
    let is_config = [".sops.yaml", ".sops.yml"].map(OsStr::new).map(Some);
    !is_config.contains(&path.file_name())
}

/// What happens to a file.
pub(super) enum Decision {
    Encrypt,
    Ignore,
    /// The file must be encrypted, but no creation rule matches it.
    Uncovered,
}

/// Decides which files of a call are encrypted.
pub(super) struct DirectorySelection {
    /// Finds the plaintext Secrets in directories.
    pub(super) demand: Option<Demand>,
    /// Whether the command line names master keys, so that no creation rule has to.
    pub(super) has_keys: bool,
}

impl DirectorySelection {
    /// A file that the user named is always encrypted. A file found in a directory is encrypted if
    /// a rule singles it out or `lint` would report it; a binary file, only if both are true.
    pub(super) fn decide(
        &self,
        item: &BatchFile,
        resolved: &ResolvedConfig,
    ) -> Result<Decision, CommandError> {
        let config = resolved.config.as_deref();
        if !item.is_found {
            return Ok(match config {
                None if !self.has_keys => Decision::Uncovered,
                _ => Decision::Encrypt,
            });
        }
        if !is_candidate(&item.path) {
            return Ok(Decision::Ignore);
        }
        let rule = resolved.singles_out();
        if Format::from_path(&item.path) == Format::Binary {
            // The rule may cover a directory in which not every file is secret.
            let is_demanded = || match &self.demand {
                Some(demand) => demand.covers(&item.path, &resolved.path, config),
                None => Ok(false),
            };
            return Ok(match matches!(rule, Ok(Some(true))) && is_demanded()? {
                true => Decision::Encrypt,
                false => Decision::Ignore,
            });
        }
        if !item.is_meant(false) {
            return Ok(Decision::Ignore);
        }
        let is_demanded = || match &self.demand {
            Some(demand) => demand.covers(&item.path, &resolved.path, config),
            None => Ok(true),
        };
        let (is_covered, is_demanded) = match rule {
            Ok(Some(true)) => (true, true),
            Ok(Some(false)) => (true, is_demanded()?),
            Ok(None) => (self.has_keys, is_demanded()?),
            Err(_) => (false, is_demanded()?),
        };
        Ok(match (is_demanded, is_covered) {
            (true, true) => Decision::Encrypt,
            (true, false) => Decision::Uncovered,
            (false, _) => Decision::Ignore,
        })
    }
}
