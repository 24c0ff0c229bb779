//! Lints files of the index or of commits, with their own configuration and with the one before it.

use std::path::{Path, PathBuf};

use sops_lint::{Baseline, Finding, Input, Linter};

use super::Shown;
use crate::command_error::{CommandError, name_of};
use crate::configs::Configs;
use crate::git::{Snapshot, TrackedFile};

/// Everything that findings depend on.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'j> {
    pub(crate) linter: &'j Linter,
    pub(crate) configs: &'j Configs<'j>,
    pub(crate) snapshot: &'j Snapshot<'j>,
    pub(crate) baseline: &'j Baseline,
    /// The directory that file names in messages are relative to; it is itself relative to the root of the repository.
    pub(crate) called_in: &'j Path,
}

impl Judge<'_> {
    /// The content of a file. `None`: the settings exclude the file.
    pub(crate) fn content(&self, file: &TrackedFile) -> Result<Option<Vec<u8>>, CommandError> {
        if self.linter.is_excluded(&file.path) {
            return Ok(None);
        }
        self.snapshot.content(file).map(Some)
    }

    /// The findings in a file with this content.
    pub(crate) fn shown(&self, path: &Path, bytes: &[u8]) -> Vec<Shown> {
        Shown::all(self.findings(path, bytes), bytes, path)
    }

    /// The findings in an unchanged file that the change of its configuration causes.
    pub(crate) fn shown_by_change(
        &self,
        file: &TrackedFile,
        before: &Configs<'_>,
    ) -> Result<Vec<Shown>, CommandError> {
        let path = self.absolute(&file.path);
        let config = self.configs.of(&path);
        let rule = config.and_then(|config| config.creation_rule_for(&path).ok()?.map(|_| ()));
        if rule.is_none() {
            return Ok(Vec::new());
        }
        let Some(bytes) = self.content(file)? else {
            return Ok(Vec::new());
        };
        let mut findings = self.findings(&file.path, &bytes);
        if !findings.is_empty() {
            let judge = Judge {
                configs: before,
                ..*self
            };
            let known = judge.findings(&file.path, &bytes);
            findings.retain(|finding| !known.iter().any(|known| is_same(known, finding)));
        }
        Ok(Shown::all(findings, &bytes, &path))
    }

    /// The name of a file in messages.
    pub(crate) fn name(&self, path: &Path) -> String {
        name_of(&relative(path, self.called_in))
    }

    fn findings(&self, path: &Path, bytes: &[u8]) -> Vec<Finding> {
        let absolute = self.absolute(path);
        let config = self.configs.of(&absolute);
        let linted = self.linter.lint(&Input {
            name: &self.name(path),
            path: &absolute,
            bytes,
            config: config.as_deref(),
            tree: self.snapshot,
        });
        let mut findings = linted.findings;
        findings.retain(|finding| !self.baseline.contains(finding));
        findings
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        sops_lint::Tree::root(self.snapshot).join(path)
    }
}

/// Whether two findings in one file are the same.
fn is_same(one: &Finding, other: &Finding) -> bool {
    let said = |finding: &Finding| (finding.rule.code, finding.location.offset);
    said(one) == said(other) && one.message == other.message
}

/// A path relative to the root of the repository, as it is relative to a directory in it.
fn relative(path: &Path, directory: &Path) -> PathBuf {
    let mut up = PathBuf::new();
    for above in directory.ancestors() {
        if let Ok(rest) = path.strip_prefix(above) {
            return up.join(rest);
        }
        up.push("..");
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_to_the_directory_in_which_git_was_called() {
        for (path, directory, expected) in [
            ("a/b.yaml", "", "a/b.yaml"),
            ("a/b.yaml", "a", "b.yaml"),
            ("a/b.yaml", "a/", "b.yaml"),
            ("a/b.yaml", "c/d", "../../a/b.yaml"),
            ("a/b/c.yaml", "a/d", "../b/c.yaml"),
            ("ab/c.yaml", "a", "../ab/c.yaml"),
        ] {
            let found = relative(Path::new(path), Path::new(directory));
            assert_eq!(found, Path::new(expected), "{path} {directory}");
        }
    }
}
