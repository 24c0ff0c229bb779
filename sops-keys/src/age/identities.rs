//! The identities of a program, and how one of them decrypts an age file.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use ::age::DecryptError;
use zeroize::Zeroizing;

use crate::decrypted_secret::DecryptedSecret;
use crate::encrypted_secret::{MAX_BYTES, TOO_LONG};
use crate::error::{Error, Result};
use crate::prompt::Prompt;
use crate::service::Effort;
use crate::spelling::{shortened, without_comment};
use crate::work_budget::WorkBudget;

use super::age_file::{decryptor, has_many_stanzas, unarmored};
use super::decryption_attempt::DecryptionAttempt;
use super::identity::{Identity, KeyLayout};
use super::key_pair::KeyPair;
use super::recipient::Recipient;
use super::source::{KeySource, SourceContent};
use super::source_list::SourceList;
#[cfg(feature = "ssh")]
use super::source_report::Held;
use super::source_report::SourceReport;

/// Age identities: the private keys that decrypt data keys.
///
/// They come from the sources of `sops` ([`from_environment`](Self::from_environment)), from the
/// caller ([`add_identity`](Self::add_identity), [`add_keys`](Self::add_keys), `add_ssh_key`), or
/// both. Nothing is read, run or asked before it is needed. The cheapest comes first: plain keys,
/// then the commands of `SOPS_AGE_KEY_CMD` and `SOPS_AGE_SSH_PRIVATE_KEY_CMD`, then passphrases and
/// plugins. Every result is kept.
///
/// Identities are never printed.
#[derive(Default)]
pub struct Identities {
    sources: SourceList,
}

impl From<Identity> for Identities {
    fn from(identity: Identity) -> Self {
        Self::from_iter([identity])
    }
}

impl FromIterator<Identity> for Identities {
    fn from_iter<I: IntoIterator<Item = Identity>>(given: I) -> Self {
        let mut identities = Self::new();
        for identity in given {
            identities.add_identity(identity);
        }
        identities
    }
}

impl Identities {
    /// An empty set that cannot ask for passphrases.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A set that takes its sources from `load` when it first needs them.
    pub(super) fn lazy(load: impl FnOnce() -> Vec<KeySource> + Send + 'static) -> Self {
        Self {
            sources: SourceList::lazy(load),
        }
    }

    /// Uses `prompt` to ask for passphrases and to answer questions of plugins.
    #[must_use]
    pub fn with_prompt(mut self, prompt: Arc<dyn Prompt>) -> Self {
        self.sources.set_prompt(prompt);
        self
    }

    /// The current prompt.
    #[must_use]
    pub fn prompt(&self) -> &Arc<dyn Prompt> {
        self.sources.prompt()
    }

    /// Adds one identity. Messages name it by its recipient.
    pub fn add_identity(&mut self, identity: Identity) {
        let name = match identity.recipient() {
            Some(recipient) => shortened(&recipient.to_string()),
            None => "an identity of an age plugin".to_owned(),
        };
        self.sources
            .add(&name, SourceContent::of_identity(identity));
    }

    /// Adds the identities in the content of a key file: one per line, with comments and blank
    /// lines; or an age file, armored or not, that contains such lines, protected by a passphrase.
    ///
    /// `name` identifies the key file in messages.
    ///
    /// # Errors
    ///
    /// [`Error::KeySource`], with the line number, if a line is not an identity; then no identity
    /// is added.
    pub fn add_keys(&mut self, name: &str, text: &[u8]) -> Result<()> {
        self.add(
            name,
            SourceContent::of_keys(Zeroizing::new(text.to_vec()), KeyLayout::Lines),
        )
    }

    /// Adds an SSH private key, `ssh-ed25519` or `ssh-rsa`, from the content of its file: in
    /// OpenSSH's format, optionally with a passphrase, or RSA in PEM.
    ///
    /// `name` identifies the key in messages and in the passphrase prompt.
    ///
    /// # Errors
    ///
    /// [`Error::KeySource`] for anything else.
    #[cfg(feature = "ssh")]
    pub fn add_ssh_key(&mut self, name: &str, text: &[u8]) -> Result<()> {
        let content = SourceContent::of_ssh_key(Zeroizing::new(text.to_vec()));
        match content.held() {
            Some(Held::Failed(message)) => self.add(name, SourceContent::Failed(message)),
            _ => self.add(name, content),
        }
    }

    fn add(&mut self, name: &str, content: SourceContent) -> Result<()> {
        if let SourceContent::Failed(message) = content {
            return Err(Error::KeySource {
                name: name.to_owned(),
                message,
            });
        }
        self.sources.add(name, content);
        Ok(())
    }

    /// Decrypts the ASCII-armored age file `enc` with any of the identities; `None` if none can.
    ///
    /// `recipient` is the one named in the file. It is passed to commands; all identities are tried
    /// in any case. [`sources`](Self::sources) says why a source could not be used.
    ///
    /// # Errors
    ///
    /// [`Error::DamagedSecret`] for an `enc` that is malformed, truncated or altered.
    pub fn unwrap(&self, recipient: &str, enc: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        for effort in Effort::ALL {
            let secret = self.unwrap_within(&WorkBudget::default(), effort, recipient, enc)?;
            if secret.is_some() {
                return Ok(secret);
            }
        }
        Ok(None)
    }

    /// Like [`unwrap`](Self::unwrap), with at most the given effort and within the budget.
    pub(super) fn unwrap_within(
        &self,
        budget: &WorkBudget,
        effort: Effort,
        recipient: &str,
        enc: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let attempt = DecryptionAttempt::new(&self.sources, budget, effort, recipient);
        decrypt(&attempt, recipient, enc)
    }

    /// Like [`unwrap`](Self::unwrap), with at most the given effort. Also names the identity that
    /// decrypted.
    ///
    /// # Errors
    /// [`Error::DamagedSecret`] for an `enc` that is malformed, truncated or altered.
    pub fn decrypt_and_name_key(
        &self,
        effort: Effort,
        recipient: &str,
        enc: &str,
    ) -> Result<Option<DecryptedSecret>> {
        let budget = WorkBudget::default();
        let attempt =
            DecryptionAttempt::new(&self.sources, &budget, effort, recipient).naming_the_key();
        let secret = decrypt(&attempt, recipient, enc)?;
        Ok(secret.map(|secret| DecryptedSecret {
            secret,
            key_names: attempt.into_key_name().into_iter().collect(),
        }))
    }

    /// The recipients of the identities that are known without asking or running anything: those of
    /// X25519, hybrid and SSH keys, including locked SSH keys.
    #[must_use]
    pub fn recipients(&self) -> Vec<Recipient> {
        let mut recipients = self.native_recipients();
        #[cfg(feature = "ssh")]
        for source in self.sources.all() {
            if let SourceContent::Ssh(key) = &source.content {
                recipients.extend(key.recipient().map(Recipient::ssh));
            }
        }
        let mut seen = HashSet::new();
        recipients.retain(|recipient| seen.insert(recipient.clone()));
        recipients
    }

    /// Whether one of the identities belongs to the recipient, or may belong to it: no command is
    /// run, no passphrase is asked for, and plugins do not reveal their recipients.
    #[must_use]
    pub fn may_open(&self, recipient: &str) -> bool {
        let wanted = without_comment(recipient);
        let mut available = self.recipients().into_iter();
        if available.any(|recipient| without_comment(&recipient.to_string()) == wanted) {
            return true;
        }
        self.sources
            .all()
            .iter()
            .any(|source| match &source.content {
                SourceContent::Command(_) => true,
                SourceContent::Protected(protected) if protected.decrypted().is_none() => true,
                _ => source.keys().iter().any(|key| key.recipient().is_none()),
            })
    }

    /// The sources in order, each command followed by its outputs.
    pub(super) fn all_sources(&self) -> Vec<Arc<KeySource>> {
        self.sources.all()
    }

    /// The recipients of the X25519 and hybrid keys, which are cheap to compute.
    pub(super) fn native_recipients(&self) -> Vec<Recipient> {
        let sources = self.sources.all();
        sources
            .iter()
            .flat_map(|source| source.keys())
            .filter_map(Identity::recipient)
            .collect()
    }

    /// The distinct X25519 and hybrid keys, to be stored elsewhere. This runs commands for each of
    /// `recipients`, and asks for the passphrases of key files.
    ///
    /// Identities of plugins are omitted, since they are useless elsewhere, and so are SSH keys,
    /// which key files do not support. [`sources`](Self::sources) says why a source could not be
    /// used.
    #[must_use]
    pub fn key_pairs(&self, recipients: &[Recipient]) -> Vec<KeyPair> {
        for source in self.sources.all() {
            if let SourceContent::Command(command) = &source.content
                && !command.prints_ssh_key()
            {
                for recipient in recipients {
                    command.run(&source.name, &recipient.to_string());
                }
            }
        }
        let mut seen = HashSet::new();
        let mut pairs = Vec::new();
        for source in self.sources.all() {
            if let SourceContent::Protected(protected) = &source.content {
                // `sources` says why the key file stays locked.
                let _ = protected.unlock(&source.name, &**self.sources.prompt());
            }
            let found = source
                .keys()
                .iter()
                .filter_map(|identity| KeyPair::from_identity(identity.clone()));
            pairs.extend(found.filter(|pair| seen.insert(pair.recipient.clone())));
        }
        pairs
    }

    /// The sources that were searched for identities, in order, with their contents. Reads the
    /// sources, but neither runs commands nor asks the user.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceReport> {
        let sources = self.sources.all();
        let mut reports: Vec<SourceReport> = sources
            .iter()
            .filter_map(|source| {
                Some(SourceReport {
                    name: source.name.clone(),
                    held: source.content.held()?,
                })
            })
            .collect();
        reports.dedup();
        reports
    }

    /// The name of the first source of passphrase-protected keys that were not unlocked, except SSH
    /// keys, whose recipients are known.
    #[must_use]
    pub fn locked_source(&self) -> Option<String> {
        let sources = self.sources.all();
        let mut locked = sources.iter().filter(|source| match &source.content {
            SourceContent::Protected(protected) => protected.decrypted().is_none(),
            _ => false,
        });
        locked.next().map(|source| source.name.clone())
    }

    /// The messages of plugins about files that they could not decrypt.
    pub(super) fn complaints(&self) -> Vec<String> {
        self.sources.complaints()
    }

    /// Problems with the sources that were used, such as a key file that other users can read.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        if !self.sources.are_loaded() {
            // The sources have not been needed so far, and are not read just for this.
            return Vec::new();
        }
        let sources = self.sources.all();
        let used = sources.iter().filter(|source| match &source.content {
            #[cfg(feature = "ssh")]
            SourceContent::Ssh(key) => key.was_used(),
            _ => true,
        });
        used.filter_map(|source| source.warning.clone()).collect()
    }
}

/// Decrypts the ASCII-armored age file `enc`, which names `recipient`.
fn decrypt(
    attempt: &DecryptionAttempt<'_>,
    recipient: &str,
    enc: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let damaged = |message: &str| Error::DamagedSecret {
        key: shortened(recipient),
        message: message.to_owned(),
    };
    if enc.len() > MAX_BYTES {
        return Err(damaged(&format!("it {TOO_LONG}")));
    }
    let file = unarmored(enc).map_err(|damage| damaged(damage.name()))?;
    if has_many_stanzas(&file) {
        return Err(damaged("its header has more than 32 recipients"));
    }
    let decryptor = decryptor(&file).map_err(|damage| damaged(damage.name()))?;
    let decrypted = decryptor.decrypt(std::iter::once(attempt as _));
    let mut reader = match decrypted {
        Ok(reader) => reader,
        Err(_) if attempt.found_malformed_stanza() => {
            return Err(damaged("its header is malformed"));
        }
        Err(DecryptError::NoMatchingKeys) => return Ok(None),
        Err(_) => return Err(damaged("its header was altered")),
    };
    // The plaintext is shorter than the file, so the buffer never grows and leaves no copy of the
    // secret.
    let mut secret = Zeroizing::new(Vec::with_capacity(file.len()));
    reader
        .read_to_end(&mut secret)
        .map_err(|_| damaged("its content was truncated or altered"))?;
    Ok(Some(secret))
}
