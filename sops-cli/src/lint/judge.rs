//! Looks at staged files: with the configuration that is staged, and with the one before it.

use std::path::{Path, PathBuf};

use sops_lint::{Baseline, Finding, Input, Linter};

use super::Shown;
use super::staged::{Index, StagedFile};
use crate::command_error::{CommandError, name_of};
use crate::configs::Configs;

/// What the findings in staged files come from.
pub(crate) struct Judge<'j> {
    pub(crate) linter: &'j Linter,
    pub(crate) configs: &'j Configs<'j>,
    pub(crate) index: &'j Index,
    pub(crate) baseline: &'j Baseline,
    /// The folder that names of files are relative to, from the repository's folder on.
    pub(crate) folder: &'j Path,
}

impl Judge<'_> {
    /// What is found in a file.
    pub(crate) fn shown(&self, file: &StagedFile) -> Result<Vec<Shown>, CommandError> {
        if self.linter.is_excluded(&file.path) {
            return Ok(Vec::new());
        }
        let bytes = self.index.content(file)?;
        Ok(Shown::all(
            self.findings(file, &bytes),
            &bytes,
            &self.path(file),
        ))
    }

    /// What is found in a file that is committed as it was, and was not found before its configuration changed.
    pub(crate) fn shown_by_change(
        &self,
        file: &StagedFile,
        before: &Configs<'_>,
    ) -> Result<Vec<Shown>, CommandError> {
        let path = self.path(file);
        let config = self.configs.of(&path);
        let rule = config.and_then(|config| config.creation_rule_for(&path).ok()?.map(|_| ()));
        if rule.is_none() || self.linter.is_excluded(&file.path) {
            return Ok(Vec::new());
        }
        let bytes = self.index.content(file)?;
        let mut findings = self.findings(file, &bytes);
        if !findings.is_empty() {
            let judge = Judge {
                configs: before,
                ..*self
            };
            let known = judge.findings(file, &bytes);
            findings.retain(|finding| !known.iter().any(|known| is_same(known, finding)));
        }
        Ok(Shown::all(findings, &bytes, &path))
    }

    fn findings(&self, file: &StagedFile, bytes: &[u8]) -> Vec<Finding> {
        let path = self.path(file);
        let config = self.configs.of(&path);
        let linted = self.linter.lint(&Input {
            name: &name_of(&relative(&file.path, self.folder)),
            path: &path,
            bytes,
            config: config.as_deref(),
            tree: self.index,
        });
        let mut findings = linted.findings;
        findings.retain(|finding| !self.baseline.contains(finding));
        findings
    }

    fn path(&self, file: &StagedFile) -> PathBuf {
        sops_lint::Tree::root(self.index).join(&file.path)
    }
}

/// Whether two findings in one file say the same.
fn is_same(one: &Finding, other: &Finding) -> bool {
    let said = |finding: &Finding| (finding.rule.code, finding.location.offset);
    said(one) == said(other) && one.message == other.message
}

/// A path from the repository's folder on, as it is from a folder in it.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let mut up = PathBuf::new();
    for above in folder.ancestors() {
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
    fn a_path_is_named_from_where_the_person_stands() {
        for (path, folder, expected) in [
            ("a/b.yaml", "", "a/b.yaml"),
            ("a/b.yaml", "a", "b.yaml"),
            ("a/b.yaml", "a/", "b.yaml"),
            ("a/b.yaml", "c/d", "../../a/b.yaml"),
            ("a/b/c.yaml", "a/d", "../b/c.yaml"),
            ("ab/c.yaml", "a", "../ab/c.yaml"),
        ] {
            let found = relative(Path::new(path), Path::new(folder));
            assert_eq!(found, Path::new(expected), "{path} {folder}");
        }
    }
}
