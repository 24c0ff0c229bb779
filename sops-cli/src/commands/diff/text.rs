//! The report as text.

use std::fmt::Write;

use similar::{Algorithm, ChangeTag, TextDiff};
use sops_core::compare::{AccessChanges, DataKeyChange};
use sops_core::keys::MasterKey;
use sops_printable::escaped;

use super::arrangement::ArrangementChanges;
use super::report::{
    FileReport, FileStatus, ShownValue, Transition, ValueChangeReport, ValueReport,
};
use crate::keys::names;
use crate::recipient_edit::RecipientNames;

/// The text that replaces a secret value.
const MASK: &str = "***";

/// How many unchanged lines are shown around changed ones.
const CONTEXT: usize = 3;

/// How the reports are printed.
pub(super) struct TextReport<'r> {
    /// Whether values are left out instead of masked.
    pub(super) names_only: bool,
    /// Whether files with the same changes are listed together.
    pub(super) joins_equal: bool,
    pub(super) names: &'r RecipientNames,
}

impl TextReport<'_> {
    /// The reports of all files.
    pub(super) fn written(&self, reports: &[FileReport]) -> String {
        // The headings and the changes of files.
        let mut parts: Vec<(String, String)> = Vec::new();
        for report in reports {
            let (mut heading, mut changes) = (String::new(), String::new());
            // Writing to a string does not fail.
            let _ = header(&mut heading, report);
            let _ = self.changes(&mut changes, report);
            let mut equal = parts.iter_mut().filter(|_| self.joins_equal);
            match equal.find(|(_, other)| *other == changes) {
                Some((headings, _)) => *headings += &heading,
                None => parts.push((heading, changes)),
            }
        }
        let parts: Vec<String> = parts
            .into_iter()
            .map(|(heading, changes)| heading + &changes)
            .collect();
        parts.join("\n")
    }

    fn changes(&self, out: &mut String, report: &FileReport) -> std::fmt::Result {
        match report.transition {
            Some(transition) if report.is_of_two_files => {
                let state = match transition {
                    Transition::Plaintext => "in plaintext",
                    Transition::Encrypted => "encrypted",
                };
                writeln!(out, "  ! only the second file is {state}")?;
            }
            Some(Transition::Plaintext) => {
                writeln!(
                    out,
                    "  ! THE FILE IS IN PLAINTEXT NOW: everyone who can read the file can read its values"
                )?;
            }
            Some(Transition::Encrypted) => {
                writeln!(
                    out,
                    "  ! the file is encrypted now; its old versions stay readable, so change the secrets"
                )?;
            }
            None => {}
        }
        for problem in &report.problems {
            writeln!(out, "  ! {}", escaped(problem))?;
        }
        if let Some(changes) = &report.access {
            self.access(out, changes, report.is_of_two_files)?;
        }
        for change in &report.values {
            value(out, change, self.names_only, report.is_of_two_files)?;
        }
        if report.is_layout_only {
            writeln!(out, "  ~ only comments, order or layout")?;
        }
        arrangement(out, &report.arrangement, report.shows_comments)
    }

    fn access(
        &self,
        out: &mut String,
        changes: &AccessChanges,
        is_of_two_files: bool,
    ) -> std::fmt::Result {
        for (mark, keys) in [('+', &changes.added), ('-', &changes.removed)] {
            for key in keys {
                writeln!(out, "  {mark} recipient {}", self.recipient(key))?;
            }
        }
        if changes.is_regrouped {
            writeln!(
                out,
                "  ~ key groups: the same recipients in different groups"
            )?;
        }
        if let Some((old, new)) = changes.threshold {
            writeln!(out, "  ~ key groups needed: {old} -> {new}")?;
        }
        if let Some((old, new)) = &changes.rule {
            let rule = |rule: &sops_core::rules::EncryptionRule| {
                format!("{}: {}", rule.name(), escaped(rule.text()))
            };
            writeln!(out, "  ~ selection rule: {} -> {}", rule(old), rule(new))?;
        }
        if let Some((old, new)) = changes.mac_only_encrypted {
            writeln!(out, "  ~ mac_only_encrypted: {old} -> {new}")?;
        }
        match changes.data_key {
            DataKeyChange::Changed if is_of_two_files => writeln!(out, "  ~ data key: different"),
            DataKeyChange::Changed => writeln!(out, "  ~ data key: rotated"),
            _ => Ok(()),
        }
    }

    /// A recipient with its name and its short form, or in full if it has no name, because a short
    /// form alone can be imitated.
    fn recipient(&self, key: &MasterKey) -> String {
        match self.names.name(key) {
            Some(_) => escaped(&self.names.shown(key)).into_owned(),
            None => recipient(key),
        }
    }
}

fn header(out: &mut String, report: &FileReport) -> std::fmt::Result {
    let status = match report.status {
        FileStatus::Added => "added",
        FileStatus::Deleted => "deleted",
        FileStatus::Modified => "modified",
        FileStatus::Renamed => "renamed",
        FileStatus::Unmerged => "unmerged",
    };
    match &report.old_path {
        Some(old) if report.is_of_two_files => {
            writeln!(out, "different: {old} and {}", report.path)?;
        }
        Some(old) => writeln!(out, "{status}: {old} -> {}", report.path)?,
        None => writeln!(out, "{status}: {}", report.path)?,
    }
    Ok(())
}

fn arrangement(
    out: &mut String,
    changes: &ArrangementChanges,
    shows_comments: bool,
) -> std::fmt::Result {
    let (removed, added) = (&changes.removed_comments, &changes.added_comments);
    if !removed.is_empty() || !added.is_empty() {
        let (removed, added) = (removed.len(), added.len());
        writeln!(out, "  ~ comments: {removed} removed, {added} added")?;
    }
    for (mark, comments) in [('-', removed), ('+', added)] {
        for comment in comments.iter().filter(|_| shows_comments) {
            writeln!(out, "      {mark} {}", escaped(comment))?;
        }
    }
    if changes.is_reordered {
        writeln!(out, "  ~ order of keys or comments")?;
    }
    Ok(())
}

/// A recipient in full, since its short form can be imitated.
pub(super) fn recipient(key: &MasterKey) -> String {
    escaped(&names::shown(key)).into_owned()
}

fn value(
    out: &mut String,
    report: &ValueReport,
    names_only: bool,
    is_of_two_files: bool,
) -> std::fmt::Result {
    let path = report.path.to_string();
    let path = match path.as_str() {
        "" => "the content".into(),
        path => escaped(path),
    };
    match report.transition {
        Some(Transition::Plaintext) if is_of_two_files => {
            writeln!(out, "  ! {path} is in plaintext in the second file only")?;
        }
        Some(Transition::Encrypted) if is_of_two_files => {
            writeln!(out, "  ! {path} is encrypted in the second file only")?;
        }
        Some(Transition::Plaintext) => writeln!(out, "  ! {path} IS IN PLAINTEXT NOW")?,
        Some(Transition::Encrypted) => writeln!(out, "  ! {path} is encrypted now")?,
        None => {}
    }
    match &report.change {
        ValueChangeReport::Moved(from) => {
            writeln!(out, "  > {path} (before: {})", escaped(&from.to_string()))
        }
        ValueChangeReport::Added(value) => one(out, '+', &path, value, names_only),
        ValueChangeReport::Removed(value) => one(out, '-', &path, value, names_only),
        ValueChangeReport::Changed(ShownValue::Masked, _) => {
            one(out, '~', &path, &ShownValue::Masked, names_only)
        }
        ValueChangeReport::Changed(old, new) => {
            writeln!(out, "  ~ {path}")?;
            changed(out, old, new)
        }
    }
}

fn one(
    out: &mut String,
    mark: char,
    path: &str,
    value: &ShownValue,
    names_only: bool,
) -> std::fmt::Result {
    match value {
        ShownValue::Masked if names_only => writeln!(out, "  {mark} {path}"),
        ShownValue::Text(text) if text.trim_end_matches('\n').contains('\n') => {
            writeln!(out, "  {mark} {path}:")?;
            text.lines()
                .try_for_each(|line| writeln!(out, "      {mark} {}", escaped(line)))
        }
        value => writeln!(out, "  {mark} {path}: {}", in_line(value)),
    }
}

/// A value printed on one line.
fn in_line(value: &ShownValue) -> String {
    match value {
        ShownValue::Masked => MASK.to_owned(),
        ShownValue::Null => "null".to_owned(),
        ShownValue::Text(text) | ShownValue::Plain(text) => escaped(text).into_owned(),
        ShownValue::Bool(truth) => truth.to_string(),
        ShownValue::Binary(1) => "1 byte, which is not text".to_owned(),
        ShownValue::Binary(length) => format!("{length} bytes, which are not text"),
        ShownValue::EmptyMapping => "{}".to_owned(),
        ShownValue::EmptySequence => "[]".to_owned(),
    }
}

/// Both values, line by line if one has several lines.
fn changed(out: &mut String, old: &ShownValue, new: &ShownValue) -> std::fmt::Result {
    if let (ShownValue::Text(old), ShownValue::Text(new)) = (old, new)
        && [old, new]
            .iter()
            .any(|text| text.trim_end_matches('\n').contains('\n'))
    {
        return lines(out, old, new);
    }
    // `1` and the string `"1"` look the same without quotes.
    let line = |value: &ShownValue, counterpart: &ShownValue| match value {
        ShownValue::Text(text) if in_line(value) == in_line(counterpart) => {
            format!("\"{}\"", escaped(text))
        }
        value => in_line(value),
    };
    writeln!(out, "      - {}", line(old, new))?;
    writeln!(out, "      + {}", line(new, old))
}

fn lines(out: &mut String, old: &str, new: &str) -> std::fmt::Result {
    // The time of the usual algorithm grows with the square of the number of edits.
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_lines(old, new);
    for (index, hunk) in diff
        .unified_diff()
        .context_radius(CONTEXT)
        .iter_hunks()
        .enumerate()
    {
        if index > 0 {
            writeln!(out, "      …")?;
        }
        for change in hunk.iter_changes() {
            let mark = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value();
            let line = line.strip_suffix('\n').unwrap_or(line);
            let end = if change.missing_newline() {
                " (without a line break)"
            } else {
                ""
            };
            writeln!(out, "      {mark} {}{end}", escaped(line))?;
        }
    }
    Ok(())
}
