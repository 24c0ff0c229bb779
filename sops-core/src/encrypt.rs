//! Encrypts a plaintext under a new data key.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use sops_document::{Document, Format};

use crate::config::Stores;
use crate::error::{Error, Result};
use crate::keys::{DataKey, Identities, KeyService, MasterKey, wrap_data_key};
use crate::metadata::{FORMAT_VERSION, Metadata};
use crate::metadata_entry::{is_encrypted, parse_document, parse_document_while};
use crate::pipeline::binary;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::encrypt_values::Encryptor;
use crate::pipeline::encrypted_text::{EncryptedText, TextSettings};
use crate::pipeline::lost_metadata::refuse_ciphertext;
use crate::pipeline::mac_pass::HashedValues;
use crate::pipeline::plan::Plan;
use crate::pipeline::sink::{Sink, Written};
use crate::rules::EncryptionRule;

/// How to encrypt a document.
///
/// ```
/// use sops_core::Encryption;
/// use sops_core::keys::age::generate_x25519;
/// use sops_core::rules::EncryptionRule;
///
/// let encryption = Encryption::to([generate_x25519().recipient])
///     .with_rule(EncryptionRule::EncryptedRegex("^(data|stringData)$".into()))
///     .with_mac_only_encrypted(true);
/// # assert!(encryption.mac_only_encrypted);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Encryption {
    /// The master keys, in groups: one group unless the data key is split with Shamir's scheme.
    pub key_groups: Vec<Vec<MasterKey>>,
    /// How many groups are needed to decrypt the document; `None` means all of them.
    pub shamir_threshold: Option<usize>,
    /// Which values are encrypted. The binary format ignores it and encrypts everything.
    pub rule: EncryptionRule,
    /// Whether the MAC covers only the encrypted values, so that the others can be edited by hand.
    pub mac_only_encrypted: bool,
    /// The layout of the JSON around a binary file.
    pub stores: Stores,
    /// Whether a document without any value that the rule selects is left in plaintext, as with
    /// `sops`, instead of being an error.
    pub allow_plaintext: bool,
    /// Whether a document with encrypted values but without `sops` metadata is encrypted again, as
    /// with `sops`, instead of being an error.
    pub allow_ciphertext: bool,
    /// The time in `lastmodified`.
    pub now: SystemTime,
    /// Encrypts the data key for the master keys.
    pub key_service: Arc<dyn KeyService>,
}

impl Encryption {
    /// Encrypts for these master keys in one group, with the rule that SOPS uses by default. The
    /// default key service supports only age keys.
    #[must_use]
    pub fn to<K: Into<MasterKey>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self::to_key_groups(vec![keys.into_iter().map(Into::into).collect()], None)
    }

    /// Like [`to`](Self::to), for several key groups. Decryption needs `shamir_threshold` of them;
    /// `None` means all.
    #[must_use]
    pub fn to_key_groups(key_groups: Vec<Vec<MasterKey>>, shamir_threshold: Option<usize>) -> Self {
        Self {
            key_groups,
            shamir_threshold,
            rule: EncryptionRule::default(),
            mac_only_encrypted: false,
            stores: Stores::default(),
            allow_plaintext: false,
            allow_ciphertext: false,
            now: SystemTime::now(),
            key_service: Arc::new(Identities::new()),
        }
    }

    /// Encrypts the values that the rule selects.
    #[must_use]
    pub fn with_rule(mut self, rule: EncryptionRule) -> Self {
        self.rule = rule;
        self
    }

    /// Computes the MAC over the encrypted values only, or over all values.
    #[must_use]
    pub fn with_mac_only_encrypted(mut self, mac_only_encrypted: bool) -> Self {
        self.mac_only_encrypted = mac_only_encrypted;
        self
    }

    /// Sets the layout of the JSON around a binary file, from a configuration.
    #[must_use]
    pub fn with_stores(mut self, stores: Stores) -> Self {
        self.stores = stores;
        self
    }

    /// Leaves a document in plaintext if the rule selects none of its values, instead of rejecting
    /// it.
    #[must_use]
    pub fn allowing_plaintext(mut self, is_allowed: bool) -> Self {
        self.allow_plaintext = is_allowed;
        self
    }

    /// Encrypts encrypted values again, instead of rejecting a document that has some but no
    /// metadata.
    #[must_use]
    pub fn allowing_ciphertext(mut self, is_allowed: bool) -> Self {
        self.allow_ciphertext = is_allowed;
        self
    }

    /// Encrypts the data key with this key service.
    #[must_use]
    pub fn with_key_service(mut self, key_service: Arc<dyn KeyService>) -> Self {
        self.key_service = key_service;
        self
    }
}

/// Encrypts a document under a new data key.
///
/// # Errors
/// The errors of [`parse_document`] and [`wrap_data_key`]; [`Error::AlreadyEncrypted`],
/// [`Error::Ciphertext`], [`Error::Regex`], [`Error::NothingSelected`], and
/// [`NoRecipient`](sops_keys::Error::NoRecipient) without master keys.
pub fn encrypt(
    plaintext: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
    encryption: &Encryption,
) -> Result<String> {
    let plaintext = plaintext.as_ref();
    if format == Format::Binary {
        if !encryption.allow_ciphertext {
            refuse_ciphertext(&parse_document(plaintext, format)?, None)?;
        }
        let key = DataKey::generate();
        let mut metadata = new_metadata(format, encryption, &key)?;
        let indent = encryption.stores.json_binary_indent;
        return binary::encrypt(plaintext, &mut metadata, &key, indent);
    }
    let mut out = String::new();
    encrypt_values(plaintext, format, encryption, &mut out)?;
    Ok(out)
}

/// Encrypts a document under a new data key, and writes it to `out` in pieces. For a large document
/// with many short values, this saves about seven times the size of its plaintext in memory.
///
/// # Errors
/// The errors of [`encrypt`], before anything is written; [`Error::Output`].
///
/// ```
/// # use sops_core::keys::age::generate_x25519;
/// # use sops_core::{Encryption, Format, encrypt_to};
/// let encryption = Encryption::to([generate_x25519().recipient]);
/// let mut file = Vec::new();
/// encrypt_to("password: x\n", Format::Yaml, &encryption, &mut file)?;
/// assert!(file.starts_with(b"password: ENC["));
/// # Ok::<(), sops_core::Error>(())
/// ```
pub fn encrypt_to(
    plaintext: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
    encryption: &Encryption,
    out: &mut dyn io::Write,
) -> Result<()> {
    let mut out = Written(out);
    // A binary file is one value. For a rule on comments, only the end of the encryption shows
    // whether it selects the same values once they are encrypted.
    if format == Format::Binary || encryption.rule.looks_at_comments() {
        return out.push(&encrypt(plaintext, format, encryption)?);
    }
    encrypt_values(plaintext.as_ref(), format, encryption, &mut out)
}

/// Encrypts a document of any format except binary.
fn encrypt_values(
    plaintext: &[u8],
    format: Format,
    encryption: &Encryption,
    out: &mut dyn Sink,
) -> Result<()> {
    let key = DataKey::generate();
    let settings = TextSettings {
        rule: &encryption.rule,
        key: &key,
        mac_only_encrypted: encryption.mac_only_encrypted,
        allow_plaintext: encryption.allow_plaintext,
        allow_ciphertext: encryption.allow_ciphertext,
    };
    if let Some(encrypted) = EncryptedText::of(plaintext, format, settings) {
        let mut metadata = new_metadata(format, encryption, &key)?;
        let step = encryption.stores.indentation().yaml_step();
        return encrypted.write(&mut metadata, &key, step, out);
    }
    let hash = |document: &Document<'_>| {
        HashedValues::of(document, &encryption.rule, encryption.mac_only_encrypted)
    };
    let (mut document, hashed) = match HashedValues::come_first(plaintext, &encryption.rule) {
        true => parse_document_while(plaintext, format, hash)?,
        false => (parse_document(plaintext, format)?, None),
    };
    if is_encrypted(&document) {
        return Err(Error::AlreadyEncrypted);
    }
    let plan = Plan::of(&document, Some(&encryption.rule))?;
    if !encryption.allow_ciphertext {
        plan.refuse_ciphertext(&document)?;
    }
    let mut metadata = new_metadata(format, encryption, &key)?;
    if !encryption.allow_plaintext {
        plan.require_selection(&document, &encryption.rule)?;
    }
    let encryptor = Encryptor {
        metadata: &mut metadata,
        key: &key,
        cache: &mut CiphertextCache::default(),
        step: encryption.stores.indentation().yaml_step(),
        hashed: hashed.flatten(),
    };
    encryptor.encrypt(&mut document, plan, out)
}

/// Metadata that holds the data key encrypted for all master keys, but no MAC yet.
fn new_metadata(format: Format, encryption: &Encryption, key: &DataKey) -> Result<Metadata> {
    if encryption.key_groups.iter().all(Vec::is_empty) {
        return Err(sops_keys::Error::NoRecipient.into());
    }
    let is_binary = format == Format::Binary;
    let mut metadata = Metadata {
        key_groups: Vec::new(),
        shamir_threshold: None,
        last_modified: sops_keys::timestamp::format(encryption.now),
        mac: String::new(),
        rule: (!is_binary).then(|| encryption.rule.clone()),
        mac_only_encrypted: encryption.mac_only_encrypted && !is_binary,
        version: FORMAT_VERSION.into(),
        source_forms: Vec::new(),
        unknown_keys: Vec::new(),
    };
    let groups = wrap_data_key(
        key,
        &encryption.key_groups,
        encryption.shamir_threshold,
        &*encryption.key_service,
        encryption.now,
    )?;
    metadata.set_key_groups(groups, encryption.shamir_threshold);
    Ok(metadata)
}
