//! The settings in `.sops-lint.yaml`. Unknown keys are errors.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use sops_core::config::{Schema, UnknownKeys, ValueKind, read_yaml};
use sops_printable::escaped;

use crate::images::Images;
use crate::pod_settings::PodSettings;
use crate::rule::{Rule, RuleGroup, Severity};
use crate::rules;

/// The settings of a run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Settings {
    /// The rules to use, by code, name or group: `secrets` or `pods`. Empty means `secrets`.
    pub select: Vec<String>,
    /// Rules to skip.
    pub ignore: Vec<String>,
    /// Severities that override those of the rules.
    pub severity: BTreeMap<String, Severity>,
    /// Files and directories to skip, as patterns such as `vendor/**`.
    pub exclude: Vec<String>,
    /// Which images anyone can pull.
    pub images: Images,
    /// What the rules of the group `pods` accept.
    pub pods: PodSettings,
    /// A file with findings that are known and not reported.
    pub baseline: Option<PathBuf>,
}

/// The keys of `.sops-lint.yaml`.
static SCHEMA: Schema = Schema {
    description: "the file",
    keys: &[
        ("select", ValueKind::List),
        ("ignore", ValueKind::List),
        ("severity", ValueKind::Texts),
        ("exclude", ValueKind::List),
        ("images", ValueKind::Mapping(&IMAGES)),
        ("pods", ValueKind::Mapping(&PODS)),
        ("baseline", ValueKind::Text),
    ],
    unknown_keys: UnknownKeys::Refused,
    ..Schema::CLOSED
};

static IMAGES: Schema = Schema {
    description: "`images`",
    keys: &[("public", ValueKind::List), ("private", ValueKind::List)],
    unknown_keys: UnknownKeys::Refused,
    ..Schema::CLOSED
};

static PODS: Schema = Schema {
    description: "`pods`",
    keys: &[
        ("registries", ValueKind::List),
        ("untrustedNamespaces", ValueKind::List),
        ("signedImages", ValueKind::List),
    ],
    unknown_keys: UnknownKeys::Refused,
    ..Schema::CLOSED
};

/// Why the settings cannot be used.
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
        Self(format!(
            "invalid pattern under `exclude` or `images`: {error}"
        ))
    }
}

impl Settings {
    /// Reads settings in YAML.
    ///
    /// # Errors
    /// [`SettingsError`] with the location, for invalid YAML, unknown keys and values of the wrong
    /// type.
    pub fn parse(text: &[u8]) -> Result<Self, SettingsError> {
        let mut file =
            read_yaml(&SCHEMA, text).map_err(|error| SettingsError(error.to_string()))?;
        let severity = file.texts("severity");
        let mut images = file.mapping("images").unwrap_or_default();
        let defaults = Images::default();
        let mut pods = file.mapping("pods").unwrap_or_default();
        Ok(Self {
            select: file.list("select").unwrap_or_default(),
            ignore: file.list("ignore").unwrap_or_default(),
            severity: severity.iter().map(severity_of).collect::<Result<_, _>>()?,
            exclude: file.list("exclude").unwrap_or_default(),
            images: Images {
                public: images.list("public").unwrap_or(defaults.public),
                private: images.list("private").unwrap_or(defaults.private),
            },
            pods: PodSettings {
                registries: pods.list("registries").unwrap_or_default(),
                untrusted_namespaces: pods.list("untrustedNamespaces").unwrap_or_default(),
                signed_images: pods.list("signedImages").unwrap_or_default(),
            },
            baseline: file.text("baseline").map(PathBuf::from),
        })
    }

    /// The JSON schema of the settings.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The rules that are used.
    pub(crate) fn rules(&self) -> Result<Vec<&'static Rule>, SettingsError> {
        let find = |names: &[String]| {
            let mut found = Vec::new();
            for name in names {
                match RuleGroup::from_name(name) {
                    Some(group) => found.extend(rules_of(group)),
                    None => found.push(known(name)?),
                }
            }
            Ok::<Vec<&Rule>, SettingsError>(found)
        };
        let (mut select, ignore) = (find(&self.select)?, find(&self.ignore)?);
        if self.select.is_empty() {
            select.extend(rules_of(RuleGroup::Secrets));
        }
        let is_in =
            |list: &[&Rule], rule: &Rule| list.iter().any(|listed| listed.code == rule.code);
        let rules = rules::RULES.iter().copied();
        Ok(rules
            .filter(|rule| is_in(&select, rule) && !is_in(&ignore, rule))
            .collect())
    }

    /// The rules with an overridden severity.
    pub(crate) fn severities(&self) -> Result<BTreeMap<&'static str, Severity>, SettingsError> {
        let each = self.severity.iter();
        each.map(|(name, severity)| Ok((known(name)?.code, *severity)))
            .collect()
    }
}

fn rules_of(group: RuleGroup) -> impl Iterator<Item = &'static Rule> {
    let rules = rules::RULES.into_iter();
    rules.filter(move |rule| RuleGroup::of(rule) == group)
}

fn severity_of((rule, severity): (&String, &String)) -> Result<(String, Severity), SettingsError> {
    match severity.as_str() {
        "error" => Ok((rule.clone(), Severity::Error)),
        "warning" => Ok((rule.clone(), Severity::Warning)),
        _ => Err(SettingsError(format!(
            "the severity of `{}` must be `error` or `warning`",
            escaped(rule)
        ))),
    }
}

fn known(name: &str) -> Result<&'static Rule, SettingsError> {
    rules::find(name).ok_or_else(|| SettingsError(rules::unknown(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_without_content_are_the_defaults() {
        let defaults = format!("{:?}", Settings::default());
        for text in [
            "",
            "# nothing yet\n",
            "---\n",
            "\u{feff}",
            "{}",
            "select:\nimages:\n",
        ] {
            let settings = Settings::parse(text.as_bytes())
                .unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(format!("{settings:?}"), defaults, "{text:?}");
        }
    }

    #[test]
    fn each_key_is_read() {
        let text = "select: [SL001]\nignore: [SL002]\nseverity: {SL003: warning, SL004: error}\n\
            exclude:\n  - vendor/**\nimages: {public: [a/*], private: [b/*]}\nbaseline: known.json\n";
        let settings = Settings::parse(text.as_bytes()).expect("the input is valid");
        assert_eq!(settings.select, ["SL001"]);
        assert_eq!(settings.ignore, ["SL002"]);
        assert_eq!(settings.severity["SL003"], Severity::Warning);
        assert_eq!(settings.severity["SL004"], Severity::Error);
        assert_eq!(settings.exclude, ["vendor/**"]);
        assert_eq!(settings.images.public, ["a/*"]);
        assert_eq!(settings.images.private, ["b/*"]);
        assert_eq!(settings.baseline, Some("known.json".into()));
    }

    #[test]
    fn errors_have_a_location_and_show_no_value() {
        for (text, expected) in [
            (
                "hunter2\n",
                "line 1, column 1: this is a string; expected a mapping",
            ),
            ("- hunter2\n", "line 1, column 1: this is a list; "),
            ("select: [a\n", "line 1, column 9: "),
            (
                "\u{feff}slect: [hunter2]\n",
                "line 1, column 2: unknown key `slect` in the file; did you mean `select`?",
            ),
            (
                "images:\n  private_images: []\n",
                "line 2, column 3: images: unknown key `private_images` in `images`; the known keys are: public, private",
            ),
            (
                "select: hunter2\n",
                "line 1, column 9: select: this is a string; expected a list of strings",
            ),
            (
                "exclude: [a, {hunter2: b}]\n",
                "line 1, column 14: exclude[1]: this is a mapping; expected a string",
            ),
            (
                "images: hunter2\n",
                "line 1, column 9: images: this is a string; expected a mapping",
            ),
            (
                "baseline: [hunter2]\n",
                "line 1, column 11: baseline: this is a list; expected a string",
            ),
            (
                "severity: !x {}\n",
                "line 1, column 11: severity: this is a value with a tag; expected a mapping of strings",
            ),
            (
                "severity: {SL001: hunter2}\n",
                "the severity of `SL001` must be `error` or `warning`",
            ),
            (
                "select: []\n---\nignore: []\n",
                "line 2, column 1: the file has a second document",
            ),
        ] {
            let error = Settings::parse(text.as_bytes())
                .expect_err(text)
                .to_string();
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert!(!error.contains("hunter2"), "{text:?}: {error}");
        }
    }
}
