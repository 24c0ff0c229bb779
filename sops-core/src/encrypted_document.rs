//! An encrypted document in memory: reads its metadata, recovers its data key, decrypts it, and
//! changes its keys.

use std::path::Path;
use std::time::SystemTime;

use sops_document::tree::Node;
use sops_document::{Component, Document, Format, Splices};
use zeroize::Zeroizing;

use crate::content_format::format_of_encrypted;
use crate::error::{Error, Result};
use crate::keys::{
    DataKey, Environment, KeyGroup, KeyService, KeyServices, MasterKey, recover_data_key,
    wrap_data_key,
};
use crate::line_breaks;
use crate::metadata::{FORMAT_VERSION, Metadata, problem_at};
use crate::metadata_entry::{self, UnknownValue, is_encrypted, parse_document};
use crate::pipeline::binary;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::decrypt_values::{DecryptOptions, Decrypted, MacCheck, decrypt_values};
use crate::pipeline::encrypt_values::Encryptor;
use crate::pipeline::plaintext_writer::Purpose;
use crate::pipeline::plan::Plan;
use crate::pipeline::unencrypted::{Unencrypted, is_encrypted_by, unencrypted_values};
use crate::rules::EncryptionRule;

/// The keys and metadata to encrypt a changed document with.
pub(crate) struct NextState<'n, 'a> {
    pub(crate) metadata: Metadata,
    pub(crate) key: &'n DataKey,
    pub(crate) cache: &'n mut CiphertextCache<'a>,
    /// Whether the plaintext and the key are unchanged.
    pub(crate) is_same_plaintext: bool,
}

/// An encrypted document that was parsed but not decrypted.
pub struct EncryptedDocument<'a> {
    document: Document<'a>,
    metadata: Metadata,
    format: Format,
}

impl<'a> EncryptedDocument<'a> {
    /// Parses the document and its `sops` metadata.
    ///
    /// # Errors
    /// The errors of [`Document::parse`]; [`Error::NotEncrypted`] and [`Error::Metadata`].
    pub fn parse(text: &'a (impl AsRef<[u8]> + ?Sized), format: Format) -> Result<Self> {
        // Text that does not begin like an object is not encrypted, rather than malformed. A byte
        // order mark is skipped only here, because the parser reports it.
        let start = text.as_ref();
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        if format == Format::Binary && !start.trim_ascii_start().starts_with(b"{") {
            return Err(Error::NotEncrypted);
        }
        let document = parse_document(text, encrypted_format(format))?;
        let tree = metadata_entry::read(&document)?.ok_or(Error::NotEncrypted)?;
        let mut metadata = Metadata::from_tree(&tree)
            .map_err(|error| metadata_entry::located(error, &document))?;
        let in_comments = metadata_entry::source_forms(&document);
        metadata.source_forms.extend(in_comments);
        Ok(Self {
            document,
            metadata,
            format,
        })
    }

    /// The format that the document was parsed as.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The `sops` metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The values and comments that the file's own rule covers but that are in plaintext, in
    /// document order. No key is needed.
    ///
    /// # Errors
    /// [`Error::Regex`] if the rule's expression is invalid.
    pub fn unencrypted(&self) -> Result<Vec<Unencrypted>> {
        unencrypted_values(&self.document, self.metadata.rule.as_ref())
    }

    /// Whether at least one value is encrypted, and the file's own rule covers every encrypted
    /// value. A rule that was added to the file later may not.
    ///
    /// # Errors
    /// [`Error::Regex`] if the rule's expression is invalid.
    pub fn follows_its_rule(&self) -> Result<bool> {
        is_encrypted_by(&self.document, self.metadata.rule.as_ref())
    }

    /// The values in the metadata under unknown keys, which are in plaintext.
    pub fn unknown_values(&self) -> Vec<UnknownValue> {
        metadata_entry::unknown_values(&self.document, &self.metadata)
    }

    /// The byte offsets where the metadata of later documents differs from that of the first. SOPS
    /// ignores later metadata.
    pub fn differing_metadata(&self) -> Vec<usize> {
        metadata_entry::differing(&self.document)
    }

    /// Whether everything that `rule` selects is encrypted, and so is at least one value that it
    /// does not select.
    ///
    /// # Errors
    /// [`Error::Regex`] if the rule's expression is invalid.
    pub fn encrypts_more_than(&self, rule: &EncryptionRule) -> Result<bool> {
        let open = unencrypted_values(&self.document, Some(rule))?;
        let is_all_encrypted = open.iter().all(|value| value.is_comment);
        Ok(is_all_encrypted && !is_encrypted_by(&self.document, Some(rule))?)
    }

    /// Whether a rule would leave a value in plaintext that is encrypted. `None` for a rule that
    /// depends on comments, which may be encrypted too.
    ///
    /// # Errors
    /// [`Error::Regex`] if the rule's expression is invalid.
    pub fn would_be_opened_by(&self, rule: &EncryptionRule) -> Result<Option<bool>> {
        match rule {
            EncryptionRule::EncryptedCommentRegex(_)
            | EncryptionRule::UnencryptedCommentRegex(_) => Ok(None),
            _ => is_encrypted_by(&self.document, Some(rule)).map(|covers| Some(!covers)),
        }
    }

    /// Rejects a plaintext with values if the file's rule selects none of them, because all of it
    /// would be written in plaintext.
    ///
    /// # Errors
    /// The errors of [`Document::parse`]; [`Error::Regex`] if the rule's expression is invalid;
    /// [`Error::NothingSelected`].
    pub fn require_selection(&self, plaintext: &[u8]) -> Result<()> {
        let Some(rule) = &self.metadata.rule else {
            return Ok(());
        };
        let document = parse_document(plaintext, self.format)?;
        Plan::of(&document, Some(rule))?.require_selection(&document, rule)
    }

    /// The data key, recovered by a key service with one master key or, if the data key is split,
    /// with several.
    ///
    /// # Errors
    /// [`Error::NoDataKey`], which names the master keys that could decrypt it.
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
    /// [`Error::Value`] names a value that was altered. [`Error::Metadata`] if the rule's
    /// expression is invalid. [`Error::MacMismatch`], [`Error::MacMissing`] and
    /// [`Error::MacUnreadable`] if `check` requires the MAC.
    pub fn decrypt(&self, key: &DataKey, check: MacCheck) -> Result<Decrypted> {
        self.decrypt_for(Purpose::File, key, check, None)
    }

    /// Decrypts the document for a reader of its values, such as a conversion to another format.
    /// All values keep their types: a float that SOPS writes as an integer is written as a float,
    /// `1.0` for `1`.
    ///
    /// # Errors
    /// The errors of [`decrypt`](Self::decrypt).
    pub fn decrypt_for_values(&self, key: &DataKey, check: MacCheck) -> Result<Decrypted> {
        self.decrypt_for(Purpose::Values, key, check, None)
    }

    pub(crate) fn decrypt_for(
        &self,
        purpose: Purpose,
        key: &DataKey,
        check: MacCheck,
        cache: Option<&mut CiphertextCache<'a>>,
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
            _ => {
                let options = DecryptOptions { check, purpose };
                decrypt_values(&self.document, &self.metadata, key, options, cache)
            }
        };
        let mut decrypted = decrypted
            .map_err(|error| metadata_entry::located(self.about_rule(error), &self.document))?;
        if self.document.is_converted_to_crlf() {
            decrypted.plaintext = line_breaks::without_returns(&decrypted.plaintext);
        }
        if self.format == Format::Json && self.metadata.is_before_final_newlines() {
            line_breaks::end_line(&mut decrypted.plaintext);
        }
        Ok(decrypted)
    }

    /// An invalid expression is an error of the metadata that contains it.
    fn about_rule(&self, error: Error) -> Error {
        match (error, &self.metadata.rule) {
            (error @ Error::Regex { .. }, Some(rule)) => problem_at(
                &[Component::Key(rule.name().into())],
                format!("cannot be used: {error}"),
            ),
            (error, _) => error,
        }
    }

    /// The documents as trees, without their metadata and still encrypted, in document order.
    pub fn trees(&self) -> impl Iterator<Item = Node> {
        self.document.trees()
    }

    /// The document with other master keys for the same data key. No value changes.
    ///
    /// If there is one group before and after, the keys that stay keep their ciphertext, and the
    /// service is not asked for them.
    ///
    /// # Errors
    /// The errors of [`wrap_data_key`].
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

    /// Encrypts a plaintext as this document's next state.
    pub(crate) fn encrypt(
        &self,
        plaintext: &[u8],
        mut next: NextState<'_, '_>,
        now: SystemTime,
    ) -> Result<String> {
        let metadata = &mut next.metadata;
        metadata.last_modified = sops_keys::timestamp::format(now);
        metadata.version = FORMAT_VERSION.into();
        if self.format == Format::Binary {
            let same = next.is_same_plaintext;
            return binary::replace(&self.document, plaintext, same, metadata, next.key);
        }
        let mut document = parse_document(plaintext, self.format)?;
        if is_encrypted(&document) {
            return Err(Error::AlreadyEncrypted);
        }
        let plan = Plan::of(&document, metadata.rule.as_ref())?;
        let encryptor = Encryptor {
            metadata,
            key: next.key,
            cache: next.cache,
            step: self.document.reserved_step(),
            hashed: None,
        };
        let mut out = String::new();
        encryptor.encrypt(&mut document, plan, &mut out)?;
        Ok(match self.document.is_converted_to_crlf() {
            true => out.replace('\n', "\r\n"),
            false => out,
        })
    }

    /// The encrypted text and its structure.
    pub(crate) fn document(&self) -> &Document<'a> {
        &self.document
    }

    /// The text that was parsed.
    #[cfg(feature = "merge")]
    pub(crate) fn text(&self) -> &'a str {
        self.document.text()
    }

    /// The indentation of the metadata per level, in YAML block style.
    #[cfg(feature = "merge")]
    pub(crate) fn metadata_step(&self) -> usize {
        self.document.reserved_step()
    }

    /// The text without its `sops` metadata, still encrypted.
    #[cfg(feature = "merge")]
    pub(crate) fn without_metadata(&self) -> String {
        let text = self.document.text();
        let mut edits = Splices::new(text, text.len());
        for (range, replacement) in self.document.remove_reserved(false, &[]) {
            edits.replace(range).push_str(&replacement);
        }
        edits.finish()
    }

    /// The document with its `sops` metadata replaced.
    pub fn with_metadata(&self, metadata: &Metadata) -> String {
        let tree = metadata.to_tree();
        let mut source_forms = &metadata.source_forms[..];
        let mut edits = Splices::new(self.document.text(), self.document.text().len() + 1024);
        for site in self.document.reserved_entries() {
            let value = metadata_entry::value(&self.document, &tree, source_forms);
            self.document.replace_reserved(site, &value, &mut edits);
            source_forms = &[];
        }
        let text = edits.finish();
        match self.document.is_converted_to_crlf() {
            true => line_breaks::with_returns(&text),
            false => text,
        }
    }
}

/// The single group of a document with other keys. Keys that stay keep their entries unchanged.
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

/// Decrypts a document with the usual MAC check. The plaintext is UTF-8 in all formats except
/// binary.
///
/// # Errors
/// The errors of [`EncryptedDocument::parse`], [`data_key`](EncryptedDocument::data_key) and
/// [`decrypt`](EncryptedDocument::decrypt).
pub fn decrypt(
    text: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
    service: &dyn KeyService,
) -> Result<Zeroizing<Vec<u8>>> {
    let document = EncryptedDocument::parse(text, format)?;
    let key = document.data_key(service)?;
    Ok(document.decrypt(&key, MacCheck::Require)?.plaintext)
}

/// Decrypts a file with the age and PGP keys that `sops` would use. Its name or content determines
/// its format.
///
/// # Errors
/// [`Error::Io`]; the errors of [`decrypt`].
pub fn decrypt_file(path: impl AsRef<Path>) -> Result<Zeroizing<Vec<u8>>> {
    let path = path.as_ref();
    let bytes = Zeroizing::new(std::fs::read(path).map_err(|source| Error::Io {
        file: path.to_owned(),
        source: source.into(),
    })?);
    let services = KeyServices::local(Environment::process());
    decrypt(&*bytes, format_of_encrypted(path, &bytes), &services)
}

/// The actual format of an encrypted file.
fn encrypted_format(format: Format) -> Format {
    match format {
        Format::Binary => Format::Json,
        format => format,
    }
}
