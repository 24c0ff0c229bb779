//! Reads and writes SOPS files: YAML, JSON, dotenv, INI and binary files with encrypted values.
//!
//! Everything except the values stays as it is, and decryption restores the file byte for byte.
//! `sops` 3.13 reads the files that this library writes, and vice versa. The API has two levels: a
//! simple one for programs that read and change secrets, and a full one for tools.
//!
//! # The simple level
//!
//! ## A file
//!
//! [`SecretFile`] opens a file with the private keys that `sops` would use, or with keys that you
//! pass. Values are read into types with [`serde`](https://serde.rs), and saved values keep their
//! ciphertext unless they changed.
//!
//! ```
//! use sops_core::keys::{Identities, age::generate_x25519};
//! use sops_core::{Encryption, Format, SecretFile, encrypt};
//!
//! #[derive(serde::Deserialize)]
//! struct Settings {
//!     user: String,
//!     retries: u32,
//! }
//!
//! # let directory = tempfile::tempdir().expect("a temporary directory can be created");
//! # let path = directory.path().join("web.yaml");
//! let pair = generate_x25519();
//! let plaintext = "user: web # ask Ann\nretries: 3\n";
//! let encrypted = encrypt(plaintext, Format::Yaml, &Encryption::to([pair.recipient]))?;
//! std::fs::write(&path, encrypted).expect("the directory is writable");
//!
//! // `SecretFile::open(path)` takes the keys of the environment and the usual files.
//! let mut file = SecretFile::open_with(&path, &Identities::from(pair.identity))?;
//! let settings: Settings = file.read()?;
//! assert_eq!((settings.user.as_str(), settings.retries), ("web", 3));
//!
//! file.set(r#"["retries"]"#, 5)?;
//! file.save()?;
//! assert_eq!(*file.plaintext()?, b"user: web # ask Ann\nretries: 5\n");
//! assert_eq!(file.recipients()?.len(), 1);
//! # Ok::<(), sops_core::Error>(())
//! ```
//!
//! To decrypt a file as a whole, with the keys that `sops` would use:
//!
//! ```no_run
//! let secret = sops_core::decrypt_file("apps/web/secret.yaml")?;
//! # Ok::<(), sops_core::Error>(())
//! ```
//!
//! ## Text and bytes
//!
//! [`encrypt`] and [`decrypt`] work in memory. [`Encryption`] says who can decrypt the document and
//! which values are encrypted.
//!
//! ```
//! use sops_core::keys::{Identities, age::generate_x25519};
//! use sops_core::rules::EncryptionRule;
//! use sops_core::{Encryption, Format, decrypt, encrypt};
//!
//! let pair = generate_x25519();
//! let plaintext = "kind: Secret\nstringData:\n  password: \"correct horse\"  # ask Ann\n";
//! let encryption = Encryption::to([pair.recipient.clone()])
//!     .with_rule(EncryptionRule::EncryptedRegex("^(data|stringData)$".into()))
//!     .with_mac_only_encrypted(true);
//! let encrypted = encrypt(plaintext, Format::Yaml, &encryption)?;
//! assert!(encrypted.starts_with("kind: Secret\nstringData:\n  password: \"ENC[AES256_GCM,data:"));
//!
//! let identities = Identities::from(pair.identity);
//! assert_eq!(*decrypt(&encrypted, Format::Yaml, &identities)?, plaintext.as_bytes());
//!
//! // Bytes that are not text.
//! let encrypted = encrypt(b"PK\x03\x04\xff", Format::Binary, &Encryption::to([pair.recipient]))?;
//! assert!(encrypted.starts_with("{\n\t\"data\": \"ENC[AES256_GCM,data:"));
//! assert_eq!(*decrypt(&encrypted, Format::Binary, &identities)?, b"PK\x03\x04\xff");
//! # Ok::<(), sops_core::Error>(())
//! ```
//!
//! ## Errors
//!
//! [`Error::kind`] distinguishes a missing key, a file that was tampered with, a file that is not
//! encrypted, and a file that is invalid in its format. Errors can be compared, and never contain a
//! value or a key.
//!
//! # The full level
//!
//! Everything works in memory, except functions that access a file, the environment or a terminal,
//! as their names say: [`SecretFile::open`], [`decrypt_file`], [`config::find`],
//! [`Config::read`](config::Config::read), [`keys::Environment::process`].
//!
//! | task | see |
//! |---|---|
//! | an encrypted document, its metadata and its data key | [`EncryptedDocument`], [`metadata`] |
//! | changes that keep the ciphertext of unchanged values, rotation | [`OpenDocument`] |
//! | the format of an encrypted file, by its name or its content | [`format_of_encrypted`] |
//! | changes by hand, found without a key | [`EncryptedDocument::altered_since`] |
//! | the values that a rule selects, and those still in plaintext | [`rules`], [`unencrypted_values`] |
//! | `.sops.yaml` | [`config`] |
//! | data keys, master keys, private keys, key services of your own | [`keys`] |
//! | documents: parse, edit and convert them, with or without encryption | [`document`] |
//! | encrypted objects that another program has parsed | [`EncryptedTree`] |
//! | the changes between two versions, by key path | [`compare`] |
//! | a document as environment variables | [`variables()`] |
//! | large documents | [`encrypt_to`] |
//! | the merge of three versions of a file | [`merge`] |
//!
//! This changes an encrypted document, then its recipients, then its data key:
//!
//! ```
//! use std::time::SystemTime;
//!
//! use sops_core::keys::{Identities, age::generate_x25519};
//! use sops_core::{EncryptedDocument, Encryption, Format, MacCheck, encrypt, parse_document};
//!
//! let pair = generate_x25519();
//! let identities = Identities::from(pair.identity);
//! let encryption = Encryption::to([pair.recipient.clone()]);
//! let encrypted = encrypt("a: 1\nb: 2\n", Format::Yaml, &encryption)?;
//!
//! let document = EncryptedDocument::parse(&encrypted, Format::Yaml)?;
//! let key = document.data_key(&identities)?;
//! let open = document.open(key, MacCheck::Require)?;
//! let plaintext = parse_document(open.plaintext(), Format::Yaml)?;
//! let changed = plaintext.set(&"[\"b\"]".parse()?, &"two".into())?.expect("the value changes");
//! assert_eq!(*changed, b"a: 1\nb: two\n");
//! let encrypted = open.encrypt(&changed, SystemTime::now())?;
//!
//! // Another recipient for the same data key: no value changes.
//! let other = generate_x25519();
//! let document = EncryptedDocument::parse(&encrypted, Format::Yaml)?;
//! let key = document.data_key(&identities)?;
//! let group = vec![pair.recipient.into(), other.recipient.into()];
//! let shared = document.with_key_groups(&key, &[group], None, &identities, SystemTime::now())?;
//!
//! // A new data key: every value gets another ciphertext.
//! let document = EncryptedDocument::parse(&shared, Format::Yaml)?;
//! let groups = document.metadata().master_keys();
//! let open = document.open(document.data_key(&identities)?, MacCheck::Require)?;
//! let rotated = open.rotate(&groups, &identities, SystemTime::now())?;
//! # assert_ne!(rotated, shared);
//! # Ok::<(), sops_core::Error>(())
//! ```

mod additional_data;
mod cipher;
mod cipher_base64;
pub mod compare;
pub mod config;
mod content_format;
mod encrypt;
mod encrypted_document;
mod encrypted_tree;
mod error;
mod io_error;
mod line_breaks;
mod mac;
#[cfg(feature = "merge")]
pub mod merge;
pub mod metadata;
mod metadata_entry;
mod open_document;
mod pipeline;
pub mod rules;
mod sealed_values;
mod secret_file;
mod secret_values;
mod variables;
mod wiped_bytes;

pub use cipher::{CIPHERTEXT_PREFIX, ciphertext, is_ciphertext, plaintext_shape};
pub use content_format::{encrypted_format, format_of_encrypted};
pub use encrypt::{Encryption, encrypt, encrypt_to};
pub use encrypted_document::{EncryptedDocument, decrypt, decrypt_file};
pub use encrypted_tree::{EncryptedTree, path_of_ciphertext};
pub use error::{Error, ErrorKind, Result};
pub use io_error::IoError;
pub use metadata_entry::{UnknownValue, is_encrypted, parse_document};
pub use open_document::OpenDocument;
pub use pipeline::decrypt_values::{Decrypted, MacCheck};
pub use pipeline::lost_metadata::refuse_ciphertext;
pub use pipeline::unencrypted::{Unencrypted, unencrypted_values};
pub use sealed_values::Alteration;
pub use secret_file::SecretFile;
pub use secret_values::{SecretValue, secret_values_of_plaintext};
pub use sops_document as document;
pub use sops_document::{
    Component, Document, Format, KeyPath, Location, Type, Value, convert, extract, from_document,
    from_documents, tree,
};
pub use sops_keys as keys;
pub use sops_keys::reading;
pub use variables::{Variable, variables};
/// The crate that holds plaintext in memory. The types of keys are in [`keys`].
pub use zeroize;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of the page about the library.
#[cfg(doctest)]
#[doc = include_str!("../../docs/library.md")]
struct Page;
