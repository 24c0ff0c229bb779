//! What a program does with documents: encrypt one, open one, change one, and give it other keys. All in memory.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::config::Stores;
use crate::error::{Error, Result};
use crate::keys::{
    DataKey, Environment, Identities, KeyGroup, KeyService, KeyServices, MasterKey,
    recover_data_key, wrap_data_key,
};
use crate::metadata::{FORMAT_VERSION, Metadata, leave_out_spellings, problem_at};
use crate::metadata_entry::{self, UnknownValue, parse_document};
use crate::pipeline::ciphertext::refuse_ciphertext;
use crate::pipeline::decrypt::Purpose;
pub use crate::pipeline::decrypt::{Decrypted, MacCheck};
use crate::pipeline::reuse::Reuse;
use crate::pipeline::selection::Selected;
use crate::pipeline::sink::{Sink, Written};
use crate::pipeline::unencrypted::is_encrypted_by;
pub use crate::pipeline::unencrypted::{Unencrypted, unencrypted_values};
use crate::pipeline::{binary, decrypt, encrypt};
use crate::rules::EncryptionRule;
use sops_document::Component;
use sops_document::Format;
use sops_document::tree::Node;
use sops_document::{Document, Splices};
use sops_keys::timestamp;

/// How a document is to be encrypted.
#[derive(Clone)]
pub struct Encryption {
    /// The master keys, in groups: one group unless the data key is to be split with Shamir's scheme.
    pub key_groups: Vec<Vec<MasterKey>>,
    /// How many groups are needed to open the document; `None` means all of them.
    pub shamir_threshold: Option<usize>,
    /// Which values are encrypted; none but the binary format's, which are all.
    pub rule: EncryptionRule,
    /// Whether the MAC is over the encrypted values only, so that the others can be changed by hand.
    pub mac_only_encrypted: bool,
    /// How the JSON around a binary file is laid out.
    pub stores: Stores,
    /// Whether a document of which the rule selects nothing is an error or, as with `sops`, left in plaintext.
    pub allow_plaintext: bool,
    /// Whether a document that has encrypted values and no `sops` block is an error or, as with `sops`, encrypted once more.
    pub allow_ciphertext: bool,
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
            stores: Stores::default(),
            allow_plaintext: false,
            allow_ciphertext: false,
            now: SystemTime::now(),
            key_service: Arc::new(Identities::new()),
        }
    }
}

/// Encrypts a document under a new data key.
///
/// # Errors
/// As [`Document::parse`]; [`Error::AlreadyEncrypted`], [`Error::Ciphertext`], [`NoRecipient`](sops_keys::Error::NoRecipient), [`Error::NothingSelected`].
pub fn encrypt(
    plaintext: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
    how: &Encryption,
) -> Result<String> {
    let plaintext = plaintext.as_ref();
    if format == Format::Binary {
        if !how.allow_ciphertext {
            refuse_ciphertext(&parse_document(plaintext, format)?, None)?;
        }
        let (mut metadata, key) = new_metadata(format, how)?;
        let indent = how.stores.json_binary_indent;
        return binary::encrypt(plaintext, &mut metadata, &key, indent);
    }
    let mut out = String::new();
    encrypt_values(plaintext, format, how, &mut out)?;
    Ok(out)
}

/// Encrypts a document under a new data key and writes it out while it does so. That spares a large document the memory for the
/// whole, seven times its plaintext where that has many short values.
///
/// # Errors
/// Those of [`encrypt`], before anything is written; [`Error::Output`].
///
/// ```
/// # use sops_core::keys::age::generate_x25519;
/// # use sops_core::{Encryption, Format, encrypt_to};
/// let how = Encryption::to([generate_x25519().recipient]);
/// let mut file = Vec::new();
/// encrypt_to("password: x\n", Format::Yaml, &how, &mut file)?;
/// assert!(file.starts_with(b"password: ENC["));
/// # Ok::<(), sops_core::Error>(())
/// ```
pub fn encrypt_to(
    plaintext: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
    how: &Encryption,
    out: &mut dyn io::Write,
) -> Result<()> {
    let mut out = Written(out);
    // A binary file is one value, and whether a rule that looks at comments selects the same when they are encrypted shows at the end.
    if format == Format::Binary || how.rule.looks_at_comments() {
        return out.push(&encrypt(plaintext, format, how)?);
    }
    encrypt_values(plaintext.as_ref(), format, how, &mut out)
}

/// Encrypts a document of any format but the binary one.
fn encrypt_values(
    plaintext: &[u8],
    format: Format,
    how: &Encryption,
    out: &mut dyn Sink,
) -> Result<()> {
    let mut document = parse_document(plaintext, format)?;
    if !document.reserved_entries().is_empty() {
        return Err(Error::AlreadyEncrypted);
    }
    if !how.allow_ciphertext {
        refuse_ciphertext(&document, Some(&how.rule))?;
    }
    let (mut metadata, key) = new_metadata(format, how)?;
    let selection = Selected::of(&document, Some(&how.rule))?;
    if !how.allow_plaintext {
        encrypt::require_selection(&document, &selection, &how.rule)?;
    }
    let step = how.stores.indentation().yaml_step();
    let mut reuse = Reuse::default();
    encrypt::encrypt(
        &mut document,
        selection,
        &mut metadata,
        &key,
        &mut reuse,
        step,
        out,
    )
}

/// A new data key, and metadata that has it for all master keys, but no MAC yet.
fn new_metadata(format: Format, how: &Encryption) -> Result<(Metadata, DataKey)> {
    if how.key_groups.iter().all(Vec::is_empty) {
        return Err(sops_keys::Error::NoRecipient.into());
    }
    let key = DataKey::generate();
    let is_binary = format == Format::Binary;
    let mut metadata = Metadata {
        key_groups: Vec::new(),
        shamir_threshold: None,
        last_modified: timestamp::format(how.now),
        mac: String::new(),
        rule: (!is_binary).then(|| how.rule.clone()),
        mac_only_encrypted: how.mac_only_encrypted && !is_binary,
        version: FORMAT_VERSION.into(),
        spellings: None,
        unknown_keys: Vec::new(),
    };
    let groups = wrap_data_key(
        &key,
        &how.key_groups,
        how.shamir_threshold,
        &*how.key_service,
        how.now,
    )?;
    metadata.set_key_groups(groups, how.shamir_threshold);
    Ok((metadata, key))
}

/// An encrypted document, parsed but not opened.
pub struct EncryptedDocument<'a> {
    document: Document<'a>,
    metadata: Metadata,
    format: Format,
}

impl<'a> EncryptedDocument<'a> {
    /// Parses the document and its `sops` block.
    ///
    /// # Errors
    /// As [`Document::parse`]; [`Error::NotEncrypted`] and [`Error::Metadata`].
    pub fn parse(text: &'a (impl AsRef<[u8]> + ?Sized), format: Format) -> Result<Self> {
        // What is no object at all is no malformed one either.
        if format == Format::Binary && !text.as_ref().trim_ascii_start().starts_with(b"{") {
            return Err(Error::NotEncrypted);
        }
        let document = parse_document(text, encrypted_format(format))?;
        let tree = metadata_entry::read(&document)?.ok_or(Error::NotEncrypted)?;
        let metadata = Metadata::from_tree(&tree)
            .map_err(|error| metadata_entry::located(error, &document))?;
        Ok(Self {
            document,
            metadata,
            format,
        })
    }

    /// What the `sops` block says.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The values and comments that the file's own rule covers and that stand there in plaintext, in the order of the text. No key is
    /// needed.
    ///
    /// # Errors
    /// [`Error::Regex`], where the rule's expression is not valid.
    pub fn unencrypted(&self) -> Result<Vec<Unencrypted>> {
        unencrypted_values(&self.document, self.metadata.rule.as_ref())
    }

    /// Whether at least one value is encrypted, and the file's own rule covers every one that is. A rule that was put into the
    /// file later may not.
    ///
    /// # Errors
    /// [`Error::Regex`], where the rule's expression is not valid.
    pub fn follows_its_rule(&self) -> Result<bool> {
        is_encrypted_by(&self.document, self.metadata.rule.as_ref())
    }

    /// The values in the metadata under keys that its format does not have, which are in plaintext.
    pub fn unknown_values(&self) -> Vec<UnknownValue> {
        metadata_entry::unknown_values(&self.document, &self.metadata)
    }

    /// Whether everything that `rule` selects is encrypted, and at least one value that it does not select.
    ///
    /// # Errors
    /// [`Error::Regex`], if the rule's expression is not valid.
    pub fn encrypts_more_than(&self, rule: &EncryptionRule) -> Result<bool> {
        let open = unencrypted_values(&self.document, Some(rule))?;
        let is_all_encrypted = open.iter().all(|one| one.is_comment);
        Ok(is_all_encrypted && !is_encrypted_by(&self.document, Some(rule))?)
    }

    /// Refuses a plaintext that has values of which the file's rule selects none: all of it would be written as it is.
    ///
    /// # Errors
    /// As [`Document::parse`]; [`Error::NothingSelected`].
    pub fn require_selection(&self, plaintext: &[u8]) -> Result<()> {
        let Some(rule) = &self.metadata.rule else {
            return Ok(());
        };
        let document = parse_document(plaintext, self.format)?;
        let selection = Selected::of(&document, Some(rule))?;
        encrypt::require_selection(&document, &selection, rule)
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
        .map_err(|error| metadata_entry::located(error.into(), &self.document))
    }

    /// Decrypts the document.
    ///
    /// # Errors
    /// [`Error::Value`] names a value that was altered; [`Error::MacMismatch`], [`Error::MacMissing`] and
    /// [`Error::MacUnreadable`] where `check` asks for the MAC.
    pub fn decrypt(&self, key: &DataKey, check: MacCheck) -> Result<Decrypted> {
        self.decrypt_for(Purpose::File, key, check, None)
    }

    /// Decrypts the document to have its values read from the plaintext, as for another format. All keep their types: a float that SOPS
    /// writes as an integer is written as a float, `1.0` for `1`.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt).
    pub fn decrypt_for_values(&self, key: &DataKey, check: MacCheck) -> Result<Decrypted> {
        self.decrypt_for(Purpose::Values, key, check, None)
    }

    fn decrypt_for(
        &self,
        purpose: Purpose,
        key: &DataKey,
        check: MacCheck,
        reuse: Option<&mut Reuse<'a>>,
    ) -> Result<Decrypted> {
        let decrypted = match self.format {
            Format::Binary => {
                binary::decrypt(&self.document, &self.metadata, key, check).map(|plaintext| {
                    Decrypted {
                        plaintext,
                        unopened_comments: 0,
                    }
                })
            }
            _ => decrypt::decrypt(&self.document, &self.metadata, key, check, purpose, reuse),
        };
        decrypted.map_err(|error| metadata_entry::located(self.about_rule(error), &self.document))
    }

    /// An expression that is not valid is a fault of the block that it stands in.
    fn about_rule(&self, error: Error) -> Error {
        match (error, &self.metadata.rule) {
            (error @ Error::Regex { .. }, Some(rule)) => problem_at(
                &[Component::Key(rule.name().into())],
                format!("cannot be used: {error}"),
            ),
            (error, _) => error,
        }
    }

    /// The documents as trees, without their metadata and still encrypted, in the order of the file.
    pub fn trees(&self) -> impl Iterator<Item = Node> {
        self.document.trees()
    }

    /// Decrypts the document to encrypt it again once it has been changed.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt).
    pub fn open(&self, key: DataKey, check: MacCheck) -> Result<OpenDocument<'_, 'a>> {
        let mut reuse = Reuse::default();
        let decrypted = self.decrypt_for(Purpose::File, &key, check, Some(&mut reuse))?;
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

    /// Encrypts a plaintext as this document's next state, which may be the `same` under the same key.
    fn encrypt(
        &self,
        plaintext: &[u8],
        same: bool,
        mut metadata: Metadata,
        now: SystemTime,
        key: &DataKey,
        reuse: &mut Reuse<'_>,
    ) -> Result<String> {
        metadata.last_modified = timestamp::format(now);
        metadata.version = FORMAT_VERSION.into();
        if self.format == Format::Binary {
            return binary::replace(&self.document, plaintext, same, &mut metadata, key);
        }
        let mut document = parse_document(plaintext, self.format)?;
        if !document.reserved_entries().is_empty() {
            return Err(Error::AlreadyEncrypted);
        }
        let step = self.document.reserved_step();
        let selection = Selected::of(&document, metadata.rule.as_ref())?;
        let mut out = String::new();
        encrypt::encrypt(
            &mut document,
            selection,
            &mut metadata,
            key,
            reuse,
            step,
            &mut out,
        )?;
        Ok(out)
    }

    /// The document with another `sops` block in place of its own.
    pub fn with_metadata(&self, metadata: &Metadata) -> String {
        let mut tree = metadata.to_tree();
        let mut edits = Splices::new(self.document.text(), self.document.text().len() + 1024);
        for site in self.document.reserved_entries() {
            let value = metadata_entry::value(&self.document, &tree);
            self.document.replace_reserved(site, &value, &mut edits);
            leave_out_spellings(&mut tree);
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
    /// The plaintext; UTF-8 in all formats but the binary one.
    pub fn plaintext(&self) -> &[u8] {
        &self.decrypted.plaintext
    }

    /// How many comments could not be opened and stand in the plaintext as they were.
    pub fn unopened_comments(&self) -> usize {
        self.decrypted.unopened_comments
    }

    /// Encrypts the changed plaintext under the same data key. Values that are still there keep their ciphertext.
    ///
    /// # Errors
    /// As [`Document::parse`]; [`Error::AlreadyEncrypted`] if the plaintext has a `sops` block.
    pub fn encrypt(
        self,
        plaintext: &(impl AsRef<[u8]> + ?Sized),
        now: SystemTime,
    ) -> Result<String> {
        let metadata = self.encrypted.metadata.clone();
        let mut reuse = self.reuse;
        let plaintext = plaintext.as_ref();
        let same = *plaintext == **self.decrypted.plaintext;
        self.encrypted
            .encrypt(plaintext, same, metadata, now, &self.key, &mut reuse)
    }

    /// Encrypts the plaintext under another rule, with the same data key and master keys. Values that both rules cover keep their
    /// ciphertext.
    ///
    /// # Errors
    /// [`Error::NothingSelected`]; [`Error::Unencryptable`] for a value that the other rule covers and that cannot be encrypted.
    pub fn with_rule(
        mut self,
        rule: EncryptionRule,
        mac_only_encrypted: bool,
        now: SystemTime,
    ) -> Result<String> {
        let plaintext = &self.decrypted.plaintext;
        let document = parse_document(&**plaintext, self.encrypted.format)?;
        let selection = Selected::of(&document, Some(&rule))?;
        encrypt::require_selection(&document, &selection, &rule)?;
        let metadata = Metadata {
            rule: Some(rule),
            mac_only_encrypted,
            ..self.encrypted.metadata.clone()
        };
        self.encrypted
            .encrypt(plaintext, false, metadata, now, &self.key, &mut self.reuse)
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
        let key = DataKey::generate();
        let mut metadata = self.encrypted.metadata.clone();
        let threshold = metadata.shamir_threshold;
        let groups = wrap_data_key(&key, groups, threshold, service, now)?;
        metadata.set_key_groups(groups, threshold);
        let plaintext = &self.decrypted.plaintext;
        let mut reuse = Reuse::default();
        self.encrypted
            .encrypt(plaintext, false, metadata, now, &key, &mut reuse)
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

/// Decrypts a document with the usual MAC check. The plaintext is UTF-8 in all formats but the binary one.
///
/// # Errors
/// As [`EncryptedDocument::parse`], [`data_key`](EncryptedDocument::data_key) and [`decrypt`](EncryptedDocument::decrypt).
pub fn decrypt(
    text: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
    service: &dyn KeyService,
) -> Result<Zeroizing<Vec<u8>>> {
    let document = EncryptedDocument::parse(text, format)?;
    let key = document.data_key(service)?;
    Ok(document.decrypt(&key, MacCheck::Require)?.plaintext)
}

/// Decrypts a file, whose name tells its format, with the keys of age and PGP that are looked for where `sops` looks for them.
///
/// # Errors
/// [`Error::Io`]; as [`decrypt`].
pub fn decrypt_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(std::fs::read(path).map_err(|source| Error::Io {
        file: path.to_owned(),
        source,
    })?);
    let services = KeyServices::local(Environment::process());
    decrypt(&*bytes, Format::from_path(path), &services)
}

/// The format that an encrypted file has in fact.
fn encrypted_format(format: Format) -> Format {
    match format {
        Format::Binary => Format::Json,
        format => format,
    }
}
