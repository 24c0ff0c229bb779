//! The user's own age keys: where each comes from, and which is the newest.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use sops_core::keys::age::{Held, key_files};
use sops_core::keys::{Environment, Identities};
use sops_core::reading::{self, FileKind};
use sops_lint::shell_word;

#[cfg(feature = "keyservice")]
use crate::agent::{control::AgentStatus, socket::AgentSocket};
use crate::git::settings::Settings;

/// A recipient of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnKey {
    pub(crate) recipient: String,
    /// The file or environment variable with the private key.
    pub(crate) source: String,
}

/// The recipients that are known without asking or running anything, in the order of `sops`.
pub(crate) fn own_keys(identities: &Identities) -> Vec<OwnKey> {
    let sources = identities.sources();
    let recipients = identities.recipients().into_iter();
    recipients
        .map(|recipient| {
            let recipient = recipient.to_string();
            let source = sources.iter().find(|source| match &source.held {
                Held::Keys(owners) => owners.iter().any(|owner| is_short_form(owner, &recipient)),
                _ => false,
            });
            // A locked SSH key names its recipient, but its source does not.
            let source = source.map_or("~/.ssh", |source| &source.name).to_owned();
            OwnKey { recipient, source }
        })
        .collect()
}

/// The recipients of the keys that the agent has unlocked. Without an agent, the list is empty.
#[cfg(feature = "keyservice")]
pub(crate) fn of_agent() -> Vec<String> {
    let status = AgentSocket::of_user().and_then(|socket| AgentStatus::of(&socket).ok()?);
    status.map(|status| status.recipients).unwrap_or_default()
}

/// None, because this program was built without the agent.
#[cfg(not(feature = "keyservice"))]
pub(crate) fn of_agent() -> Vec<String> {
    Vec::new()
}

/// Whether reports of sources show the recipient in this form.
fn is_short_form(short: &str, recipient: &str) -> bool {
    match short.split_once('…') {
        Some((begin, end)) => recipient.starts_with(begin) && recipient.ends_with(end),
        None => short == recipient,
    }
}

/// The command that gives the recipient access.
pub(crate) fn addition(recipient: &str, name: Option<&str>) -> String {
    let name = name.map(str::to_owned).or_else(name_in_git);
    match name.or_else(|| usable(&std::env::var("USER").ok()?)) {
        Some(name) => format!(
            "sops-rs recipients add --update --name {} {recipient}",
            shell_word(&name)
        ),
        None => format!("sops-rs recipients add --update {recipient}"),
    }
}

/// The user's name in the settings of Git.
pub(crate) fn name_in_git() -> Option<String> {
    usable(Settings::matching("^user\\.name$").value("user.name")?)
}

/// The name, if it is one that a comment can contain.
fn usable(name: &str) -> Option<String> {
    let name = name.trim();
    let is_usable = !name.is_empty() && !name.chars().any(char::is_control);
    is_usable.then(|| name.to_owned())
}

/// The newest of the recipients: by the time in the comments of the key files, or else the last.
/// Users add new keys at the end, and keep retired ones for old files.
pub(crate) fn newest<'r>(recipients: &[&'r str]) -> Option<&'r str> {
    let times = creation_times();
    let recipients = recipients.iter().enumerate();
    let newest = recipients.max_by_key(|(index, recipient)| (times.get(**recipient), *index));
    newest.map(|(_, recipient)| *recipient)
}

/// When the keys in the user's key files were created, by recipient, as their comments say.
fn creation_times() -> HashMap<String, SystemTime> {
    let mut times = HashMap::new();
    for file in key_files(&Environment::process()) {
        let Ok(text) = reading::read_config(&file, FileKind::Regular) else {
            continue;
        };
        let mut created = None;
        for line in String::from_utf8_lossy(&text).lines() {
            if let Some(time) = line.strip_prefix("# created: ") {
                created = parse_time(time.trim());
            } else if let Some(recipient) = line.strip_prefix("# public key: ")
                && let Some(created) = created.take()
            {
                times.insert(recipient.trim().to_owned(), created);
            }
        }
    }
    times
}

/// Reads a time in RFC 3339, with the offset that `age-keygen` writes.
fn parse_time(text: &str) -> Option<SystemTime> {
    let (local, offset) = text.split_at_checked(19)?;
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let Some((hours, minutes)) = offset.get(1..).and_then(|offset| offset.split_once(':')) else {
        return Some(local);
    };
    let minutes = hours.parse::<u64>().ok()? * 60 + minutes.parse::<u64>().ok()?;
    let offset_length = Duration::from_secs(minutes * 60);
    match offset.starts_with('-') {
        true => local.checked_add(offset_length),
        false => local.checked_sub(offset_length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_compared_with_their_offsets() {
        let time = |text| parse_time(text).expect(text);
        assert_eq!(
            time("2026-01-31T12:00:00Z"),
            time("2026-01-31T14:00:00+02:00")
        );
        assert_eq!(
            time("2026-01-31T12:00:00Z"),
            time("2026-01-31T06:30:00-05:30")
        );
        assert!(
            parse_time("2026-01-31").is_none() && parse_time("yesterday, at some time").is_none()
        );
    }

    #[test]
    fn the_short_form_of_a_long_recipient_is_recognized() {
        assert!(is_short_form("age1abc…xyz", "age1abcdefxyz"));
        assert!(is_short_form("age1abc", "age1abc") && !is_short_form("age1abc", "age1abcd"));
    }
}
