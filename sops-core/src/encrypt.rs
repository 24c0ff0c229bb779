//! Encrypts a plaintext under a new data key.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use sops_document::Format;

use crate::config::Stores;
use crate::error::{Error, Result};
use crate::keys::{DataKey, Identities, KeyService, MasterKey, wrap_data_key};
use crate::metadata::{FORMAT_VERSION, Metadata};
use crate::metadata_entry::{is_encrypted, parse_document};
use crate::pipeline::binary;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::encrypt_values::Encryptor;
use crate::pipeline::lost_metadata::refuse_ciphertext;
use crate::pipeline::plan::Plan;
use crate::pipeline::sink::{Sink, Written};
use crate::rules::EncryptionRule;

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
/// As [`parse_document`]; [`Error::AlreadyEncrypted`], [`Error::Ciphertext`], [`NoRecipient`](sops_keys::Error::NoRecipient), [`Error::NothingSelected`].
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
    if is_encrypted(&document) {
        return Err(Error::AlreadyEncrypted);
    }
    let plan = Plan::of(&document, Some(&how.rule))?;
    if !how.allow_ciphertext {
        plan.refuse_ciphertext(&document)?;
    }
    let (mut metadata, key) = new_metadata(format, how)?;
    if !how.allow_plaintext {
        plan.require_selection(&document, &how.rule)?;
    }
    let encryptor = Encryptor {
        metadata: &mut metadata,
        key: &key,
        cache: &mut CiphertextCache::default(),
        step: how.stores.indentation().yaml_step(),
    };
    encryptor.encrypt(&mut document, plan, out)
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
        last_modified: sops_keys::timestamp::format(how.now),
        mac: String::new(),
        rule: (!is_binary).then(|| how.rule.clone()),
        mac_only_encrypted: how.mac_only_encrypted && !is_binary,
        version: FORMAT_VERSION.into(),
        source_forms: None,
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
