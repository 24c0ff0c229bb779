//! Lets the user edit text in memory until it can be encrypted, and writes the file.

use std::path::Path;
use std::time::{Duration, Instant};

use sops_core::document::Error as DocumentError;
use sops_core::{Error, Format};
use zeroize::Zeroizing;

use super::{EditorHeader, EditorProgram};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::files::{self, Expected, PrivateDirectory, Readers};
use crate::signals::DeferredSignals;
use crate::ui::Ui;

/// How many times the editor reopens. A script used as the editor might otherwise run forever.
const MAX_TIMES: usize = 20;

/// An editor that ends sooner was probably not closed by the user, but has passed the file to a
/// window that is already open.
const SHORTEST_EDIT: Duration = Duration::from_millis(700);

/// One file in the editor.
pub(crate) struct EditorSession<'a> {
    pub(crate) ui: &'a Ui,
    pub(crate) file: &'a Path,
    pub(crate) format: Format,
    pub(crate) editor: EditorProgram,
    /// Whether the plaintext may be on a disk if there is no memory file system.
    pub(crate) allow_disk: bool,
}

/// The text that the editor opens.
pub(crate) struct Original<'t> {
    pub(crate) text: &'t [u8],
    /// Whether it is encrypted and written even if the user does not change it.
    pub(crate) is_worth_writing: bool,
}

impl EditorSession<'_> {
    /// Reopens the editor until the text can be encrypted, and writes the result.
    pub(crate) fn run(
        &self,
        original: &Original<'_>,
        head: &[String],
        encrypt: impl Fn(&[u8]) -> sops_core::Result<String>,
        expected: Expected<'_>,
    ) -> Result<(), CommandError> {
        // Dropped last: the process ends by a signal only when the plaintext is gone.
        let signals = DeferredSignals::new();
        // Otherwise, the edited text could not be written.
        files::check(self.file)?;
        let directory = PrivateDirectory::for_plaintext(self.ui, self.allow_disk)?;
        let mut header = EditorHeader::new(self.format);
        let name = Path::new(self.file.file_name().unwrap_or_default());
        let path = directory.create(name, &header.above(head, original.text))?;
        let mut refused: Option<Zeroizing<Vec<u8>>> = None;
        let mut times = 0;
        let encrypted = loop {
            let start = Instant::now();
            if !self.editor.run(&path, &signals)? {
                return Err(CommandError::new(
                    Code::Generic,
                    "interrupted; nothing was written",
                ));
            }
            let edited = edited(&path)?;
            let text = header.stripped(&edited);
            if text == original.text && !original.is_worth_writing {
                let message = match expected {
                    Expected::Nothing => format!(
                        "{} was not created, because you did not change the example",
                        name_of(self.file)
                    ),
                    _ => "the file was not changed".to_owned(),
                };
                let error = CommandError::new(Code::FileNotModified, message).calmly();
                return Err(match start.elapsed() < SHORTEST_EDIT {
                    true => error.hint(
                        "if the editor's window is still open, make the editor wait until you close it, for example with `EDITOR='code --wait'`",
                    ),
                    false => error,
                });
            }
            if refused
                .as_deref()
                .is_some_and(|refused| text == refused.as_slice())
            {
                let message = "you closed the editor without correcting the text, which cannot be encrypted; nothing was written";
                let error = CommandError::new(Code::FileNotModified, message).calmly();
                return Err(match text == original.text {
                    true => error,
                    false => {
                        // Keep the text without the lines above it. If that fails, the lines stay.
                        let _ = std::fs::write(&path, text);
                        keep(directory, &path, error)
                    }
                });
            }
            let error = match encrypt(text) {
                Ok(encrypted) => break encrypted,
                Err(error) => error,
            };
            let is_about_text = is_about_text(&error);
            let error =
                CommandError::in_text(error, &name_of(self.file), text, self.format, Role::Changed);
            if !is_about_text {
                return Err(keep(directory, &path, error));
            }
            self.ui.error(&error);
            times += 1;
            if times == MAX_TIMES {
                let message = format!(
                    "{MAX_TIMES} times in a row, the editor saved text that cannot be encrypted; nothing was written"
                );
                return Err(keep(
                    directory,
                    &path,
                    CommandError::new(Code::FileNotModified, message),
                ));
            }
            let lines = header.of_error(&error);
            let text = Zeroizing::new(text.to_vec());
            if let Err(error) = std::fs::write(&path, &*header.above(&lines, &text)) {
                let error = CommandError::output(name_of(&path), &error);
                return Err(keep(directory, &path, error));
            }
            refused = Some(text);
        };
        let done = match expected {
            Expected::Nothing => "created",
            _ => "changed",
        };
        files::write(
            self.ui,
            self.file,
            encrypted.as_bytes(),
            expected,
            Readers::Usual,
        )
        .map_err(|error| keep(directory, &path, error))?;
        self.ui.log_written();
        self.ui.done(self.file, done);
        Ok(())
    }
}

/// The text as the editor left it.
fn edited(path: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    // A pipe might never end, and a link could lead to another user's file.
    if !path.symlink_metadata().is_ok_and(|left| left.is_file()) {
        let message = "the editor deleted the temporary file, or replaced it with something else, so nothing was written";
        return Err(CommandError::new(Code::CannotReadInput, message)
            .hint("save the text under the same name, or choose another editor with SOPS_EDITOR"));
    }
    let text = std::fs::read(path);
    text.map(Zeroizing::new)
        .map_err(|error| CommandError::input(name_of(path), &error))
}

/// Whether the error is about the text, so that changing the text can fix it.
fn is_about_text(error: &Error) -> bool {
    matches!(
        error,
        Error::Document(DocumentError::Syntax { .. })
            | Error::Document(DocumentError::Unsupported { .. })
            | Error::Document(DocumentError::Unrepresentable { .. })
            | Error::Document(DocumentError::Limit { .. })
            | Error::AlreadyEncrypted
            | Error::Ciphertext { .. }
            | Error::Metadata { .. }
            | Error::NothingSelected { .. }
    )
}

/// Keeps the edited text in its directory, because it could not be encrypted or written.
fn keep(directory: PrivateDirectory, path: &Path, error: CommandError) -> CommandError {
    let kept = directory.keep().join(path.file_name().unwrap_or_default());
    error.hint(format!(
        "the edited text is kept in plaintext as {}; copy the text, and then delete the directory",
        name_of(&kept)
    ))
}
