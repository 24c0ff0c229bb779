//! What is configured: one file, `.sops-lint.yaml`, whose keys are all known.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;

use crate::images::Images;
use crate::rule::{Rule, Severity};
use crate::rules;
use crate::settings_file;

/// The configuration of a run.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Settings {
    /// The rules that are asked, by code or name; all, if there is none.
    pub select: Vec<String>,
    /// Rules that are not asked.
    pub ignore: Vec<String>,
    /// Another severity for a rule.
    pub severity: BTreeMap<String, Severity>,
    /// Files and folders that are not looked at, as patterns such as `vendor/**`.
    pub exclude: Vec<String>,
    /// Which images anybody can pull.
    pub images: Images,
    /// A file with findings that are known and not reported.
    pub baseline: Option<PathBuf>,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(pub(crate) String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl SettingsError {
    /// An invalid pattern.
    pub(crate) fn pattern(error: &globset::Error) -> Self {
        Self(error.to_string())
    }
}

impl Settings {
    /// Reads a configuration in YAML.
    ///
    /// # Errors
    /// [`SettingsError`] with the place, for what is no YAML, for a key that is not known and for a value of the wrong type.
    pub fn parse(text: &[u8]) -> Result<Self, SettingsError> {
        settings_file::parse(text)
    }

    /// The form of a configuration, as a JSON schema.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The rules that are asked.
    pub(crate) fn rules(&self) -> Result<Vec<&'static Rule>, SettingsError> {
        let find = |names: &[String]| {
            names
                .iter()
                .map(|name| known(name))
                .collect::<Result<Vec<_>, _>>()
        };
        let (select, ignore) = (find(&self.select)?, find(&self.ignore)?);
        let is_in =
            |list: &[&Rule], rule: &Rule| list.iter().any(|listed| listed.code == rule.code);
        let rules = rules::RULES.iter().copied();
        Ok(rules
            .filter(|rule| (select.is_empty() || is_in(&select, rule)) && !is_in(&ignore, rule))
            .collect())
    }

    /// Another severity for each rule that has one.
    pub(crate) fn severities(&self) -> Result<BTreeMap<&'static str, Severity>, SettingsError> {
        let each = self.severity.iter();
        each.map(|(name, severity)| Ok((known(name)?.code, *severity)))
            .collect()
    }
}

fn known(name: &str) -> Result<&'static Rule, SettingsError> {
    rules::find(name).ok_or_else(|| {
        let message = format!("there is no rule `{name}`; `sops-rs lint rule` lists them");
        SettingsError(message)
    })
}
