//! How an encrypted file is opened, to be read or to be changed.

use sops_core::keys::DataKey;
use sops_core::{Decrypted, EncryptedDocument, Format, OpenDocument};

use crate::arguments::OpeningArgs;
use crate::command_error::CommandError;
use crate::key_services::Services;
use crate::source::Source;
use crate::ui::Ui;

/// What becomes of a plaintext.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is given out as it is.
    File,
    /// Its values are, in another format or by themselves.
    Values,
}

impl Use {
    /// What becomes of a plaintext of the one format that is asked for in the other.
    pub(crate) fn in_format(format: Format, to: Format) -> Self {
        if format == to {
            Self::File
        } else {
            Self::Values
        }
    }
}

/// The plaintext of the file that was read from `source`.
pub(crate) fn decrypt(
    ui: &Ui,
    services: &Services,
    source: &Source,
    args: &OpeningArgs,
    purpose: Use,
) -> Result<Decrypted, CommandError> {
    let document = EncryptedDocument::parse(&*source.content, source.format)
        .map_err(|error| source.error(error))?;
    let key = services.data_key(ui, source, &document)?;
    let decrypted = match purpose {
        Use::File => document.decrypt(&key, args.mac_check()),
        Use::Values => document.decrypt_for_values(&key, args.mac_check()),
    };
    let decrypted = decrypted.map_err(|error| source.error(error))?;
    warn_of_comments(ui, source, decrypted.unopened_comments);
    Ok(decrypted)
}

/// Says that comments stay encrypted, if some do.
pub(crate) fn warn_of_comments(ui: &Ui, source: &Source, unopened: usize) {
    if unopened > 0 {
        ui.warn(format_args!(
            "{}: {unopened} encrypted comment{} cannot be opened and stay{} as written",
            source.name,
            if unopened == 1 { "" } else { "s" },
            if unopened == 1 { "s" } else { "" },
        ));
    }
}

/// Decrypts a document so that it can be encrypted again under the same key.
pub(crate) fn open<'d, 'a>(
    source: &Source,
    document: &'d EncryptedDocument<'a>,
    key: DataKey,
    args: &OpeningArgs,
) -> Result<OpenDocument<'d, 'a>, CommandError> {
    document
        .open(key, args.mac_check())
        .map_err(|error| source.error(error))
}
