//! Decrypts an encrypted file, to print it or to change it.

use sops_core::keys::DataKey;
use sops_core::{Decrypted, EncryptedDocument, Format, OpenDocument, convert, parse_document};
use zeroize::Zeroizing;

use crate::arguments::{FormatChange, GlobalArgs, OpeningArgs};
use crate::command_error::CommandError;
use crate::config::stores::stores;
use crate::input::Input;
use crate::keys::services::Services;
use crate::ui::Ui;

/// How a plaintext is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The plaintext is printed or written unchanged.
    File,
    /// Only the values are used, in another format or individually.
    Values,
}

impl Use {
    /// How a plaintext in `format` is used if the output is in the format `to`.
    pub(crate) fn in_format(format: Format, to: Format) -> Self {
        if format == to {
            Self::File
        } else {
            Self::Values
        }
    }
}

/// The plaintext of the file that was read from `input`.
pub(crate) fn decrypt(
    ui: &Ui,
    services: &Services,
    input: &Input,
    args: &OpeningArgs,
    purpose: Use,
) -> Result<Decrypted, CommandError> {
    decrypt_document(ui, services, input, &parse(input)?, args, purpose)
}

/// The encrypted document that was read from `input`.
pub(crate) fn parse(input: &Input) -> Result<EncryptedDocument<'_>, CommandError> {
    EncryptedDocument::parse(&*input.content, input.format).map_err(|error| input.error(error))
}

/// The plaintext of the document that was read from `input`.
pub(crate) fn decrypt_document(
    ui: &Ui,
    services: &Services,
    input: &Input,
    document: &EncryptedDocument<'_>,
    args: &OpeningArgs,
    purpose: Use,
) -> Result<Decrypted, CommandError> {
    let key = services.data_key(ui, input, document)?;
    let decrypted = match purpose {
        Use::File => document.decrypt(&key, args.mac_check()),
        Use::Values => document.decrypt_for_values(&key, args.mac_check()),
    };
    let decrypted = decrypted.map_err(|error| input.error(error))?;
    warn_of_comments(ui, input, decrypted.unopened_comments);
    Ok(decrypted)
}

/// Warns if comments stay encrypted.
pub(crate) fn warn_of_comments(ui: &Ui, input: &Input, unopened: usize) {
    if unopened > 0 {
        ui.warn(format_args!(
            "{}: {unopened} encrypted comment{} cannot be decrypted and stay{} encrypted",
            input.name,
            if unopened == 1 { "" } else { "s" },
            if unopened == 1 { "s" } else { "" },
        ));
    }
}

/// Decrypts a document so that it can be encrypted again under the same key.
pub(crate) fn open<'d, 'a>(
    input: &Input,
    document: &'d EncryptedDocument<'a>,
    key: DataKey,
    args: &OpeningArgs,
) -> Result<OpenDocument<'d, 'a>, CommandError> {
    document
        .open(key, args.mac_check())
        .map_err(|error| input.error(error))
}

/// A plaintext in the output format.
pub(crate) fn in_format(
    ui: &Ui,
    globals: &GlobalArgs,
    input: &Input,
    decrypted: Decrypted,
    to: Format,
) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    if to == input.format {
        return Ok(decrypted.plaintext);
    }
    let stores = stores(ui, globals)?;
    parse_document(&*decrypted.plaintext, input.format)
        .and_then(|document| convert(&document, to, &stores.indentation()))
        .map_err(|error| input.plaintext_error(error))
}

/// Converts a changed document to its new format.
pub(crate) fn in_new_format<'d, 'a>(
    ui: &Ui,
    globals: &GlobalArgs,
    formats: FormatChange,
    open: OpenDocument<'d, 'a>,
) -> Result<OpenDocument<'d, 'a>, CommandError> {
    if formats.input == formats.output {
        return Ok(open);
    }
    Ok(open.in_format(formats.output, stores(ui, globals)?))
}
