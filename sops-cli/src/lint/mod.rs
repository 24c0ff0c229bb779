//! What `lint` and the hook share: where files and their configurations come from, and how findings are written and fixed.

pub(crate) mod demand;
pub(crate) mod fix;
pub(crate) mod judge;
pub(crate) mod output;
pub(crate) mod settings;
pub(crate) mod tally;
pub(crate) mod walk;

use std::path::{Path, PathBuf};

use sops_core::Format;
use sops_lint::Finding;

use crate::command_error::excerpt::{Excerpt, Excerpts};
use crate::git::root_above;

/// A finding with the line that it points to.
pub(crate) struct Shown {
    pub(crate) finding: Finding,
    pub(crate) excerpt: Option<Excerpt>,
}

impl Shown {
    /// Findings of one file, each with its line of the text, as far as it is sure to show no value.
    pub(crate) fn all(
        findings: impl IntoIterator<Item = Finding>,
        text: &[u8],
        path: &Path,
    ) -> Vec<Self> {
        let mut findings: Vec<_> = findings.into_iter().collect();
        findings.sort_by_key(|finding| finding.location.offset);
        let mut excerpts = Excerpts::new(text, Format::from_path(path));
        let shown = findings.into_iter().map(|finding| Self {
            excerpt: excerpts.at(finding.location.offset),
            finding,
        });
        shown.collect()
    }
}

/// The root of the repository that a directory is in, or else the directory itself.
pub(crate) fn root(folder: &Path) -> PathBuf {
    root_above(folder).unwrap_or(folder).to_owned()
}
