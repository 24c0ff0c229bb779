//! Problems that keep Flux from decrypting the files that a Kustomization builds.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::site::SiteId;

/// A problem that keeps Flux from decrypting a file, or from building at all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub(super) file: Option<PathBuf>,
    pub(crate) site: SiteId,
    pub(super) message: String,
    pub(super) help: String,
}

impl Problem {
    pub(super) fn new(file: &Path, site: SiteId, message: String, help: impl Into<String>) -> Self {
        Self {
            file: Some(file.to_owned()),
            site,
            message,
            help: help.into(),
        }
    }

    /// The file to change, by its absolute path; `None` for a Kustomization in the cluster.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn help(&self) -> &str {
        &self.help
    }
}

/// Whether a Kustomization decrypts, and its path as written.
type Reading = (bool, String);

/// The problems of a build, which several Kustomizations may have.
#[derive(Debug, Default)]
pub(super) struct SharedProblems<'t> {
    pub(super) problems: RefCell<HashMap<Reading, Rc<Vec<Problem>>>>,
    /// The encrypted files that need decryption, in order.
    pub(super) encrypted: OnceCell<Vec<&'t Path>>,
}
