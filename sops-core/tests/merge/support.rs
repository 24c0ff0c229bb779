//! Versions of an encrypted file, made as users make them.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use sops_core::keys::age::generate_x25519;
use sops_core::keys::{DataKey, Identities, MasterKey};
use sops_core::merge::{
    Approval, ConfiguredKeys, Markers, MergeOutcome, MergeProblem, Versions, merge,
};
use sops_core::rules::EncryptionRule;
use sops_core::{EncryptedDocument, Encryption, Error, Format, MacCheck, decrypt, encrypt};

/// A member of the team, with a key.
pub(crate) struct Person {
    pub(crate) key: MasterKey,
    pub(crate) identities: Identities,
}

impl Person {
    pub(crate) fn new() -> Self {
        let pair = generate_x25519();
        Self {
            key: pair.recipient.into(),
            identities: Identities::from(pair.identity),
        }
    }
}

pub(crate) struct Repository {
    pub(crate) ann: Person,
    pub(crate) format: Format,
    pub(crate) now: Cell<SystemTime>,
}

impl Repository {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            ann: Person::new(),
            format,
            now: Cell::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
        }
    }

    /// Moves the clock one second forward, and returns the time.
    pub(crate) fn tick(&self) -> SystemTime {
        self.now.set(self.now.get() + Duration::from_secs(1));
        self.now.get()
    }

    pub(crate) fn encrypt(&self, plaintext: impl AsRef<[u8]>) -> String {
        self.encrypt_for(plaintext, &[&self.ann.key], |encryption| encryption)
    }

    pub(crate) fn encrypt_for(
        &self,
        plaintext: impl AsRef<[u8]>,
        keys: &[&MasterKey],
        settings: impl Fn(Encryption) -> Encryption,
    ) -> String {
        let keys = keys.iter().map(|key| (*key).clone());
        let mut encryption = settings(Encryption::to(keys));
        encryption.now = self.tick();
        encrypt(plaintext.as_ref(), self.format, &encryption).expect("the text is encrypted")
    }

    /// The file after `sops-rs edit`.
    pub(crate) fn edit(&self, encrypted: &str, plaintext: impl AsRef<[u8]>) -> String {
        let document = self.parse(encrypted);
        let key = self.data_key(&document);
        let open = document
            .open(key, MacCheck::Require)
            .expect("the MAC is right");
        open.encrypt(plaintext.as_ref(), self.tick())
            .expect("the text is encrypted")
    }

    /// Encrypts plaintext that may be invalid.
    pub(crate) fn try_encrypt(&self, plaintext: &str) -> Result<String, Error> {
        let mut encryption = Encryption::to([self.ann.key.clone()]);
        encryption.now = self.tick();
        encrypt(plaintext, self.format, &encryption)
    }

    /// Replaces the plaintext of a file with plaintext that may be invalid.
    pub(crate) fn try_edit(&self, encrypted: &str, plaintext: &[u8]) -> Result<String, Error> {
        let document = self.parse(encrypted);
        let key = document.data_key(&self.ann.identities)?;
        document
            .open(key, MacCheck::Require)?
            .encrypt(plaintext, self.tick())
    }

    /// The file after `sops-rs rotate` with these recipients.
    pub(crate) fn rotate(&self, encrypted: &str, keys: &[&MasterKey]) -> String {
        let document = self.parse(encrypted);
        let key = self.data_key(&document);
        let open = document
            .open(key, MacCheck::Require)
            .expect("the MAC is right");
        let group = keys.iter().map(|key| (*key).clone()).collect();
        open.rotate(&[group], &Identities::new(), self.tick())
            .expect("the file is rotated")
    }

    /// The file after `sops-rs updatekeys` with these recipients.
    pub(crate) fn update_keys(&self, encrypted: &str, keys: &[&MasterKey]) -> String {
        let document = self.parse(encrypted);
        let key = self.data_key(&document);
        let group = keys.iter().map(|key| (*key).clone()).collect();
        document
            .with_key_groups(&key, &[group], None, &Identities::new(), self.tick())
            .expect("the keys are changed")
    }

    /// The file under another selection rule.
    pub(crate) fn with_rule(&self, encrypted: &str, rule: EncryptionRule) -> String {
        let document = self.parse(encrypted);
        let key = self.data_key(&document);
        let open = document
            .open(key, MacCheck::Require)
            .expect("the MAC is right");
        open.with_rule(rule, false, self.tick())
            .expect("the rule is changed")
    }

    fn data_key(&self, document: &EncryptedDocument<'_>) -> DataKey {
        document
            .data_key(&self.ann.identities)
            .expect("Ann has a key")
    }

    pub(crate) fn parse<'e>(&self, encrypted: &'e str) -> EncryptedDocument<'e> {
        EncryptedDocument::parse(encrypted, self.format).expect("the file is encrypted")
    }

    pub(crate) fn decrypt(&self, encrypted: impl AsRef<[u8]>) -> String {
        let plaintext = decrypt(encrypted.as_ref(), self.format, &self.ann.identities);
        let plaintext = plaintext.unwrap_or_else(|error| {
            panic!("{error}\n{}", String::from_utf8_lossy(encrypted.as_ref()))
        });
        String::from_utf8(plaintext.to_vec()).expect("the plaintext is text")
    }

    pub(crate) fn merge(&self, base: Option<&str>, ours: &str, theirs: &str) -> MergeOutcome {
        self.merge_with(base, ours, theirs, &[&self.ann.key])
    }

    /// Merges with a configuration that names these keys.
    pub(crate) fn merge_with(
        &self,
        base: Option<&str>,
        ours: &str,
        theirs: &str,
        named: &[&MasterKey],
    ) -> MergeOutcome {
        let named = || ConfiguredKeys {
            groups: vec![named.iter().map(|key| (*key).clone()).collect()],
            threshold: None,
        };
        self.merge_configured(base, ours, theirs, &named)
    }

    /// Merges with the keys of a configuration.
    pub(crate) fn merge_configured(
        &self,
        base: Option<&str>,
        ours: &str,
        theirs: &str,
        named: &dyn Fn() -> ConfiguredKeys,
    ) -> MergeOutcome {
        let versions = Versions {
            base: base.map(str::as_bytes),
            ours: ours.as_bytes(),
            theirs: theirs.as_bytes(),
            format: self.format,
        };
        merge(
            &versions,
            &self.ann.identities,
            &Approval::Configured(named),
            &Markers::default().with_labels("HEAD", "topic"),
            self.tick(),
        )
        .expect("a version is encrypted")
    }

    /// The plaintext of the merge of changes to one file, which must be clean.
    #[track_caller]
    pub(crate) fn merged(&self, base: &str, ours: &str, theirs: &str) -> String {
        let encrypted = self.encrypt(base);
        let (ours, theirs) = (self.edit(&encrypted, ours), self.edit(&encrypted, theirs));
        let outcome = self.merge(Some(&encrypted), &ours, &theirs);
        assert_eq!(outcome.problems, []);
        assert_eq!(outcome.notes, []);
        self.decrypt(&outcome.text)
    }
}

/// The recipients of an encrypted file.
pub(crate) fn recipients(repository: &Repository, encrypted: &[u8]) -> Vec<MasterKey> {
    let text = String::from_utf8(encrypted.to_vec()).expect("an encrypted file is text");
    repository.parse(&text).metadata().master_keys().concat()
}

/// The key paths of the conflicts.
pub(crate) fn paths(outcome: &MergeOutcome) -> Vec<String> {
    let paths = outcome.problems.iter().map(|problem| match problem {
        MergeProblem::Conflict(conflict) => conflict
            .path
            .as_ref()
            .map_or_else(|| "everything".to_owned(), ToString::to_string),
        problem => format!("{problem:?}"),
    });
    paths.collect()
}
