//! The report as JSON. Secret values that must not be shown are left out.

use serde_json::{Map, Value as Json, json};
use sops_core::compare::{AccessChanges, DataKeyChange, PathStep, ValuePath};
use sops_core::document::Component;
use sops_core::keys::MasterKey;
use sops_printable::escaped_json;

use super::report::{
    FileReport, FileStatus, ShownValue, Transition, ValueChangeReport, ValueReport,
};
use super::text::recipient;

pub(super) fn written(reports: &[FileReport]) -> String {
    let files: Vec<Json> = reports.iter().map(file).collect();
    let text = serde_json::to_string_pretty(&json!({ "files": files }));
    let text = text.expect("strings and numbers can be written as JSON");
    format!("{}\n", escaped_json(&text))
}

fn file(report: &FileReport) -> Json {
    json!({
        "path": report.path,
        "old_path": report.old_path,
        "status": match report.status {
            FileStatus::Added => "added",
            FileStatus::Deleted => "deleted",
            FileStatus::Modified => "modified",
            FileStatus::Renamed => "renamed",
            FileStatus::Unmerged => "unmerged",
        },
        "became": report.transition.map(transition),
        "problems": report.problems,
        "values": report.values.iter().map(value).collect::<Vec<_>>(),
        "access": report.access.as_ref().map(|changes| access(changes, report.is_of_two_files)),
        "layout_only": report.is_layout_only,
        "comments": comments(report),
        "reordered": report.arrangement.is_reordered,
    })
}

/// The removed and added comments.
fn comments(report: &FileReport) -> Json {
    let changes = &report.arrangement;
    let removed = changes
        .removed_comments
        .iter()
        .map(|text| ("removed", text));
    let added = changes.added_comments.iter().map(|text| ("added", text));
    let entries = removed
        .chain(added)
        .map(|(change, text)| match report.shows_comments {
            true => json!({ "change": change, "text": text }),
            false => json!({ "change": change }),
        });
    entries.collect()
}

fn transition(transition: Transition) -> &'static str {
    match transition {
        Transition::Encrypted => "encrypted",
        Transition::Plaintext => "plaintext",
    }
}

fn access(changes: &AccessChanges, is_of_two_files: bool) -> Json {
    let keys = |keys: &[MasterKey]| keys.iter().map(recipient).collect::<Vec<_>>();
    let pair = |old: Json, new: Json| json!({ "old": old, "new": new });
    let rule = |rule: &sops_core::rules::EncryptionRule| json!({ rule.name(): rule.text() });
    json!({
        "added": keys(&changes.added),
        "removed": keys(&changes.removed),
        "regrouped": changes.is_regrouped,
        "threshold": changes.threshold.map(|(old, new)| pair(old.into(), new.into())),
        "rule": changes.rule.as_ref().map(|(old, new)| pair(rule(old), rule(new))),
        "mac_only_encrypted": changes.mac_only_encrypted.map(|(old, new)| pair(old.into(), new.into())),
        "data_key": match changes.data_key {
            DataKeyChange::Same => "same",
            DataKeyChange::Changed if is_of_two_files => "different",
            DataKeyChange::Changed => "rotated",
            DataKeyChange::Unknown => "unknown",
        },
    })
}

fn value(report: &ValueReport) -> Json {
    let mut entry = Map::new();
    let mut set = |key: &str, value: Json| entry.insert(key.to_owned(), value);
    set("path", path(&report.path));
    let (change, old, new) = match &report.change {
        ValueChangeReport::Added(new) => ("added", None, Some(new)),
        ValueChangeReport::Removed(old) => ("removed", Some(old), None),
        ValueChangeReport::Changed(old, new) => ("changed", Some(old), Some(new)),
        ValueChangeReport::Moved(from) => {
            set("from", path(from));
            ("moved", None, None)
        }
    };
    set("change", change.into());
    for (key, value) in [("old", old), ("new", new)] {
        if let Some(shown) = value.and_then(shown) {
            set(key, shown);
        }
    }
    if let Some(became) = report.transition {
        set("became", transition(became).into());
    }
    entry.into()
}

/// The keys and indexes of a path. In a stream of several documents, an object with the document's
/// index comes first.
fn path(path: &ValuePath) -> Json {
    let steps = path.steps().iter().map(|step| match step {
        PathStep::Document(number) => json!({ "document": number }),
        PathStep::Component(Component::Key(key)) => json!(key),
        PathStep::Component(Component::Index(index)) => json!(index),
    });
    steps.collect()
}

/// A number; as text if JSON cannot represent it, or if it is a time.
fn number(text: &str) -> Json {
    let number = serde_json::from_str::<serde_json::Number>(text);
    number.map_or_else(|_| json!(text), Json::Number)
}

fn shown(value: &ShownValue) -> Option<Json> {
    Some(match value {
        ShownValue::Masked => return None,
        ShownValue::Null => Json::Null,
        ShownValue::Text(text) => json!(text),
        ShownValue::Bool(truth) => json!(truth),
        ShownValue::Plain(text) => number(text),
        ShownValue::Binary(length) => json!({ "bytes": length }),
        ShownValue::EmptyMapping => json!({}),
        ShownValue::EmptySequence => json!([]),
    })
}
