//! Encrypted secrets in YAML, JSON, dotenv, INI and binary files, in the format of SOPS, without changing anything but the values.
//!
//! Whatever is encrypted here comes back byte for byte, `sops` 3.13 reads it, and what `sops` wrote is read here. All of it works in
//! memory: no function touches a file, the environment or a terminal unless its name says so ([`decrypt_file`],
//! [`config::find`], [`keys::Environment::process`]).
//!
//! # In memory
//!
//! ```
//! use sops_core::keys::{Identities, age::generate_x25519};
//! use sops_core::rules::EncryptionRule;
//! use sops_core::{Encryption, Format, decrypt, encrypt};
//!
//! let pair = generate_x25519();
//! let plaintext = "kind: Secret\nstringData:\n  password: \"correct horse\"  # ask Ann\n";
//! let how = Encryption {
//!     rule: EncryptionRule::EncryptedRegex("^(data|stringData)$".into()),
//!     mac_only_encrypted: true,
//!     ..Encryption::to([pair.recipient.clone()])
//! };
//! let encrypted = encrypt(plaintext, Format::Yaml, &how)?;
//! assert!(encrypted.starts_with("kind: Secret\nstringData:\n  password: \"ENC[AES256_GCM,data:"));
//!
//! let identities = Identities::from(pair.identity);
//! assert_eq!(*decrypt(&encrypted, Format::Yaml, &identities)?, plaintext.as_bytes());
//! # Ok::<(), sops_core::Error>(())
//! ```
//!
//! # Bytes that are no text
//!
//! ```
//! # use sops_core::keys::{Identities, age::generate_x25519};
//! # use sops_core::{Encryption, Format, decrypt, encrypt};
//! # let pair = generate_x25519();
//! # let identities = Identities::from(pair.identity);
//! let how = Encryption::to([pair.recipient.clone()]);
//! let encrypted = encrypt(b"PK\x03\x04\xff", Format::Binary, &how)?;
//! assert!(encrypted.starts_with("{\n\t\"data\": \"ENC[AES256_GCM,data:"));
//! assert_eq!(*decrypt(&encrypted, Format::Binary, &identities)?, b"PK\x03\x04\xff");
//!
//! let encrypted = encrypt("# staging\nAPI_KEY=k3y\n", Format::Dotenv, &how)?;
//! assert_eq!(*decrypt(&encrypted, Format::Dotenv, &identities)?, b"# staging\nAPI_KEY=k3y\n");
//! # Ok::<(), sops_core::Error>(())
//! ```
//!
//! # A file, with the keys that `sops` would use
//!
//! ```no_run
//! let secret = sops_core::decrypt_file("apps/web/secret.yaml".as_ref())?;
//! # Ok::<(), sops_core::Error>(())
//! ```
//!
//! # Into a type
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Settings {
//!     user: String,
//!     retries: u32,
//! }
//! let decrypted = "user: web\nretries: 3\n";
//! let settings: Settings = sops_core::from_document(decrypted, sops_core::Format::Yaml)?;
//! assert_eq!((settings.user.as_str(), settings.retries), ("web", 3));
//! # Ok::<(), sops_core::Error>(())
//! ```
//!
//! # Changing an encrypted document
//!
//! Values that did not change keep their ciphertext, so the diff shows what did.
//!
//! ```
//! # use sops_core::keys::{Identities, age::generate_x25519};
//! # use sops_core::{Encryption, EncryptedDocument, Format, MacCheck, encrypt, parse_document};
//! # use std::time::SystemTime;
//! # let pair = generate_x25519();
//! # let identities = Identities::from(pair.identity);
//! # let encrypted = encrypt("a: 1\nb: 2\n", Format::Yaml, &Encryption::to([pair.recipient.clone()]))?;
//! let document = EncryptedDocument::parse(&encrypted, Format::Yaml)?;
//! let key = document.data_key(&identities)?;
//! let open = document.open(key, MacCheck::Require)?;
//! let plaintext = parse_document(open.plaintext(), Format::Yaml)?;
//! let changed = plaintext.set(&"[\"b\"]".parse()?, &"two".into())?.expect("the value is another");
//! assert_eq!(*changed, b"a: 1\nb: two\n");
//! let encrypted = open.encrypt(&changed, SystemTime::now())?;
//!
//! // Another recipient, the same data key: not one value changes.
//! let other = generate_x25519();
//! let document = EncryptedDocument::parse(&encrypted, Format::Yaml)?;
//! let key = document.data_key(&identities)?;
//! let group = vec![pair.recipient.into(), other.recipient.into()];
//! let shared = document.with_key_groups(&key, &[group], None, &identities, SystemTime::now())?;
//!
//! // A new data key.
//! let document = EncryptedDocument::parse(&shared, Format::Yaml)?;
//! let groups = document.metadata().master_keys();
//! let open = document.open(document.data_key(&identities)?, MacCheck::Require)?;
//! let rotated = open.rotate(&groups, &identities, SystemTime::now())?;
//! # Ok::<(), sops_core::Error>(())
//! ```

mod additional_data;
mod cipher;
pub mod config;
mod encrypt;
mod encrypted_document;
mod encrypted_tree;
mod error;
mod mac;
pub mod metadata;
mod metadata_entry;
mod open_document;
mod pipeline;
pub mod rules;
mod secret_file;
mod serde_message;
mod variables;

pub use cipher::{CIPHERTEXT_PREFIX, ciphertext, is_ciphertext};
pub use encrypt::{Encryption, encrypt, encrypt_to};
pub use encrypted_document::{EncryptedDocument, decrypt, decrypt_file};
pub use encrypted_tree::{EncryptedTree, path_of_ciphertext};
pub use error::{Error, Result};
pub use metadata_entry::{UnknownValue, is_encrypted, parse_document};
pub use open_document::OpenDocument;
pub use pipeline::decrypt_values::{Decrypted, MacCheck};
pub use pipeline::lost_metadata::refuse_ciphertext;
pub use pipeline::unencrypted::{Unencrypted, unencrypted_values};
pub use secret_file::SecretFile;
pub use sops_document as document;
pub use sops_document::{
    Component, Document, Format, KeyPath, Location, Type, Value, convert, extract, from_document,
    from_documents, tree,
};
pub use sops_keys as keys;
pub use sops_keys::reading;
pub use variables::{Variable, variables};

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
