//! What a program does with documents: encrypt one, open one, change one, and give it other keys. All in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::document::{Document, Edits, block};
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::keys::{
    DataKey, Environment, Identities, KeyGroup, KeyService, KeyServices, MasterKey,
    recover_data_key, wrap_data_key,
};
use crate::metadata::{FORMAT_VERSION, Metadata, timestamp};
pub use crate::pipeline::decrypt::{Decrypted, MacCheck};
use crate::pipeline::reuse::Reuse;
use crate::pipeline::{decrypt, encrypt};
use crate::rules::EncryptionRule;

/// How a document is to be encrypted.
#[derive(Clone)]
pub struct Encryption {
    /// The master keys, in groups: one group unless the data key is to be split with Shamir's scheme.
    pub key_groups: Vec<Vec<MasterKey>>,
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
    /// Encrypts the data key for the master keys.
    pub key_service: Arc<dyn KeyService>,
}

impl Encryption {
    /// For these master keys in one group, with the rule that SOPS takes when it is told none. The key service is one for age keys alone.
    pub fn to<K: Into<MasterKey>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self {
            key_groups: vec![keys.into_iter().map(Into::into).collect()],
            shamir_threshold: None,
            rule: EncryptionRule::default(),
            mac_only_encrypted: false,
            allow_plaintext: false,
            now: SystemTime::now(),
            key_service: Arc::new(Identities::new()),
        }
    }
}

/// Encrypts a document under a new data key.
///
/// # Errors
/// As [`Document::parse`]; [`Error::AlreadyEncrypted`], [`Error::NoRecipient`], [`Error::NothingSelected`].
pub fn encrypt(text: &str, format: Format, how: &Encryption) -> Result<String> {
    let mut document = Document::parse(text, format)?;
    if !document.blocks.is_empty() {
        return Err(Error::AlreadyEncrypted);
    }
    if how.key_groups.iter().all(Vec::is_empty) {
        return Err(Error::NoRecipient);
    }
    let key = DataKey::generate();
    let mut metadata = Metadata {
        key_groups: Vec::new(),
        shamir_threshold: None,
        last_modified: timestamp(how.now),
        mac: String::new(),
        rule: Some(how.rule.clone()),
        mac_only_encrypted: how.mac_only_encrypted,
        version: FORMAT_VERSION.into(),
        spellings: None,
    };
    let groups = wrap_data_key(
        &key,
        &how.key_groups,
        how.shamir_threshold,
        &*how.key_service,
        how.now,
    )?;
    metadata.set_key_groups(groups, how.shamir_threshold);
    if !how.allow_plaintext {
        encrypt::require_selection(&document, &how.rule)?;
    }
    encrypt::encrypt(&mut document, &mut metadata, &key, &mut Reuse::default())
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

    /// The data key, opened by a key service with one of the master keys or, where it is split, with several.
    ///
    /// # Errors
    /// [`Error::NoDataKey`], which names the master keys that would open it.
    pub fn data_key(&self, service: &dyn KeyService) -> Result<DataKey> {
        recover_data_key(
            &self.metadata.key_groups,
            self.metadata.shamir_threshold,
            service,
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
    /// With one group before and after, the keys that stay keep their ciphertext, and the service is not asked about them.
    ///
    /// # Errors
    /// As [`wrap_data_key`].
    pub fn with_key_groups(
        &self,
        key: &DataKey,
        groups: &[Vec<MasterKey>],
        threshold: Option<usize>,
        service: &dyn KeyService,
        now: SystemTime,
    ) -> Result<String> {
        let mut metadata = self.metadata.clone();
        let groups = match (&metadata.key_groups[..], groups) {
            ([old], [new]) if !new.is_empty() => vec![changed_group(old, new, key, service, now)?],
            _ => wrap_data_key(key, groups, threshold, service, now)?,
        };
        metadata.set_key_groups(groups, threshold);
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
        let mut document = Document::parse(text, self.encrypted.document.format)?;
        if !document.blocks.is_empty() {
            return Err(Error::AlreadyEncrypted);
        }
        let mut metadata = self.encrypted.metadata.clone();
        metadata.last_modified = timestamp(now);
        metadata.version = FORMAT_VERSION.into();
        encrypt::encrypt(&mut document, &mut metadata, &self.key, &mut self.reuse)
    }

    /// Encrypts the plaintext under a new data key, for these master keys.
    ///
    /// # Errors
    /// As [`wrap_data_key`].
    pub fn rotate(
        self,
        groups: &[Vec<MasterKey>],
        service: &dyn KeyService,
        now: SystemTime,
    ) -> Result<String> {
        let mut document = Document::parse(&self.decrypted.text, self.encrypted.document.format)?;
        let key = DataKey::generate();
        let mut metadata = self.encrypted.metadata.clone();
        let threshold = metadata.shamir_threshold;
        let groups = wrap_data_key(&key, groups, threshold, service, now)?;
        metadata.set_key_groups(groups, threshold);
        metadata.last_modified = timestamp(now);
        metadata.version = FORMAT_VERSION.into();
        encrypt::encrypt(&mut document, &mut metadata, &key, &mut Reuse::default())
    }
}

/// The one group of a document with other keys, of which those that stay are taken as they are.
fn changed_group(
    old: &KeyGroup,
    new: &[MasterKey],
    data_key: &DataKey,
    service: &dyn KeyService,
    now: SystemTime,
) -> Result<KeyGroup> {
    let mut group = KeyGroup::default();
    for key in new {
        match old.keys.iter().find(|old| old.master_key() == key) {
            Some(old) => group.keys.push(old.clone()),
            None => {
                let wrapped = wrap_data_key(data_key, &[vec![key.clone()]], None, service, now)?;
                group
                    .keys
                    .extend(wrapped.into_iter().flat_map(|group| group.keys));
            }
        }
    }
    Ok(group)
}

/// Decrypts a document with the usual MAC check.
///
/// # Errors
/// As [`EncryptedDocument::parse`], [`data_key`](EncryptedDocument::data_key) and [`decrypt`](EncryptedDocument::decrypt).
pub fn decrypt(text: &str, format: Format, service: &dyn KeyService) -> Result<Zeroizing<String>> {
    let document = EncryptedDocument::parse(text, format)?;
    let key = document.data_key(service)?;
    Ok(document.decrypt(&key, MacCheck::Require)?.text)
}

/// Decrypts a file with the keys of age and PGP that are looked for where `sops` looks for them.
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
    decrypt(text, format, &KeyServices::local(Environment::process()))
}
