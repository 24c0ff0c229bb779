//! The results, as text or as JSON.

use serde::Serialize;
use sops_printable::{escaped_json, one_line};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Finding,
    /// The check was not possible.
    Unknown,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    state: State,
    /// The topic, such as `encryption-at-rest`.
    check: &'static str,
    /// The file or object.
    subject: String,
    message: String,
    /// Why a finding matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// What to run or to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Check {
    fn new(state: State, check: &'static str, subject: &str, message: impl Into<String>) -> Self {
        Self {
            state,
            check,
            subject: subject.to_owned(),
            message: message.into(),
            why: None,
            fix: None,
        }
    }

    pub(super) fn ok(check: &'static str, subject: &str, message: impl Into<String>) -> Self {
        Self::new(State::Ok, check, subject, message)
    }

    pub(crate) fn unknown(check: &'static str, subject: &str, message: impl Into<String>) -> Self {
        Self::new(State::Unknown, check, subject, message)
    }

    pub(super) fn finding(check: &'static str, subject: &str, message: impl Into<String>) -> Self {
        Self::new(State::Finding, check, subject, message)
    }

    pub(super) fn why(mut self, why: &'static str) -> Self {
        self.why = Some(why);
        self
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    #[cfg(test)]
    pub(super) fn is_finding(&self) -> bool {
        self.state == State::Finding
    }

    pub(super) fn is_ok(&self) -> bool {
        self.state == State::Ok
    }

    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// The results of all checks.
#[derive(Debug, Default, Serialize)]
pub(crate) struct DoctorReport {
    pub(crate) checks: Vec<Check>,
}

impl DoctorReport {
    pub(crate) fn has_finding(&self) -> bool {
        self.count(State::Finding) > 0
    }

    fn count(&self, state: State) -> usize {
        let with_state = self.checks.iter().filter(|check| check.state == state);
        with_state.count()
    }

    /// A line for each check, with the reason and the fix below a finding. Findings and their
    /// number come last, where the user sees them.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let (findings, rest): (Vec<_>, Vec<_>) = self
            .checks
            .iter()
            .partition(|check| check.state == State::Finding);
        for check in rest.iter().chain(&findings) {
            let state = match check.state {
                State::Ok => "ok",
                State::Finding => "FINDING",
                State::Unknown => "unknown",
            };
            let line = format!("{}: {}", check.subject, check.message);
            text += &format!("{state:<8} {}\n", one_line(&line));
            if let Some(why) = check.why {
                text += &format!("{:9}why: {why}\n", "");
            }
            if let Some(fix) = &check.fix {
                text += &format!("{:9}fix: {}\n", "", one_line(fix));
            }
        }
        let unknown = match self.count(State::Unknown) {
            0 => String::new(),
            count => format!(", {count} unknown"),
        };
        text += &match findings.len() {
            1 => format!("1 finding{unknown}\n"),
            count => format!("{count} findings{unknown}\n"),
        };
        text
    }

    /// `{"checks": [{"state": "finding", "check": …, "subject": …, "message": …, "why": …, "fix":
    /// …}]}`; a state is `ok`, `finding` or `unknown`.
    pub(crate) fn json(&self) -> String {
        let json = format!("{:#}\n", serde_json::json!(self));
        escaped_json(&json).into_owned()
    }
}

/// The first names, and the number of the others.
pub(super) fn listed(names: &[String]) -> String {
    const MOST: usize = 10;
    let shown = names[..names.len().min(MOST)].join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}
