//! Checks a change before the user is asked for the value, so that no one types it for nothing.

use sops_core::metadata::Metadata;
use sops_core::{Component, Format, KeyPath, parse_document};

use super::args::{Caller, ValueArgs};
use crate::command_error::{CommandError, name_of};
use crate::secret_parts::SecretParts;
use crate::update_file::FileUpdate;

/// Checks that the file can be decrypted and that text can be set at the paths, and warns about
/// paths whose values would be in plaintext. Returns these paths.
pub(super) fn check(
    update: &FileUpdate<'_>,
    values: &ValueArgs,
    caller: Caller<'_>,
) -> Result<Vec<KeyPath>, CommandError> {
    let assignments = values.trial(caller)?;
    let mut plain = Vec::new();
    update.look(|plaintext, format, metadata| {
        for assignment in &assignments {
            let document = parse_document(plaintext, format)?;
            let value = assignment.node(update.ui, update.file, &document)?;
            if let Some(changed) = document.set(&assignment.path, &value)? {
                require_encrypted_field(&changed, format, metadata, &assignment.path)?;
            }
            if format != Format::Binary && !may_select(metadata, &assignment.path) {
                plain.push(assignment.path.clone());
            }
        }
        Ok(())
    })?;
    for path in &plain {
        update.ui.warn(format_args!(
            "`{}` will be in plaintext, because the rule of {} does not select it",
            path.dotted(),
            name_of(update.file)
        ));
    }
    Ok(plain)
}

/// Refuses a value that would stay in plaintext in a Secret by mistake, and returns warnings about
/// values that Kubernetes does not accept. Only the field that the path begins with is checked.
pub(super) fn require_encrypted_field(
    text: &[u8],
    format: Format,
    metadata: &Metadata,
    path: &KeyPath,
) -> sops_core::Result<Vec<String>> {
    let Some(Component::Key(field)) = path.components().first() else {
        return Ok(Vec::new());
    };
    let rule = metadata.rule.clone().unwrap_or_default();
    let parts = SecretParts::of_field(text, format, &rule, field);
    parts.leak.map_or(Ok(parts.warnings), Err)
}

/// Whether the file's rule encrypts the value at the path. A rule about comments counts as if it
/// did.
pub(crate) fn may_select(metadata: &Metadata, path: &KeyPath) -> bool {
    let rule = metadata.rule.clone().unwrap_or_default();
    let Ok(compiled) = rule.compile() else {
        return true;
    };
    let mut keys = path.components().iter().filter_map(|part| match part {
        Component::Key(key) => Some(key),
        Component::Index(_) => None,
    });
    let is_on_comments = rule.name().contains("comment");
    is_on_comments || keys.any(|key| compiled.key_matches(key)) == rule.names_what_is_encrypted()
}
