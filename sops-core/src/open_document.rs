//! An encrypted document and its plaintext: encrypts a changed plaintext so that unchanged values
//! keep their ciphertext.

use std::time::SystemTime;

use crate::encrypted_document::{EncryptedDocument, NextState};
use crate::error::Result;
use crate::keys::{DataKey, KeyService, MasterKey, wrap_data_key};
use crate::metadata::Metadata;
use crate::metadata_entry::parse_document;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::decrypt_values::{Decrypted, MacCheck};
use crate::pipeline::plaintext_writer::Purpose;
use crate::pipeline::plan::Plan;
use crate::rules::EncryptionRule;

impl<'a> EncryptedDocument<'a> {
    /// Decrypts the document to encrypt it again once it has been changed.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt).
    pub fn open(&self, key: DataKey, check: MacCheck) -> Result<OpenDocument<'_, 'a>> {
        let mut cache = CiphertextCache::default();
        let decrypted = self.decrypt_for(Purpose::File, &key, check, Some(&mut cache))?;
        Ok(OpenDocument {
            encrypted: self,
            key,
            decrypted,
            cache,
        })
    }
}

/// An encrypted document and its plaintext, which can be changed.
pub struct OpenDocument<'d, 'a> {
    encrypted: &'d EncryptedDocument<'a>,
    key: DataKey,
    decrypted: Decrypted,
    cache: CiphertextCache<'a>,
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
    /// As [`parse_document`]; [`AlreadyEncrypted`](crate::Error::AlreadyEncrypted) if the plaintext has a `sops` block.
    pub fn encrypt(
        self,
        plaintext: &(impl AsRef<[u8]> + ?Sized),
        now: SystemTime,
    ) -> Result<String> {
        let plaintext = plaintext.as_ref();
        let mut cache = self.cache;
        let next = NextState {
            metadata: self.encrypted.metadata().clone(),
            key: &self.key,
            cache: &mut cache,
            is_same_plaintext: *plaintext == **self.decrypted.plaintext,
        };
        self.encrypted.encrypt(plaintext, next, now)
    }

    /// Encrypts the plaintext under another rule, with the same data key and master keys. Values that both rules cover keep their
    /// ciphertext.
    ///
    /// # Errors
    /// [`NothingSelected`](crate::Error::NothingSelected); [`Unrepresentable`](sops_document::Error::Unrepresentable) for a value that the other rule covers and that cannot be encrypted.
    pub fn with_rule(
        mut self,
        rule: EncryptionRule,
        mac_only_encrypted: bool,
        now: SystemTime,
    ) -> Result<String> {
        let plaintext = &self.decrypted.plaintext;
        let document = parse_document(&**plaintext, self.encrypted.format())?;
        Plan::of(&document, Some(&rule))?.require_selection(&document, &rule)?;
        let metadata = Metadata {
            rule: Some(rule),
            mac_only_encrypted,
            ..self.encrypted.metadata().clone()
        };
        let next = NextState {
            metadata,
            key: &self.key,
            cache: &mut self.cache,
            is_same_plaintext: false,
        };
        self.encrypted.encrypt(plaintext, next, now)
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
        let mut metadata = self.encrypted.metadata().clone();
        let threshold = metadata.shamir_threshold;
        let groups = wrap_data_key(&key, groups, threshold, service, now)?;
        metadata.set_key_groups(groups, threshold);
        let next = NextState {
            metadata,
            key: &key,
            cache: &mut CiphertextCache::default(),
            is_same_plaintext: false,
        };
        self.encrypted.encrypt(&self.decrypted.plaintext, next, now)
    }
}
