//! The definition of a rule: its code, its name, its group, its severity and its page.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How serious a finding is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A secret leaks, or is about to.
    Error,
    /// Something should be changed.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// The confidence of a finding, which depends on how it was found.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The name could be that of a reference or a setting, the value is only words, or a private
    /// key may be unusable.
    Low,
    /// A name such as `PASSWORD` with a value that could be one, or text that reads like a Secret.
    Medium,
    /// A fact, such as a mount or a Secret in plaintext; a format that only secrets have; or both
    /// the name and the value of a secret.
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// Whether `sops-rs lint --fix` can fix the findings of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FixAvailability {
    /// `--fix` fixes findings whose [`Finding::fix`](field@crate::Finding::fix) is not `None`.
    Sometimes,
    /// The user has to fix each of them.
    Never,
}

impl fmt::Display for FixAvailability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sometimes => "sometimes",
            Self::Never => "never",
        })
    }
}

/// The code of the first rule about pods.
const FIRST_OF_PODS: &str = "SL101";

/// A group of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleGroup {
    /// Rules about secrets, which are on by default.
    Secrets,
    /// Rules about what pods may do, which are off by default.
    Pods,
}

impl RuleGroup {
    /// All groups.
    pub const ALL: [Self; 2] = [Self::Secrets, Self::Pods];

    /// The name of the group in settings and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Pods => "pods",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }

    /// The group of a rule.
    pub fn of(rule: &Rule) -> Self {
        match rule.code >= FIRST_OF_PODS && rule.code.starts_with("SL") {
            true => Self::Pods,
            false => Self::Secrets,
        }
    }
}

/// A rule.
#[non_exhaustive]
pub struct Rule {
    /// The code, such as `SL001`.
    pub code: &'static str,
    /// The name: words with hyphens.
    pub name: &'static str,
    /// The severity of its findings, unless a finding or the settings override it.
    pub severity: Severity,
    /// Whether its findings can be fixed automatically.
    pub fix: FixAvailability,
    /// The page in Markdown: what the rule finds, why that is bad, and what to write instead.
    pub page: &'static str,
}

impl Rule {
    /// The first line of its page.
    pub fn summary(&self) -> &'static str {
        let title = self.page.lines().next().unwrap_or_default();
        title.split_once(": ").map_or(title, |(_, summary)| summary)
    }

    /// Whether its findings are about secret values, and not about fields that lead to them.
    pub(crate) fn finds_values(&self) -> bool {
        const OTHERS: [&str; 12] = [
            "SL002", "SL003", "SL007", "SL008", "SL011", "SL012", "SL013", "SL015", "SL016",
            "SL017", "SL018", "SL023",
        ];
        RuleGroup::of(self) == RuleGroup::Secrets && !OTHERS.contains(&self.code)
    }

    /// Whether the text is the code or the name of the rule.
    pub(crate) fn is_called(&self, text: &str) -> bool {
        self.code.eq_ignore_ascii_case(text) || self.name == text
    }
}

/// Shows the code and the name.
impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.name)
    }
}
