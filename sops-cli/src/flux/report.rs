//! The result of the checks, as a table or as JSON.

use serde::Serialize;
use sops_printable::{escaped_json, one_line};

use crate::rbac::Access;

/// The state of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// The check passed.
    Ok,
    /// Flux could not decrypt.
    Gap,
    /// The check was not possible or not required.
    Note,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FluxCheck {
    state: State,
    /// The object or file that was checked.
    subject: String,
    finding: String,
    /// What to do about a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl FluxCheck {
    fn new(state: State, subject: impl Into<String>, finding: impl Into<String>) -> Self {
        Self {
            state,
            subject: subject.into(),
            finding: finding.into(),
            hint: None,
        }
    }

    pub(crate) fn ok(subject: impl Into<String>, finding: impl Into<String>) -> Self {
        Self::new(State::Ok, subject, finding)
    }

    pub(crate) fn gap(subject: impl Into<String>, finding: impl Into<String>) -> Self {
        Self::new(State::Gap, subject, finding)
    }

    pub(crate) fn note(subject: impl Into<String>, finding: impl Into<String>) -> Self {
        Self::new(State::Note, subject, finding)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Appends an assumption of the check to the hint of a gap.
    pub(crate) fn assuming(mut self, assumption: &str) -> Self {
        if let Some(hint) = self.hint.as_mut().filter(|_| self.state == State::Gap) {
            hint.extend(["; ", assumption]);
        }
        self
    }
}

/// The results of all checks.
#[derive(Debug, Default, Serialize)]
pub(crate) struct FluxReport {
    pub(crate) checks: Vec<FluxCheck>,
    /// Who can read the Secret with the keys, if the user asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access: Option<Vec<Access>>,
}

impl FluxReport {
    /// Adds a check unless it is already in the report: one Kustomization may be applied in several
    /// forms.
    pub(crate) fn add_once(&mut self, check: FluxCheck) {
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }

    pub(crate) fn has_gap(&self) -> bool {
        self.checks.iter().any(|check| check.state == State::Gap)
    }

    /// A line for each check, with the hint below it. Gaps and their number come last, where the
    /// user sees them.
    pub(crate) fn table(&self) -> String {
        let width = |check: &FluxCheck| one_line(&check.subject).chars().count();
        let width = self.checks.iter().map(width).max().unwrap_or_default();
        let mut table = String::new();
        let (gaps, rest): (Vec<_>, Vec<_>) = self
            .checks
            .iter()
            .partition(|check| check.state == State::Gap);
        for check in rest.iter().chain(&gaps) {
            let state = match check.state {
                State::Ok => "ok",
                State::Gap => "GAP",
                State::Note => "-",
            };
            let (subject, finding) = (one_line(&check.subject), one_line(&check.finding));
            table += &format!("{state:<4} {subject:<width$}  {finding}\n");
            if let Some(hint) = check.hint.as_deref().map(one_line) {
                table += &format!("     {:<width$}  -> {hint}\n", "");
            }
        }
        match gaps.len() {
            0 => {}
            1 => table += "1 gap\n",
            count => table += &format!("{count} gaps\n"),
        }
        table
    }

    /// `{"checks": [{"state": "ok", "subject": …, "finding": …, "hint": …}]}`; a state is `ok`,
    /// `gap` or `note`. It also has `"access": [{"subject": …, "ways": […], "through": […]}]`, if
    /// the user asked for it.
    pub(crate) fn json(&self) -> String {
        let json = format!("{:#}\n", serde_json::json!(self));
        escaped_json(&json).into_owned()
    }
}
