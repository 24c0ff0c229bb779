//! The file that keeps Flux's keys on this computer, with the record of each replacement.

use std::path::PathBuf;

use sops_core::keys::Identities;
use sops_core::keys::age::{KeyPair, Recipient};
use sops_core::reading::{self, FileKind};
use zeroize::Zeroizing;

use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::flux::{KeyReplacement, recorded};
use crate::keys::key_file;
use crate::ui::Ui;

/// The file that keeps Flux's keys on this computer.
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    /// `None` if the file does not exist.
    content: Option<Zeroizing<Vec<u8>>>,
    pub(super) text: Zeroizing<Vec<u8>>,
    pairs: Vec<KeyPair>,
    pub(super) recorded: Vec<KeyReplacement>,
}

impl KeyFile {
    pub(super) fn read(path: PathBuf) -> Result<Self, CommandError> {
        let content = match path.symlink_metadata() {
            Err(_) => None,
            Ok(_) => {
                let content = reading::read_config(&path, FileKind::Regular).map(Zeroizing::new);
                Some(content.map_err(|error| CommandError::input(name_of(&path), &error))?)
            }
        };
        let text = content.clone().unwrap_or_default();
        if text.starts_with(b"age-encryption.org/") || text.starts_with(b"-----BEGIN AGE") {
            let message = format!("{} is protected with a passphrase", name_of(&path));
            return Err(CommandError::new(Code::CannotWriteOutput, message).hint(
                "keep Flux's keys in a separate file without a passphrase, and pass that file with `--age-key-file`",
            ));
        }
        let mut identities = Identities::new();
        identities
            .add_keys(&name_of(&path), &text)
            .map_err(CommandError::general)?;
        let pairs = identities.key_pairs(&[]);
        let recorded = recorded(&String::from_utf8_lossy(&text), &pairs);
        Ok(Self {
            path,
            content,
            text,
            pairs,
            recorded,
        })
    }

    pub(super) fn pair(&self, recipient: Option<&Recipient>) -> Option<&KeyPair> {
        let recipient = recipient?;
        self.pairs.iter().find(|pair| pair.recipient == *recipient)
    }

    /// Adds text at the end. Only the user can read a new file.
    pub(super) fn append(&self, ui: &Ui, addition: &str) -> Result<(), CommandError> {
        let mut text = Zeroizing::new(self.text.to_vec());
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(addition.as_bytes());
        if let Some(directory) = self
            .path
            .parent()
            .filter(|path| !path.as_os_str().is_empty())
        {
            key_file::create_directory(directory)?;
        }
        let expected = match &self.content {
            Some(content) => Expected::Content(content),
            None => Expected::Nothing,
        };
        files::write(ui, &self.path, &text, expected, Readers::Owner)
    }
}
