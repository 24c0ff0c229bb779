//! The content of a secret in Vault.

use sops_core::config::Stores;
use sops_core::{Format, convert, parse_document};
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError};
use crate::input::Input;

/// The values of a decrypted file as a JSON object. In the binary format, its field `data` has the
/// content, as in `sops`.
pub(super) fn json_of(input: &Input, plaintext: &[u8]) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    if input.format == Format::Binary {
        let text = std::str::from_utf8(plaintext).map_err(|_| {
            let message = format!(
                "{}: the content is not UTF-8, which Vault requires",
                input.name
            );
            CommandError::new(Code::Generic, message)
                .hint("publish the encrypted file to a bucket or a directory instead")
        })?;
        let object = serde_json::json!({ "data": text });
        return Ok(Zeroizing::new(object.to_string().into_bytes()));
    }
    parse_document(plaintext, input.format)
        .and_then(|document| convert(&document, Format::Json, &Stores::default().indentation()))
        .map_err(|error| input.plaintext_error(error))
}
