//! An encrypted document and its plaintext: encrypts a changed plaintext so that unchanged values
//! keep their ciphertext.

use std::time::SystemTime;

use sops_document::{Format, convert};

use crate::config::Stores;
use crate::encrypted_document::{EncryptedDocument, NextState};
use crate::error::{Error, Result};
use crate::keys::{DataKey, KeyService, MasterKey, wrap_data_key};
use crate::metadata::{FORMAT_VERSION, Metadata};
use crate::metadata_entry::{is_encrypted, parse_document};
use crate::pipeline::binary;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::decrypt_values::{Decrypted, MacCheck};
use crate::pipeline::encrypt_values::Encryptor;
use crate::pipeline::plaintext_writer::Purpose;
use crate::pipeline::plan::Plan;
use crate::rules::EncryptionRule;

impl<'a> EncryptedDocument<'a> {
    /// Decrypts the document, so that it can be changed and encrypted again.
    ///
    /// # Errors
    /// The errors of [`decrypt`](Self::decrypt).
    pub fn open(&self, key: DataKey, check: MacCheck) -> Result<OpenDocument<'_, 'a>> {
        let mut cache = CiphertextCache::default();
        let decrypted = self.decrypt_for(Purpose::File, &key, check, Some(&mut cache))?;
        Ok(OpenDocument {
            encrypted: self,
            key,
            decrypted,
            cache,
            other_format: None,
        })
    }
}

/// An encrypted document and its plaintext, which can be changed.
pub struct OpenDocument<'d, 'a> {
    encrypted: &'d EncryptedDocument<'a>,
    key: DataKey,
    decrypted: Decrypted,
    cache: CiphertextCache<'a>,
    /// The output format and its layout, if the format changes.
    other_format: Option<(Format, Stores)>,
}

impl<'a> OpenDocument<'_, 'a> {
    /// The plaintext; UTF-8 in all formats except binary.
    pub fn plaintext(&self) -> &[u8] {
        &self.decrypted.plaintext
    }

    /// How many comments could not be decrypted and are in the plaintext unchanged.
    pub fn unopened_comments(&self) -> usize {
        self.decrypted.unopened_comments
    }

    /// Also reuses ciphertexts of other versions of the file, which must have the same data key.
    #[cfg(feature = "merge")]
    pub(crate) fn with_ciphertexts(mut self, caches: Vec<CiphertextCache<'a>>) -> Self {
        for cache in caches {
            self.cache.absorb(cache);
        }
        self
    }

    /// Sets the output format, with the layout of the stores.
    #[must_use]
    pub fn in_format(mut self, format: Format, stores: Stores) -> Self {
        self.other_format = (format != self.encrypted.format()).then_some((format, stores));
        self
    }

    /// Encrypts the changed plaintext under the same data key. Values that did not change keep
    /// their ciphertext.
    ///
    /// # Errors
    /// The errors of [`parse_document`]; [`AlreadyEncrypted`](crate::Error::AlreadyEncrypted) if
    /// the plaintext has `sops` metadata; the errors of [`convert`] if the format changes.
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
        next_state(self.encrypted, self.other_format, plaintext, next, now)
    }

    /// Encrypts the plaintext under another rule, with the same data key and master keys. Values
    /// that both rules cover keep their ciphertext.
    ///
    /// # Errors
    /// [`NothingSelected`](crate::Error::NothingSelected); [`Regex`](crate::Error::Regex) if the
    /// rule's expression is invalid; [`Unsupported`](sops_document::Error::Unsupported) for text
    /// that Go's libraries would read differently if it stays in plaintext.
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
    /// The errors of [`wrap_data_key`] and of [`encrypt`](Self::encrypt).
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
        let plaintext = &self.decrypted.plaintext;
        next_state(self.encrypted, self.other_format, plaintext, next, now)
    }
}

/// Encrypts a plaintext as the document's next state, in the output format.
fn next_state(
    encrypted: &EncryptedDocument<'_>,
    other_format: Option<(Format, Stores)>,
    plaintext: &[u8],
    next: NextState<'_, '_>,
    now: SystemTime,
) -> Result<String> {
    let Some((format, stores)) = other_format else {
        return encrypted.encrypt(plaintext, next, now);
    };
    let document = parse_document(plaintext, encrypted.format())?;
    if is_encrypted(&document) {
        return Err(Error::AlreadyEncrypted);
    }
    let converted = convert(&document, format, &stores.indentation())?;
    let mut metadata = Metadata {
        last_modified: sops_keys::timestamp::format(now),
        version: FORMAT_VERSION.into(),
        source_forms: Vec::new(),
        ..next.metadata
    };
    if format == Format::Binary {
        let indent = stores.json_binary_indent;
        return binary::encrypt(&converted, &mut metadata, next.key, indent);
    }
    let mut document = parse_document(&*converted, format)?;
    let plan = Plan::of(&document, metadata.rule.as_ref())?;
    let encryptor = Encryptor {
        metadata: &mut metadata,
        key: next.key,
        cache: &mut CiphertextCache::default(),
        step: stores.indentation().yaml_step(),
        hashed: None,
    };
    let mut out = String::new();
    encryptor.encrypt(&mut document, plan, &mut out)?;
    Ok(out)
}
