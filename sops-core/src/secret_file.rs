//! The simple level of the library: an encrypted file, its values and its recipients.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fmt, fs};

use serde::de::DeserializeOwned;
use sops_document::tree::Node;
use sops_document::{Format, KeyPath, from_document};
use zeroize::Zeroizing;

use crate::content_format::format_of_encrypted;
use crate::encrypted_document::EncryptedDocument;
use crate::error::{Error, Result};
use crate::keys::{DataKey, Environment, KeyService, KeyServices, MasterKey};
use crate::metadata_entry::parse_document;
use crate::pipeline::decrypt_values::MacCheck;

/// An open encrypted file, whose values can be read, changed and saved.
///
/// When the file is saved, unchanged values keep their ciphertext, and everything else stays byte
/// for byte.
///
/// ```no_run
/// use sops_core::SecretFile;
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     user: String,
///     password: String,
/// }
///
/// let mut file = SecretFile::open("config/web.yaml")?;
/// let settings: Settings = file.read()?;
/// let port: u16 = file.get(r#"["database"]["port"]"#)?;
/// file.set(r#"["database"]["port"]"#, 5433)?;
/// file.remove(r#"["database"]["socket"]"#)?;
/// file.save()?;
/// # Ok::<(), sops_core::Error>(())
/// ```
pub struct SecretFile {
    path: PathBuf,
    format: Format,
    /// The content of the file when it was opened or last saved.
    saved: Vec<u8>,
    /// The encrypted document with the unsaved changes.
    encrypted: Vec<u8>,
    key: DataKey,
}

/// Shows the path and the format.
impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile")
            .field("path", &self.path)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl SecretFile {
    /// Opens a file with the age and PGP keys that `sops` would use, from the environment and the
    /// default files. The format follows from the file name or the content.
    ///
    /// # Errors
    /// [`Error::Io`] and the errors of [`decrypt`](crate::decrypt): among others,
    /// [`Error::NotEncrypted`], [`Error::NoDataKey`] if none of the keys decrypts the file, and
    /// [`Error::MacMismatch`] and [`Error::Value`] if it was tampered with.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &KeyServices::local(Environment::process()))
    }

    /// Like [`open`](Self::open), with the given keys.
    ///
    /// # Errors
    /// The errors of [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, keys: &dyn KeyService) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let saved = fs::read(&path).map_err(|source| io_error(&path, source))?;
        let format = format_of_encrypted(&path, &saved);
        let document = EncryptedDocument::parse(&saved, format)?;
        let key = document.data_key(keys)?;
        document.decrypt(&key, MacCheck::Require)?;
        let encrypted = saved.clone();
        Ok(Self {
            path,
            format,
            saved,
            encrypted,
            key,
        })
    }

    /// The decrypted text, or the bytes of a binary file.
    ///
    /// # Errors
    /// The errors of [`EncryptedDocument::decrypt`].
    pub fn plaintext(&self) -> Result<Zeroizing<Vec<u8>>> {
        let document = EncryptedDocument::parse(&self.encrypted, self.format)?;
        Ok(document.decrypt(&self.key, MacCheck::Require)?.plaintext)
    }

    /// Deserializes the first document, with the types that its values had when they were
    /// encrypted: the float `1.0` stays a float, although `sops` writes it as `1`.
    ///
    /// # Errors
    /// [`sops_document::Error::Value`] if a value does not match the type. The error does not
    /// contain the value.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(from_document(&*self.values()?, self.format)?)
    }

    /// Deserializes one value. The path has the form that `sops --extract` uses, such as
    /// `["database"]["port"]`.
    ///
    /// # Errors
    /// [`sops_document::Error::NotFound`] if the value does not exist, and those of
    /// [`read`](Self::read).
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let path: KeyPath = path.parse()?;
        let values = self.values()?;
        Ok(parse_document(&*values, self.format)?.read_at(&path)?)
    }

    /// Sets a value. Missing levels of the path are added, and an index past the end of a list
    /// appends an item.
    ///
    /// # Errors
    /// [`sops_document::Error::Path`] if the path does not match the document.
    pub fn set(&mut self, path: &str, value: impl Into<Node>) -> Result<()> {
        let (path, value) = (path.parse::<KeyPath>()?, value.into());
        self.change(|plaintext, format| Ok(parse_document(plaintext, format)?.set(&path, &value)?))
    }

    /// Removes a value.
    ///
    /// # Errors
    /// [`sops_document::Error::NotFound`] if the value does not exist.
    pub fn remove(&mut self, path: &str) -> Result<()> {
        let path: KeyPath = path.parse()?;
        self.change(|plaintext, format| Ok(Some(parse_document(plaintext, format)?.unset(&path)?)))
    }

    /// Generates a new data key for the same master keys. All values get new ciphertexts.
    ///
    /// # Errors
    /// [`NoKeyService`](sops_keys::Error::NoKeyService) if `keys` can't encrypt for one of the
    /// master keys, and the errors of [`OpenDocument::rotate`](crate::OpenDocument::rotate).
    pub fn rotate(&mut self, keys: &dyn KeyService) -> Result<()> {
        let document = EncryptedDocument::parse(&self.encrypted, self.format)?;
        let master_keys = document.metadata().master_keys();
        let open = document.open(self.key.clone(), MacCheck::Require)?;
        let rotated = open.rotate(&master_keys, keys, SystemTime::now())?;
        let document = EncryptedDocument::parse(&rotated, self.format)?;
        self.key = document.data_key(keys)?;
        self.encrypted = rotated.into_bytes();
        Ok(())
    }

    /// The master keys of all key groups, whose owners can decrypt the file.
    ///
    /// # Errors
    /// The errors of [`EncryptedDocument::parse`].
    pub fn recipients(&self) -> Result<Vec<MasterKey>> {
        let document = EncryptedDocument::parse(&self.encrypted, self.format)?;
        Ok(document.metadata().master_keys().concat())
    }

    /// Saves the changes. The file is replaced atomically, so other programs never read an
    /// incomplete file.
    ///
    /// # Errors
    /// [`Error::Changed`] if another program changed the file since it was opened; the file is then
    /// left as it is. [`Error::Io`].
    pub fn save(&mut self) -> Result<()> {
        let failed = |source| io_error(&self.path, source);
        if fs::read(&self.path).map_err(failed)? != self.saved {
            return Err(Error::Changed {
                file: self.path.clone(),
            });
        }
        replace(&self.path, &self.encrypted).map_err(failed)?;
        self.saved.clone_from(&self.encrypted);
        Ok(())
    }

    /// The values as text that preserves their types when it is read.
    fn values(&self) -> Result<Zeroizing<Vec<u8>>> {
        let document = EncryptedDocument::parse(&self.encrypted, self.format)?;
        let decrypted = document.decrypt_for_values(&self.key, MacCheck::Require)?;
        Ok(decrypted.plaintext)
    }

    fn change(
        &mut self,
        change: impl FnOnce(&[u8], Format) -> Result<Option<Zeroizing<Vec<u8>>>>,
    ) -> Result<()> {
        let document = EncryptedDocument::parse(&self.encrypted, self.format)?;
        let open = document.open(self.key.clone(), MacCheck::Require)?;
        if let Some(changed) = change(open.plaintext(), self.format)? {
            self.encrypted = open.encrypt(&changed, SystemTime::now())?.into_bytes();
        }
        Ok(())
    }
}

/// Replaces the file to which the path leads, following links. The new file keeps the permissions
/// of the old one.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path)?;
    let directory = target.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(directory)?;
    new.write_all(content)?;
    new.as_file()
        .set_permissions(fs::metadata(&target)?.permissions())?;
    new.as_file().sync_all()?;
    new.persist(&target)?;
    Ok(())
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io {
        file: path.to_owned(),
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::keys::Identities;
    use crate::keys::age::generate_x25519;
    use crate::{Encryption, ErrorKind, encrypt};

    const PLAINTEXT: &str = "# the database\ndb: {port: 5432, ratio: 1.0}\nuser: 'web'\n";

    /// Creates a directory with an encrypted file, and the keys that decrypt it.
    fn directory() -> (tempfile::TempDir, PathBuf, Identities) {
        let pair = generate_x25519();
        let keys = Identities::from(pair.identity);
        let encryption = Encryption::to([pair.recipient]);
        let encrypted =
            encrypt(PLAINTEXT, Format::Yaml, &encryption).expect("the text is valid YAML");
        let directory = tempfile::tempdir().expect("a temporary directory can be created");
        let path = directory.path().join("web.yaml");
        fs::write(&path, encrypted).expect("the directory is writable");
        (directory, path, keys)
    }

    #[test]
    fn values_are_read_changed_and_saved() {
        let (_guard, path, keys) = directory();
        let before = fs::read_to_string(&path).expect("the file exists");
        let mut file = SecretFile::open_with(&path, &keys).expect("the keys decrypt the file");
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Database {
            port: u16,
            ratio: serde_json::Value,
        }
        let database: Database = file.get(r#"["db"]"#).expect("the value exists");
        assert_eq!((database.port, database.ratio.is_f64()), (5432, true));
        file.set(r#"["db"]["port"]"#, 5433)
            .expect("the value can be set");
        file.remove(r#"["user"]"#)
            .expect("the value can be removed");
        assert_eq!(fs::read_to_string(&path).ok(), Some(before.clone()));
        file.save().expect("the file is writable");
        let expected = "# the database\ndb: {port: 5433, ratio: 1.0}\n";
        let again = SecretFile::open_with(&path, &keys).expect("the keys decrypt the file");
        assert_eq!(
            *again.plaintext().expect("the file can be decrypted"),
            expected.as_bytes()
        );
        assert_eq!(again.recipients().map(|keys| keys.len()).ok(), Some(1));
        // The ratio did not change, so its ciphertext must not change either.
        let ratio = |text: &str| {
            text.split("ratio: ")
                .nth(1)
                .map(|rest| rest.split('}').next().map(str::to_owned))
        };
        assert_eq!(
            ratio(&fs::read_to_string(&path).expect("the file exists")),
            ratio(&before)
        );
    }

    #[test]
    fn a_rotated_file_has_the_same_plaintext_and_another_data_key() {
        let (_guard, path, keys) = directory();
        let before = fs::read_to_string(&path).expect("the file exists");
        let mut file = SecretFile::open_with(&path, &keys).expect("the keys decrypt the file");
        file.rotate(&keys).expect("the recipient is known");
        file.save().expect("the file is writable");
        let after = SecretFile::open_with(&path, &keys).expect("the keys decrypt the file");
        assert_eq!(
            *after.plaintext().expect("the file can be decrypted"),
            PLAINTEXT.as_bytes()
        );
        assert_ne!(fs::read_to_string(&path).expect("the file exists"), before);
    }

    #[test]
    fn a_file_that_another_program_changed_is_not_overwritten() {
        let (_guard, path, keys) = directory();
        let mut file = SecretFile::open_with(&path, &keys).expect("the keys decrypt the file");
        file.set(r#"["user"]"#, "admin")
            .expect("the value can be set");
        fs::write(&path, "another").expect("the file is writable");
        assert!(matches!(file.save(), Err(Error::Changed { .. })));
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some("another"));
    }

    #[test]
    fn errors_have_distinct_kinds() {
        let (_guard, path, keys) = directory();
        let kind = |keys: &Identities| {
            let opened = SecretFile::open_with(&path, keys);
            opened.err().map(|error| error.kind())
        };
        assert_eq!(kind(&keys), None);
        assert_eq!(kind(&Identities::new()), Some(ErrorKind::NoKey));
        let text = fs::read_to_string(&path).expect("the file exists");
        let age_file = "-----BEGIN AGE";
        for (wrong, expected) in [
            (text.replace("db: ", "extra: x\ndb: "), ErrorKind::Tampered),
            (text.replace("user: ", "owner: "), ErrorKind::Tampered),
            (text.replace("    mac: ", "    mca: "), ErrorKind::Tampered),
            (text.replace(age_file, "BEGIN"), ErrorKind::Tampered),
            (text.replace("sops:", "spos:"), ErrorKind::NotEncrypted),
            (PLAINTEXT.to_owned(), ErrorKind::NotEncrypted),
            ("a: [".to_owned(), ErrorKind::Syntax),
            ("a: 1\na: 2\n".to_owned(), ErrorKind::Syntax),
        ] {
            assert_ne!(wrong, text, "{expected:?}");
            fs::write(&path, &wrong).expect("the file is writable");
            assert_eq!(kind(&keys), Some(expected), "{wrong}");
        }
    }

    #[test]
    fn missing_and_mistyped_values_are_not_tampering() {
        let (_guard, path, keys) = directory();
        let mut file = SecretFile::open_with(&path, &keys).expect("the keys decrypt the file");
        let missing = file.get::<String>(r#"["db"]["host"]"#);
        assert_eq!(
            missing.map_err(|error| error.kind()),
            Err(ErrorKind::NotFound)
        );
        let mistyped = file.get::<u16>(r#"["user"]"#);
        assert_eq!(
            mistyped.map_err(|error| error.kind()),
            Err(ErrorKind::Other)
        );
        let reserved = file.set(r#"["sops"]"#, "x");
        assert_eq!(reserved, Err(Error::AlreadyEncrypted));
        fs::remove_file(&path).expect("the file is writable");
        let error = file.save().expect_err("the file is missing");
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
        assert_eq!(
            cause.map(io::Error::kind),
            Some(io::ErrorKind::NotFound),
            "{error:?}"
        );
    }
}
