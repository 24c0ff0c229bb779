//! How an encrypted file is opened for a change, once its data key is there.

use sops_core::keys::DataKey;
use sops_core::{EncryptedDocument, OpenDocument};

use crate::arguments::OpeningArgs;
use crate::command_error::CommandError;
use crate::source::Source;
use crate::ui::Ui;

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
