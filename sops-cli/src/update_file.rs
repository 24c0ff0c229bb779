//! Changes an encrypted file without an editor: decrypts it, changes it, encrypts it again, and
//! replaces it.

use std::fmt::Display;
use std::path::Path;
use std::time::SystemTime;

use sops_core::metadata::Metadata;
use sops_core::{EncryptedDocument, Error, Format};
use zeroize::Zeroizing;

use crate::arguments::{FormatArgs, GlobalArgs, OpeningArgs};
use crate::command_error::{CommandError, Role};
use crate::decrypt_file;
use crate::files::{self, Readers};
use crate::input::Input;
use crate::keys::services::Services;
use crate::ui::Ui;

/// An encrypted file to change.
pub(crate) struct FileUpdate<'a> {
    pub(crate) ui: &'a Ui,
    pub(crate) globals: &'a GlobalArgs,
    pub(crate) services: &'a Services,
    pub(crate) file: &'a Path,
    pub(crate) formats: &'a FormatArgs,
    pub(crate) opening: &'a OpeningArgs,
}

impl FileUpdate<'_> {
    /// Calls `change` with the file's metadata and plaintext, and replaces the file by the result.
    /// If another run changes the file meanwhile, calls `change` again with the new plaintext.
    ///
    /// Returns what was written. If `change` returns `None`, the file is not changed.
    pub(crate) fn change(
        &self,
        mut change: impl FnMut(
            &[u8],
            Format,
            &Metadata,
        ) -> sops_core::Result<Option<Zeroizing<Vec<u8>>>>,
    ) -> Result<Option<WrittenFile>, CommandError> {
        files::retrying(self.file, || self.try_to_change(&mut change))
    }

    /// Reports what was done to the file, if it was written.
    pub(crate) fn report(&self, written: Option<&WrittenFile>, outcome: impl Display) {
        if written.is_some() {
            self.ui.log_written();
            self.ui.done(self.file, outcome);
        }
    }

    /// Calls `look` with the file's metadata and plaintext.
    pub(crate) fn look(
        &self,
        mut look: impl FnMut(&[u8], Format, &Metadata) -> sops_core::Result<()>,
    ) -> Result<(), CommandError> {
        self.try_to_change(|plaintext, format, metadata| {
            look(plaintext, format, metadata)?;
            Ok(None)
        })
        .map(drop)
    }

    fn try_to_change(
        &self,
        change: impl FnOnce(&[u8], Format, &Metadata) -> sops_core::Result<Option<Zeroizing<Vec<u8>>>>,
    ) -> Result<Option<WrittenFile>, CommandError> {
        let by_name = self.formats.input(Some(self.file));
        let input = Input::read(Some(self.file), by_name, Role::Encrypted)?;
        let format = input.format;
        let formats = self.formats.of_change(format)?;
        let document = EncryptedDocument::parse(&*input.content, format)
            .map_err(|error| input.error(error))?;
        let key = self.services.data_key(self.ui, &input, &document)?;
        let open = decrypt_file::open(&input, &document, key, self.opening)?;
        decrypt_file::warn_of_comments(self.ui, &input, open.unopened_comments());
        let metadata = document.metadata();
        let Some(changed) =
            change(open.plaintext(), format, metadata).map_err(|error| refused(&input, error))?
        else {
            return Ok(None);
        };
        let encrypted = decrypt_file::in_new_format(self.ui, self.globals, formats, open)?
            .encrypt(&*changed, SystemTime::now())
            .map_err(|error| input.plaintext_error(error))?;
        let expected = input.expected();
        files::write(
            self.ui,
            self.file,
            encrypted.as_bytes(),
            expected,
            Readers::Usual,
        )?;
        formats.warn(self.ui, self.file);
        Ok(Some(WrittenFile {
            text: encrypted,
            format: formats.output,
        }))
    }
}

/// An encrypted file that was written.
pub(crate) struct WrittenFile {
    pub(crate) text: String,
    pub(crate) format: Format,
}

/// The error for a change that is not possible.
fn refused(input: &Input, error: Error) -> CommandError {
    match error {
        Error::AlreadyEncrypted => CommandError::reserved_key().in_file(&input.name),
        error => input.plaintext_error(error),
    }
}
