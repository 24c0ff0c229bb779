//! What a program does with documents: encrypt one, open one, change one, and give it other keys. All in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::document::{Document, Edits, block};
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::keys::{
    DataKey, Environment, Identities, MasterKey, NoPrompt, Prompt, Recipient, recover_data_key,
    wrap_data_key,
};
use crate::metadata::{FORMAT_VERSION, Metadata};
pub use crate::pipeline::decrypt::{Decrypted, MacCheck};
use crate::pipeline::reuse::Reuse;
use crate::pipeline::{decrypt, encrypt};
use crate::rules::EncryptionRule;

/// How a document is to be encrypted.
#[derive(Clone)]
pub struct Encryption {
    /// The recipients, in groups: one group unless the data key is to be split with Shamir's scheme.
    pub recipients: Vec<Vec<Recipient>>,
    /// How many groups are needed to open the document; `None` means all of them.
    pub shamir_threshold: Option<usize>,
    /// Which values are encrypted.
    pub rule: EncryptionRule,
    /// Whether the MAC is over the encrypted values only, so that the others can be changed by hand.
    pub mac_only_encrypted: bool,
    /// Whether a document of which the rule selects nothing is an error or, as with `sops`, left in plaintext.
    pub allow_plaintext: bool,
    /// The time that `lastmodified` tells.
    pub now: SystemTime,
    /// Asked where a recipient's plugin needs a person.
    pub prompt: Arc<dyn Prompt>,
}

impl Encryption {
    /// For these recipients in one group, with the rule that SOPS takes when it is told none.
    pub fn to(recipients: impl IntoIterator<Item = Recipient>) -> Self {
        Self {
            recipients: vec![recipients.into_iter().collect()],
            shamir_threshold: None,
            rule: EncryptionRule::default(),
            mac_only_encrypted: false,
            allow_plaintext: false,
            now: SystemTime::now(),
            prompt: Arc::new(NoPrompt),
        }
    }
}

/// Encrypts a document under a new data key.
///
/// # Errors
/// As [`Document::parse`]; [`Error::AlreadyEncrypted`], [`Error::NoRecipient`], [`Error::NothingSelected`].
pub fn encrypt(text: &str, format: Format, how: &Encryption) -> Result<String> {
    let document = Document::parse(text, format)?;
    if !document.blocks.is_empty() {
        return Err(Error::AlreadyEncrypted);
    }
    if how.recipients.iter().all(Vec::is_empty) {
        return Err(Error::NoRecipient);
    }
    let key = DataKey::generate();
    let mut metadata = Metadata {
        key_groups: wrap_data_key(&key, &how.recipients, how.shamir_threshold, &how.prompt)?,
        shamir_threshold: how.shamir_threshold,
        last_modified: timestamp(how.now),
        mac: String::new(),
        rule: Some(how.rule.clone()),
        mac_only_encrypted: how.mac_only_encrypted,
        version: FORMAT_VERSION.into(),
        spellings: None,
    };
    if !how.allow_plaintext {
        encrypt::require_selection(&document, &how.rule)?;
    }
    encrypt::encrypt(&document, &mut metadata, &key, &mut Reuse::default())
}

/// An encrypted document, parsed but not opened.
pub struct EncryptedDocument<'a> {
    document: Document<'a>,
    metadata: Metadata,
}

impl<'a> EncryptedDocument<'a> {
    /// Parses the document and its `sops` block.
    ///
    /// # Errors
    /// As [`Document::parse`]; [`Error::NotEncrypted`] and [`Error::Metadata`].
    pub fn parse(text: &'a str, format: Format) -> Result<Self> {
        let document = Document::parse(text, format)?;
        let tree = block::read(&document)?.ok_or(Error::NotEncrypted)?;
        let metadata = Metadata::from_tree(&tree).map_err(|error| match error {
            Error::Metadata { message, .. } => Error::Metadata {
                location: block::location(&document),
                message,
            },
            other => other,
        })?;
        Ok(Self { document, metadata })
    }

    /// What the `sops` block says.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The data key, opened with one of the identities or, where it is split, with several.
    ///
    /// # Errors
    /// [`Error::NoDataKey`], which names the recipients that would open it.
    pub fn data_key(&self, identities: &Identities) -> Result<DataKey> {
        recover_data_key(
            &self.metadata.key_groups,
            self.metadata.shamir_threshold,
            identities,
        )
    }

    /// Decrypts the document.
    ///
    /// # Errors
    /// [`Error::Value`] names a value that was altered; [`Error::MacMismatch`], [`Error::MacMissing`] and
    /// [`Error::MacUnreadable`] where `check` asks for the MAC.
    pub fn decrypt(&self, key: &DataKey, check: MacCheck) -> Result<Decrypted> {
        decrypt::decrypt(&self.document, &self.metadata, key, check, None)
    }

    /// Decrypts the document to encrypt it again once it has been changed.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt).
    pub fn open(&self, key: DataKey, check: MacCheck) -> Result<OpenDocument<'_, 'a>> {
        let mut reuse = Reuse::default();
        let decrypted = decrypt::decrypt(
            &self.document,
            &self.metadata,
            &key,
            check,
            Some(&mut reuse),
        )?;
        Ok(OpenDocument {
            encrypted: self,
            key,
            decrypted,
            reuse,
        })
    }

    /// The document with other master keys for the same data key; not one value changes.
    ///
    /// # Errors
    /// [`Error::Recipient`] where a key cannot be wrapped.
    pub fn with_key_groups(
        &self,
        key: &DataKey,
        groups: &[Vec<Recipient>],
        threshold: Option<usize>,
        prompt: &Arc<dyn Prompt>,
    ) -> Result<String> {
        let mut metadata = self.metadata.clone();
        metadata.key_groups = wrap_data_key(key, groups, threshold, prompt)?;
        metadata.shamir_threshold = threshold;
        Ok(self.with_metadata(&metadata))
    }

    /// The document with another `sops` block in place of its own.
    pub fn with_metadata(&self, metadata: &Metadata) -> String {
        let tree = metadata.to_tree();
        let mut edits = Edits::new(self.document.text, self.document.text.len() + 1024);
        for site in &self.document.blocks {
            block::replace(&self.document, site, &tree, &mut edits);
        }
        edits.finish()
    }
}

/// An encrypted document whose plaintext is at hand, to be changed.
pub struct OpenDocument<'d, 'a> {
    encrypted: &'d EncryptedDocument<'a>,
    key: DataKey,
    decrypted: Decrypted,
    reuse: Reuse<'a>,
}

impl OpenDocument<'_, '_> {
    /// The plaintext.
    pub fn text(&self) -> &str {
        &self.decrypted.text
    }

    /// How many comments could not be opened and stand in the plaintext as they were.
    pub fn unopened_comments(&self) -> usize {
        self.decrypted.unopened_comments
    }

    /// Encrypts `text`, the changed plaintext, under the same data key. Values that are still there keep their ciphertext.
    ///
    /// # Errors
    /// As [`Document::parse`]; [`Error::AlreadyEncrypted`] if the text has a `sops` block.
    pub fn encrypt(mut self, text: &str, now: SystemTime) -> Result<String> {
        let document = Document::parse(text, self.encrypted.document.format)?;
        if !document.blocks.is_empty() {
            return Err(Error::AlreadyEncrypted);
        }
        let mut metadata = self.encrypted.metadata.clone();
        metadata.last_modified = timestamp(now);
        metadata.version = FORMAT_VERSION.into();
        encrypt::encrypt(&document, &mut metadata, &self.key, &mut self.reuse)
    }

    /// Encrypts the plaintext under a new data key, for these recipients.
    ///
    /// # Errors
    /// [`Error::Recipient`] where a key cannot be wrapped.
    pub fn rotate(
        self,
        groups: &[Vec<Recipient>],
        now: SystemTime,
        prompt: &Arc<dyn Prompt>,
    ) -> Result<String> {
        let document = Document::parse(&self.decrypted.text, self.encrypted.document.format)?;
        let key = DataKey::generate();
        let mut metadata = self.encrypted.metadata.clone();
        metadata.key_groups = wrap_data_key(&key, groups, metadata.shamir_threshold, prompt)?;
        metadata.last_modified = timestamp(now);
        metadata.version = FORMAT_VERSION.into();
        encrypt::encrypt(&document, &mut metadata, &key, &mut Reuse::default())
    }
}

/// The age recipients of a file's key groups, as rotating its data key needs them.
///
/// # Errors
/// [`Error::Recipient`] for a key of another family, which this library cannot wrap a new data key for.
pub fn recipients(metadata: &Metadata) -> Result<Vec<Vec<Recipient>>> {
    let recipient = |key: &MasterKey| match key {
        MasterKey::Age { recipient, .. } => recipient.parse(),
        MasterKey::Foreign { .. } => Err(Error::Recipient {
            recipient: key.id(),
            message: format!(
                "a new data key cannot be encrypted for {} keys",
                key.family()
            ),
        }),
    };
    metadata
        .key_groups
        .iter()
        .map(|group| group.keys.iter().map(recipient).collect())
        .collect()
}

/// Decrypts a document with the usual MAC check.
///
/// # Errors
/// As [`EncryptedDocument::parse`], [`data_key`](EncryptedDocument::data_key) and [`decrypt`](EncryptedDocument::decrypt).
pub fn decrypt(text: &str, format: Format, identities: &Identities) -> Result<Zeroizing<String>> {
    let document = EncryptedDocument::parse(text, format)?;
    let key = document.data_key(identities)?;
    Ok(document.decrypt(&key, MacCheck::Require)?.text)
}

/// Decrypts a file with the identities that are looked for where `sops` looks for them.
///
/// # Errors
/// [`Error::Io`]; [`Error::Unsupported`] for a name that is neither YAML's nor JSON's, and text that is no UTF-8; as
/// [`decrypt`].
pub fn decrypt_file(path: &Path) -> Result<Zeroizing<String>> {
    let bytes = Zeroizing::new(std::fs::read(path).map_err(|source| Error::Io {
        file: path.to_owned(),
        source,
    })?);
    let refused = |message: &str| Error::Unsupported {
        location: Location::of("", 0),
        message: format!("{}: {message}", path.display()),
    };
    let text = str::from_utf8(&bytes).map_err(|_| refused("not UTF-8 text"))?;
    let format = Format::from_path(path)
        .ok_or_else(|| refused("the name ends neither in .yaml, .yml nor .json"))?;
    decrypt(
        text,
        format,
        &Identities::from_environment(Environment::process()),
    )
}

/// RFC 3339 in UTC with seconds.
fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
