//! How an encrypted file is opened: with the keys from where `sops` looks for them.

use sops_core::keys::{DataKey, Environment, Identities};
use sops_core::{EncryptedDocument, OpenDocument};

use crate::arguments::OpeningArgs;
use crate::command_error::{Code, CommandError};
use crate::source::Source;
use crate::ui::Ui;

/// The data key of the document that was read from `source`.
pub(crate) fn data_key(
    ui: &Ui,
    source: &Source,
    document: &EncryptedDocument<'_>,
) -> Result<DataKey, CommandError> {
    let identities = Identities::from_environment(Environment::process()).with_prompt(ui.prompt());
    let key = document.data_key(&identities);
    for warning in identities.warnings() {
        ui.warn(warning);
    }
    if ui.is_verbose() {
        for place in identities.sources() {
            ui.note(place);
        }
    }
    key.map_err(|error| source.error(error).with_code(Code::CannotRetrieveDataKey))
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
