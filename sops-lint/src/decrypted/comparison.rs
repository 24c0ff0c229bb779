//! Compares a file with an encrypted version, to find values that are now in plaintext.

use std::ops::Range;

use sops_document::Format;

use super::Encrypted;
use super::current_content::{CurrentContent, TELLING};
use super::related::bare_name;
use crate::input::Input;

/// A part that is now in plaintext.
pub(super) enum OpenedPart {
    File,
    Value { path: String, span: Range<usize> },
}

impl Encrypted {
    /// The parts of the file that are in plaintext but were encrypted.
    pub(super) fn opened(&self, input: &Input<'_>, current: &CurrentContent) -> Option<OpenedPart> {
        let is_same_path = self.path == input.path;
        if is_same_path && self.stays {
            return None;
        }
        let is_same_name = || bare_name(&self.path) == bare_name(input.path);
        if self.format == Format::Binary {
            let length = Some(input.bytes.len()).filter(|length| *length >= TELLING);
            let has_length = || length.is_some() && self.values.values().all(|own| *own == length);
            let is_known = !self.stays || self.path.parent() == input.path.parent();
            return (is_known && is_same_name() || has_length()).then_some(OpenedPart::File);
        }
        let (values, kind) = match current {
            CurrentContent::Encrypted => return None,
            CurrentContent::Other => return is_same_path.then_some(OpenedPart::File),
            CurrentContent::Open { values, kind } => (values, kind),
        };
        let open = self.values.keys().filter_map(|path| {
            let plain = values.get(path).filter(|plain| plain.is_open)?;
            Some((path, plain))
        });
        let open: Vec<_> = open.collect();
        if let Some((path, plain)) = open.iter().min_by_key(|(_, plain)| plain.span.start) {
            let has_all = open.len() == self.values.len();
            let has_lengths = || {
                self.values.iter().all(|(path, length)| {
                    let plain = values.get(path);
                    plain.is_some_and(|plain| length.is_none_or(|length| length == plain.length))
                })
            };
            let is_telling = open.iter().any(|(_, plain)| plain.is_telling);
            let is_meant = || open.iter().any(|(_, plain)| plain.is_meant);
            let is_related = || Self::related_names(input.path).contains(&self.path);
            // A file of defaults may be next to the encrypted one, with placeholders.
            let is_copy = match self.stays {
                true if is_telling => has_all && is_related() || has_lengths(),
                true => has_all && is_related() && is_meant() && has_lengths(),
                false => has_all || is_same_name(),
            };
            return is_copy.then(|| OpenedPart::Value {
                path: (*path).clone(),
                span: plain.span.clone(),
            });
        }
        let is_open = || values.values().any(|plain| plain.is_open);
        // Another kind of object, such as an ExternalSecret, may replace a Secret.
        let is_replaced = kind.is_some() && *kind != self.kind;
        // Other values of a Secret are judged like those of any Secret.
        let is_secret = kind.as_deref() == Some("Secret");
        (is_same_path && is_open() && !is_replaced && !is_secret).then_some(OpenedPart::File)
    }
}
