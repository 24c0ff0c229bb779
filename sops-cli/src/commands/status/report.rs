//! Prints the status of files.

use std::collections::BTreeMap;

use super::file_status::{FileRecipient, FileRule, FileStatus};
use crate::command_error::CommandError;
use crate::recipient_edit;
use crate::ui::Ui;

/// One line for each file.
pub(super) fn lines(ui: &Ui, files: &[FileStatus]) -> Result<(), CommandError> {
    files.iter().try_for_each(|file| {
        let readers: Vec<String> = file.recipients.iter().map(shown).collect();
        let rule = match (&file.rule, &file.drift[..]) {
            (None, _) => match &file.proposal_for {
                Some(file) => format!("a proposal for {file}"),
                None => "no rule".to_owned(),
            },
            (Some(rule), []) => format!("matches rule {} of {}", rule.number, rule.config),
            (Some(rule), drift) => {
                let FileRule { config, number, .. } = rule;
                format!(
                    "differs from rule {number} of {config}: {}",
                    drift.join(", ")
                )
            }
        };
        let mac = match file.mac_only_encrypted {
            true => "; MAC over encrypted values only",
            false => "",
        };
        ui.print(format_args!(
            "{}: {}; recipients: {}; {rule}{mac}; changed {}",
            file.path,
            readability(file),
            readers.join(", "),
            file.last_modified
        ))
    })
}

/// The files of each recipient.
pub(super) fn by_recipient(ui: &Ui, files: &[FileStatus]) -> Result<(), CommandError> {
    let mut by_recipient: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files {
        for recipient in &file.recipients {
            let files = by_recipient.entry(shown(recipient)).or_default();
            if files.last() != Some(&file.path.as_str()) {
                files.push(&file.path);
            }
        }
    }
    for (recipient, files) in by_recipient {
        let count = files.len();
        let plural = if count == 1 { "" } else { "s" };
        ui.print(format_args!("{recipient}: {count} file{plural}"))?;
        for file in files {
            ui.print(format_args!("  {file}"))?;
        }
    }
    Ok(())
}

pub(super) fn json(ui: &Ui, files: &[FileStatus]) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(files).expect("the status has only strings as keys");
    ui.output(format!("{text}\n").as_bytes())
}

fn readability(file: &FileStatus) -> &'static str {
    match (file.readable, file.certain) {
        (true, true) => "you can decrypt it",
        (true, false) => "you may be able to decrypt it",
        (false, _) => "you cannot decrypt it",
    }
}

fn shown(recipient: &FileRecipient) -> String {
    recipient_edit::shown(recipient.family, &recipient.id, recipient.name.as_deref())
}
