//! How two versions of a file differ.

use std::sync::Arc;

use sops_core::EncryptedDocument;
use sops_core::compare::{
    AccessChanges, ChangeKind, ComparedLeaf, Contents, DataKeyChange, ValueChange, ValuePath,
    compare_values,
};
use sops_core::document::{Type, Value};
use sops_core::keys::KeyService;
use sops_lint::shell_path;

use super::arrangement::ArrangementChanges;
use super::version::{Opened, Parsed, Versions};
use crate::command_error::name_of;

/// Compares versions of files.
#[derive(Clone)]
pub(super) struct Comparer {
    pub(super) keys: Arc<dyn KeyService>,
    pub(super) compares_values: bool,
    pub(super) shows_secrets: bool,
    /// Whether values are shown at all.
    pub(super) shows_values: bool,
}

/// A file that differs.
pub(super) struct FileReport {
    pub(super) path: String,
    /// The old path of a renamed file.
    pub(super) old_path: Option<String>,
    pub(super) status: FileStatus,
    /// Whether the report compares two files that need not be versions of the same file.
    pub(super) is_of_two_files: bool,
    /// Whether the file became encrypted, or is in plaintext now.
    pub(super) transition: Option<Transition>,
    /// The problems of the file, and the reasons why values cannot be compared.
    pub(super) problems: Vec<String>,
    pub(super) values: Vec<ValueReport>,
    pub(super) access: Option<AccessChanges>,
    /// Whether only comments, order or layout differ.
    pub(super) is_layout_only: bool,
    /// How the comments and the order differ.
    pub(super) arrangement: ArrangementChanges,
    /// Whether comments are shown.
    pub(super) shows_comments: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileStatus {
    Added,
    Deleted,
    Modified,
    Renamed,
    Unmerged,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transition {
    Encrypted,
    Plaintext,
}

pub(super) struct ValueReport {
    pub(super) path: ValuePath,
    pub(super) change: ValueChangeReport,
    /// Whether a value of an encrypted file became encrypted, or is in plaintext now.
    pub(super) transition: Option<Transition>,
}

pub(super) enum ValueChangeReport {
    Added(ShownValue),
    Removed(ShownValue),
    Changed(ShownValue, ShownValue),
    Moved(ValuePath),
}

/// A value as it is printed.
pub(super) enum ShownValue {
    Masked,
    Null,
    Text(String),
    Bool(bool),
    /// A number or a time.
    Plain(String),
    /// The number of bytes of a value that is not text.
    Binary(usize),
    EmptyMapping,
    EmptySequence,
}

impl Comparer {
    /// The differences, if there are any. Files that are in plaintext in both versions count only
    /// if the user named them (`is_named`).
    pub(super) fn compare(&self, versions: &Versions, is_named: bool) -> Option<FileReport> {
        let (old, new) = (versions.old.parse(), versions.new.parse());
        if !is_named && !old.is_encrypted() && !new.is_encrypted() {
            return None;
        }
        let mut report = FileReport::of(versions, &old, &new);
        if is_named {
            report.name_both_files(versions);
        }
        let is_resolved =
            matches!(new, Parsed::Encrypted(_)) && versions.old.bytes != versions.new.bytes;
        if versions.is_unmerged && !is_resolved {
            report.problems.push(format!(
                "the file has conflicts; `sops-rs resolve {}` resolves them",
                shell_path(&report.path)
            ));
            return Some(report);
        }
        if versions.old.bytes == versions.new.bytes {
            return (report.status == FileStatus::Renamed).then_some(report);
        }
        let (opened_old, opened_new) = match self.compares_values {
            true => (old.open(&*self.keys), new.open(&*self.keys)),
            false => (Opened::default(), Opened::default()),
        };
        for (name, problem) in [
            ("the old version", &opened_old.problem),
            ("the file", &opened_new.problem),
        ] {
            report
                .problems
                .extend(problem.iter().map(|problem| format!("{name} {problem}")));
        }
        report.access = access(&old, &new, &opened_old, &opened_new);
        if self.compares_values {
            self.add_arrangement(&mut report, (&old, &opened_old), (&new, &opened_new));
            self.add_values(&mut report, (&old, opened_old), (&new, opened_new));
        }
        report.is_difference().then_some(report)
    }

    fn add_arrangement(
        &self,
        report: &mut FileReport,
        (old, opened_old): (&Parsed<'_>, &Opened),
        (new, opened_new): (&Parsed<'_>, &Opened),
    ) {
        let text =
            |parsed: &Parsed<'_>, opened: &'_ Opened| parsed.format().zip(opened.plaintext.clone());
        let texts = text(old, opened_old).zip(text(new, opened_new));
        if let Some(((old_format, old), (new_format, new))) = texts {
            report.arrangement =
                ArrangementChanges::between((&old, old_format), (&new, new_format));
            report.shows_comments = self.shows_secrets && self.shows_values;
        }
    }

    fn add_values(
        &self,
        report: &mut FileReport,
        (old, opened_old): (&Parsed<'_>, Opened),
        (new, opened_new): (&Parsed<'_>, Opened),
    ) {
        let has_same_layout = opened_old.plaintext == opened_new.plaintext;
        let are_decrypted = opened_old.plaintext.is_some() && opened_new.plaintext.is_some();
        if let (Some(old), Some(new)) = (&opened_old.contents, &opened_new.contents) {
            report.values = self.values(old, new, report.transition.is_none());
            report.is_layout_only = report.values.is_empty() && are_decrypted && !has_same_layout;
            return;
        }
        if !report.problems.is_empty() {
            return;
        }
        let are_both_encrypted = old.is_encrypted() && new.is_encrypted();
        let data_key = report.access.as_ref().map(|access| access.data_key);
        let has_same_key = !are_both_encrypted || data_key == Some(DataKeyChange::Same);
        if report.transition.is_some() || !has_same_key {
            report.problems.push(
                "the file has values that cannot be compared: no private key can decrypt both versions"
                    .to_owned(),
            );
            return;
        }
        let closed = |parsed: &Parsed<'_>| match parsed.document() {
            Some(document) => Contents::of_ciphertext(document),
            None => Contents::empty(),
        };
        let without_values = Self {
            shows_values: false,
            ..self.clone()
        };
        report.values = without_values.values(&closed(old), &closed(new), true);
        let documents = old.document().zip(new.document());
        if documents.is_some_and(|(old, new)| new.altered_since(old).is_some()) {
            report.problems.push(
                "the file was changed without its data key: its values differ, but its MAC is unchanged"
                    .to_owned(),
            );
        }
        if !report.values.is_empty() && self.shows_values {
            report.problems.push(
                "the file was compared without a private key, so secret values are not shown"
                    .to_owned(),
            );
        }
    }

    /// The changed values. If both files are encrypted, a value can be in plaintext in only one of
    /// them.
    fn values(&self, old: &Contents, new: &Contents, are_both_encrypted: bool) -> Vec<ValueReport> {
        let changes = compare_values(old, new).into_iter();
        let mut values: Vec<ValueReport> = changes.map(|change| self.value(change)).collect();
        if !are_both_encrypted {
            values.iter_mut().for_each(|value| value.transition = None);
        }
        values
    }

    fn value(&self, ValueChange { path, kind }: ValueChange<'_>) -> ValueReport {
        let mut transition = None;
        let change = match kind {
            ChangeKind::Added(leaf) => ValueChangeReport::Added(self.shown(leaf, leaf.is_secret())),
            ChangeKind::Removed(leaf) => {
                ValueChangeReport::Removed(self.shown(leaf, leaf.is_secret()))
            }
            ChangeKind::Changed { old, new } => {
                transition = match (old.is_secret(), new.is_secret()) {
                    (true, false) if !is_empty(new) => Some(Transition::Plaintext),
                    (false, true) if !is_empty(old) => Some(Transition::Encrypted),
                    _ => None,
                };
                let is_secret = old.is_secret() || new.is_secret();
                ValueChangeReport::Changed(self.shown(old, is_secret), self.shown(new, is_secret))
            }
            ChangeKind::Moved { from } => ValueChangeReport::Moved(from),
        };
        ValueReport {
            path,
            change,
            transition,
        }
    }

    fn shown(&self, leaf: ComparedLeaf<'_>, is_secret: bool) -> ShownValue {
        if !self.shows_values || is_secret && !self.shows_secrets {
            return ShownValue::Masked;
        }
        match leaf {
            ComparedLeaf::EmptyMapping => ShownValue::EmptyMapping,
            ComparedLeaf::EmptySequence => ShownValue::EmptySequence,
            ComparedLeaf::Value(value) => match &value.value {
                None => ShownValue::Null,
                Some(Value {
                    kind: Type::Bool,
                    bytes,
                }) => ShownValue::Bool(&**bytes == b"True"),
                Some(Value { kind, bytes }) => match str::from_utf8(bytes) {
                    Ok(text) if matches!(kind, Type::Int | Type::Float | Type::Time) => {
                        ShownValue::Plain(text.to_owned())
                    }
                    Ok(text) if !text.contains('\0') => ShownValue::Text(text.to_owned()),
                    _ => ShownValue::Binary(bytes.len()),
                },
            },
        }
    }
}

impl FileReport {
    fn of(versions: &Versions, old: &Parsed<'_>, new: &Parsed<'_>) -> Self {
        let (old_path, new_path) = (&versions.old.path, &versions.new.path);
        let status = match (&versions.old.bytes, &versions.new.bytes) {
            _ if versions.is_unmerged => FileStatus::Unmerged,
            (None, _) => FileStatus::Added,
            (_, None) => FileStatus::Deleted,
            _ if old_path != new_path => FileStatus::Renamed,
            _ => FileStatus::Modified,
        };
        let path = match status {
            FileStatus::Deleted => old_path,
            _ => new_path,
        };
        let transition = match (old, new) {
            (Parsed::Missing, _) | (_, Parsed::Missing) => None,
            (old, new) if old.is_encrypted() && !new.is_encrypted() => Some(Transition::Plaintext),
            (old, new) if !old.is_encrypted() && new.is_encrypted() => Some(Transition::Encrypted),
            _ => None,
        };
        Self {
            path: name_of(path),
            old_path: (status == FileStatus::Renamed).then(|| name_of(old_path)),
            status,
            is_of_two_files: false,
            transition,
            problems: Vec::new(),
            values: Vec::new(),
            access: None,
            is_layout_only: false,
            arrangement: ArrangementChanges::default(),
            shows_comments: false,
        }
    }

    /// Changes the report to one about two files, which were not renamed.
    fn name_both_files(&mut self, versions: &Versions) {
        self.is_of_two_files = true;
        self.old_path = Some(name_of(&versions.old.path));
        self.status = FileStatus::Modified;
    }

    fn is_difference(&self) -> bool {
        let has_other_access = self
            .access
            .as_ref()
            .is_some_and(|access| access.is_change() || access.data_key == DataKeyChange::Changed);
        self.status != FileStatus::Modified
            || self.transition.is_some()
            || !self.problems.is_empty()
            || !self.values.is_empty()
            || self.is_layout_only
            || !self.arrangement.is_empty()
            || has_other_access
    }
}

/// Whether the value is null or an empty string, which SOPS never encrypts.
fn is_empty(leaf: ComparedLeaf<'_>) -> bool {
    match leaf {
        ComparedLeaf::Value(value) => value
            .value
            .as_ref()
            .is_none_or(|value| value.bytes.is_empty()),
        ComparedLeaf::EmptyMapping | ComparedLeaf::EmptySequence => true,
    }
}

/// The changes of the metadata, if a version has some and both can be read.
fn access<'m>(
    old: &'m Parsed<'_>,
    new: &'m Parsed<'_>,
    opened_old: &Opened,
    opened_new: &Opened,
) -> Option<AccessChanges> {
    if [old, new]
        .iter()
        .any(|version| matches!(version, Parsed::Invalid(_)))
    {
        return None;
    }
    let metadata = |parsed: &'m Parsed<'_>| parsed.document().map(EncryptedDocument::metadata);
    let (old, new) = (metadata(old), metadata(new));
    let keys = opened_old.key.as_ref().zip(opened_new.key.as_ref());
    let is_known = old.is_some() || new.is_some();
    is_known.then(|| AccessChanges::between(old, new, keys))
}
