//! Git's settings: reads them as Git does, and writes those of the repository or of the user.

use std::collections::BTreeSet;

use super::program::{Running, git};
use crate::command_error::CommandError;

/// The file that a setting is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The configuration that all worktrees of the clone share.
    Clone,
    User,
}

impl Scope {
    fn flag(self) -> &'static str {
        match self {
            Self::Clone => "--local",
            Self::User => "--global",
        }
    }
}

/// The value in one file.
pub(crate) fn value_in(scope: Scope, key: &str) -> Option<String> {
    text(&git(&["config", scope.flag(), "-z", "--get", key]).ok()?)
}

/// Whether Git reads the setting as true. An invalid value counts as false.
pub(crate) fn is_true(key: &str) -> bool {
    let value = git(&["config", "--type=bool", "--get", key]);
    value.is_ok_and(|value| value == b"true\n")
}

/// Settings, with the values that Git uses.
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    /// The settings whose keys match the expression. Git writes keys in lower case, except for the
    /// name in the middle.
    pub(crate) fn matching(expression: &str) -> Self {
        let list = git(&["config", "-z", "--get-regexp", expression]).unwrap_or_default();
        let entries = list
            .split(|byte| *byte == 0)
            .filter(|entry| !entry.is_empty());
        let entries = entries.map(|entry| {
            let entry = String::from_utf8_lossy(entry).into_owned();
            // A key without a value is true.
            let (key, value) = entry.split_once('\n').unwrap_or((&entry, "true"));
            (key.to_owned(), value.to_owned())
        });
        Self(entries.collect())
    }

    #[cfg(test)]
    pub(crate) fn of<const N: usize>(entries: [(&str, &str); N]) -> Self {
        let entries = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self(entries.into())
    }

    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        let mut entries = self.0.iter().rev();
        let entry = entries.find(|(name, _)| name.eq_ignore_ascii_case(key));
        entry.map(|(_, value)| value.as_str())
    }

    /// Whether Git reads the setting as true.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        let value = self.value(key).map(str::to_ascii_lowercase);
        value.is_some_and(|value| {
            ["true", "yes", "on"].contains(&&*value)
                || value.parse().is_ok_and(|number: i64| number != 0)
        })
    }

    /// The names of the drivers that have a setting with this name, such as `diff.NAME.textconv`.
    pub(crate) fn names(&self, section: &str, setting: &str) -> BTreeSet<&str> {
        let keys = self.0.iter().filter_map(|(key, _)| {
            let (name, last) = key
                .strip_prefix(section)?
                .strip_prefix('.')?
                .rsplit_once('.')?;
            (last == setting).then_some(name)
        });
        keys.collect()
    }
}

/// Sets a value in one file, replacing all values that the key has there.
pub(crate) fn set(scope: Scope, key: &str, value: &str) -> Result<(), CommandError> {
    Running::start(&["config", scope.flag(), "--replace-all", key, value])?.output()?;
    Ok(())
}

/// Removes a setting from one file.
pub(crate) fn unset(scope: Scope, key: &str) -> Result<(), CommandError> {
    Running::start(&["config", scope.flag(), "--unset-all", key])?.output()?;
    Ok(())
}

fn text(output: &[u8]) -> Option<String> {
    let value = output.strip_suffix(b"\0").unwrap_or(output);
    String::from_utf8(value.to_vec()).ok()
}
