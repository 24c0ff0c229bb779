//! Lints files of the index or of commits, under their own configuration and under the previous
//! one.

use std::path::{Path, PathBuf};

use sops_core::config::Config;
use sops_lint::{Baseline, Encrypted, Finding, Input, Linter};
use sops_printable::escaped;

use crate::command_error::{CommandError, name_of};
use crate::config::nearest::NearestConfigs;
use crate::git::{Snapshot, TrackedFile};

/// The inputs that findings depend on.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'j> {
    pub(crate) linter: &'j Linter,
    pub(crate) configs: &'j NearestConfigs<'j>,
    pub(crate) snapshot: &'j Snapshot<'j>,
    pub(crate) baseline: &'j Baseline,
    /// The directory that file names in messages are relative to; it is itself relative to the root
    /// of the repository.
    pub(crate) called_in: &'j Path,
}

impl Judge<'_> {
    /// The content of a file. `None` if the settings exclude the file.
    pub(crate) fn content(&self, file: &TrackedFile) -> Result<Option<Vec<u8>>, CommandError> {
        if self.linter.is_excluded(&file.path) {
            return Ok(None);
        }
        self.snapshot.content(file).map(Some)
    }

    /// The findings in a file with this content.
    pub(crate) fn shown(&self, path: &Path, bytes: &[u8]) -> Vec<Finding> {
        self.findings(path, bytes)
    }

    /// The findings in an unchanged file that the change of its configuration causes.
    pub(crate) fn shown_by_change(
        &self,
        file: &TrackedFile,
        before: &NearestConfigs<'_>,
    ) -> Result<Vec<Finding>, CommandError> {
        let path = self.absolute(&file.path);
        let config = self.configs.of(&path);
        let rule = config.and_then(|config| config.matching_creation_rule(&path).map(|_| ()));
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
        Ok(findings)
    }

    /// The finding that a file with this content was encrypted in the named version.
    pub(crate) fn shown_as_decrypted(
        &self,
        path: &Path,
        bytes: &[u8],
        before: &[Encrypted],
        version: &str,
    ) -> Vec<Finding> {
        let absolute = self.absolute(path);
        let config = self.configs.of(&absolute);
        let name = self.name(path);
        let input = Input::new(&name, &absolute, bytes)
            .with_config(config.as_deref())
            .in_tree(self.snapshot);
        let mut findings = self.linter.decrypted(&input, before, version);
        findings.retain(|finding| !self.baseline.contains(finding));
        findings
    }

    /// The findings in a file under an earlier configuration, if the creation rule for the file was
    /// removed since then.
    pub(crate) fn shown_by_removed_rule(
        &self,
        file: &TrackedFile,
        before: &NearestConfigs<'_>,
    ) -> Result<Vec<Finding>, CommandError> {
        // The configuration of a file that the settings exclude may be invalid.
        if self.linter.is_excluded(&file.path) {
            return Ok(Vec::new());
        }
        let path = self.absolute(&file.path);
        let (old, new) = (before.of(&path), self.configs.of(&path));
        let Some(old) = old else {
            return Ok(Vec::new());
        };
        let Some(bytes) = self.content(file)? else {
            return Ok(Vec::new());
        };
        if !self.findings(&file.path, &bytes).is_empty() {
            return Ok(Vec::new());
        }
        let judge = Judge {
            configs: before,
            ..*self
        };
        let mut findings = judge.findings(&file.path, &bytes);
        let is_narrowed = || new.is_some_and(|new| self.is_narrowed(&old, &new, &path));
        if findings.is_empty() || is_narrowed() {
            return Ok(Vec::new());
        }
        reword(
            &mut findings,
            "a change to `.sops.yaml` removes the creation rule for this file",
            "keep the rule in `.sops.yaml` and encrypt the file; if the file is meant to be public, commit the change to `.sops.yaml` alone first",
        );
        Ok(findings)
    }

    /// The findings in a file under earlier settings and an earlier baseline, if the current ones
    /// allow them.
    pub(crate) fn shown_by_earlier_settings(
        &self,
        file: &TrackedFile,
        before: &Judge<'_>,
    ) -> Result<Vec<Finding>, CommandError> {
        let is_excluded = self.linter.is_excluded(&file.path);
        let judge = Judge {
            linter: before.linter,
            baseline: before.baseline,
            // The configuration of a file that the settings exclude may be invalid.
            configs: match is_excluded {
                true => before.configs,
                false => self.configs,
            },
            ..*self
        };
        let Some(bytes) = judge.content(file)? else {
            return Ok(Vec::new());
        };
        let mut findings = judge.findings(&file.path, &bytes);
        if findings.is_empty() {
            return Ok(Vec::new());
        }
        // Findings under the current settings are already reported.
        if !is_excluded {
            let known = self.findings(&file.path, &bytes);
            findings.retain(|finding| !known.iter().any(|known| is_same(known, finding)));
        }
        reword(
            &mut findings,
            "a change to the settings or the baseline allows this",
            "encrypt the file; if it is meant to be public, commit the change to `.sops-lint.yaml` or the baseline alone first",
        );
        Ok(findings)
    }

    /// The findings in a file by a creation rule that is never used, because a rule for every path
    /// comes before it. A rule for all files with the same extension does not count, because it
    /// does not name this file.
    pub(crate) fn shown_by_unused_rule(
        &self,
        file: &TrackedFile,
    ) -> Result<Vec<Finding>, CommandError> {
        let path = &file.path;
        // The configuration of a file that the settings exclude may be invalid.
        if self.linter.is_excluded(path) {
            return Ok(Vec::new());
        }
        let absolute = self.absolute(path);
        let Some(config) = self.configs.of(&absolute) else {
            return Ok(Vec::new());
        };
        let Some(reordered) = config.with_unused_rules() else {
            return Ok(Vec::new());
        };
        let rule = reordered.matching_creation_rule(&absolute);
        let rule = rule.filter(|rule| !reordered.is_for_extension(rule, path.extension()));
        let expression = rule.and_then(|rule| rule.path_regex.as_deref());
        let Some(expression) =
            expression.filter(|own| expression_of(&config, &absolute) != Some(*own))
        else {
            return Ok(Vec::new());
        };
        let Some(bytes) = self.content(file)? else {
            return Ok(Vec::new());
        };
        let mut findings = self.findings_by(Some(reordered), path, &bytes);
        findings.retain(|finding| finding.rule.code == "SL010");
        reword(
            &mut findings,
            "`.sops.yaml` has a creation rule for this file that is never used, because an earlier rule matches every file",
            &format!(
                "in `.sops.yaml`, put the rule with `path_regex: {}` before the rule that matches every file, and encrypt this file; if it is meant to be public, remove the rule",
                escaped(expression)
            ),
        );
        Ok(findings)
    }

    /// The findings in a file by configurations that are not all in the index.
    pub(crate) fn shown_by_untracked(
        &self,
        file: &TrackedFile,
        configs: &NearestConfigs<'_>,
    ) -> Result<Vec<Finding>, CommandError> {
        let Some(bytes) = self.content(file)? else {
            return Ok(Vec::new());
        };
        let judge = Judge { configs, ..*self };
        let mut findings = judge.findings(&file.path, &bytes);
        for finding in &mut findings {
            finding.message = format!(
                "{} (the creation rule is in a `.sops.yaml` that you have not added: `git add` the `.sops.yaml` too)",
                finding.message
            );
        }
        Ok(findings)
    }

    /// The name of a file in messages.
    pub(crate) fn name(&self, path: &Path) -> String {
        name_of(&relative(path, self.called_in))
    }

    fn findings(&self, path: &Path, bytes: &[u8]) -> Vec<Finding> {
        let config = self.configs.of(&self.absolute(path));
        self.findings_by(config.as_deref(), path, bytes)
    }

    fn findings_by(&self, config: Option<&Config>, path: &Path, bytes: &[u8]) -> Vec<Finding> {
        let linted = self.linter.lint(
            &Input::new(&self.name(path), &self.absolute(path), bytes)
                .with_config(config)
                .in_tree(self.snapshot),
        );
        let mut findings = linted.findings;
        findings.retain(|finding| finding.is_refused && !self.baseline.contains(finding));
        findings
    }

    /// Whether the only change for the file is that the `path_regex` of its creation rule leaves it
    /// out, which is how a file is meant to be made public. This is not so if a rule still matches,
    /// but comes after one without `path_regex`, or if the expression leaves out everything.
    fn is_narrowed(&self, old: &Config, new: &Config, path: &Path) -> bool {
        let named = |config: &Config| {
            let rules = config.creation_rules().unwrap_or_default().iter();
            rules.filter(|rule| rule.path_regex.is_some()).count()
        };
        let mut rules = new.creation_rules().unwrap_or_default().iter();
        let is_left_out = !rules.any(|rule| {
            rule.path_regex.is_some() && new.matches(rule, path).is_ok_and(|matches| matches)
        });
        let still_covers_something = || {
            let rule = expression_of(old, path);
            let mut files = self.snapshot.files().map(|file| self.absolute(&file.path));
            rule.is_none()
                || files.any(|file| {
                    expression_of(old, &file) == rule && expression_of(new, &file).is_some()
                })
        };
        old.file() == new.file()
            && named(new) >= named(old)
            && is_left_out
            && still_covers_something()
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        sops_lint::Tree::root(self.snapshot).join(path)
    }
}

/// The `path_regex` of the creation rule for a file.
fn expression_of<'c>(config: &'c Config, path: &Path) -> Option<&'c str> {
    let rule = config.matching_creation_rule(path)?;
    rule.path_regex.as_deref()
}

/// Adds to the messages of the findings the reason why a commit causes them, and replaces their
/// help. Their fixes would be wrong here.
fn reword(findings: &mut [Finding], reason: &str, help: &str) {
    for finding in findings {
        finding.message = format!("{reason}: {}", finding.message);
        finding.help = Some(help.to_owned());
        finding.lacks_creation_rule = false;
        finding.fix = None;
    }
}

/// Whether two findings in a file are the same.
fn is_same(left: &Finding, right: &Finding) -> bool {
    let said = |finding: &Finding| (finding.rule.code, finding.location.offset);
    said(left) == said(right) && left.message == right.message
}

/// Converts a path relative to the root of the repository to one relative to a directory in it.
pub(crate) fn relative(path: &Path, directory: &Path) -> PathBuf {
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
            let actual = relative(Path::new(path), Path::new(directory));
            assert_eq!(actual, Path::new(expected), "{path} {directory}");
        }
    }
}
