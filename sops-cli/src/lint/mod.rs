//! What `lint` and the hook share: where files and their configurations come from, and how findings are written and mended.

pub(crate) mod configs;
pub(crate) mod fix;
pub(crate) mod output;
pub(crate) mod settings;
pub(crate) mod staged;
pub(crate) mod tally;
pub(crate) mod walk;

use std::path::{Path, PathBuf};

use sops_core::{Format, Location};
use sops_lint::Finding;

use crate::excerpt::Excerpt;

/// A finding with the line that it points to.
pub(crate) struct Shown {
    pub(crate) finding: Finding,
    pub(crate) excerpt: Option<Excerpt>,
}

impl Shown {
    /// With the line of the text, as far as it is sure to show no value.
    pub(crate) fn new(finding: Finding, text: &[u8], path: &Path) -> Self {
        let Location { line, .. } = finding.location;
        let excerpt = (line > 0)
            .then(|| Excerpt::new(text, finding.location, Format::from_path(path)))
            .flatten();
        Self { finding, excerpt }
    }
}

/// The folder of the repository that a folder is in; itself, where it is in none.
pub(crate) fn root(folder: &Path) -> PathBuf {
    let repository = folder
        .ancestors()
        .find(|folder| folder.join(".git").exists());
    repository.unwrap_or(folder).to_owned()
}
