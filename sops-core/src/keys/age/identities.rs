//! The set of identities that a program has at hand, and how one of them opens an age file at the least cost.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ::age::DecryptError;
use zeroize::Zeroizing;

use super::file::{AgeFile, has_many_stanzas, without_armor};
use super::identity::{Identity, Layout};
use super::source::{Content, Source};
use super::trial::Trial;
use super::{ARMOR_BEGIN, KeyPair, Recipient, shortened};
use crate::error::{Error, Result};
use crate::keys::same_key::without_comment;
use crate::keys::wrapped_key::{ENC_LIMIT, ENC_TOO_LONG};
use crate::keys::{Budget, Effort, NoPrompt, Opened, Prompt};

/// Age identities: the private keys that open documents.
///
/// They come from where `sops` looks for them ([`from_environment`](Self::from_environment)), from texts that the caller
/// holds ([`add_keys`](Self::add_keys), `add_ssh_key`), or both. Nothing is read, run or asked
/// before the first file has to be opened, and then what is cheap comes first: plain keys, then the commands of
/// `SOPS_AGE_KEY_CMD` and `SOPS_AGE_SSH_PRIVATE_KEY_CMD`, then passphrases and plugins. What was read, run or asked
/// once is kept.
///
/// Identities are never printed.
pub struct Identities {
    given: Vec<Arc<Source>>,
    environment: Option<LazySources>,
    prompt: Arc<dyn Prompt>,
    /// What plugins complained about.
    complaints: Mutex<Vec<String>>,
}

type LazySources = LazyLock<Vec<Arc<Source>>, Box<dyn FnOnce() -> Vec<Arc<Source>> + Send>>;

/// A place where identities were looked for, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReport {
    /// The environment variable, the file's path, or the name that the caller gave.
    pub name: String,
    /// What was found there.
    pub held: Held,
}

/// What a source of identities holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Held {
    /// The environment variable is not set.
    NotSet,
    /// There is no such file.
    NoFile,
    /// So many identities.
    Keys(usize),
    /// Identities under a passphrase that was not asked for, since no file needed it.
    Locked,
    /// A command that was not run, since no file needed it.
    NotRun,
    /// It cannot be used: why, without its text.
    Failed(String),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => f.write_str("not set"),
            Self::NoFile => f.write_str("no such file"),
            Self::Keys(0) => f.write_str("no keys in it"),
            Self::Keys(1) => f.write_str("1 key"),
            Self::Keys(count) => write!(f, "{count} keys"),
            Self::Locked => f.write_str("protected with a passphrase, not needed"),
            Self::NotRun => f.write_str("a command, not run"),
            Self::Failed(message) => f.write_str(message),
        }
    }
}

impl fmt::Display for SourceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.held)
    }
}

impl Default for Identities {
    fn default() -> Self {
        Self::new()
    }
}

impl Identities {
    /// An empty set, with nobody to ask for passphrases.
    pub fn new() -> Self {
        Self {
            given: Vec::new(),
            environment: None,
            prompt: Arc::new(NoPrompt),
            complaints: Mutex::default(),
        }
    }

    /// A set that takes its sources from `load` when it first needs them.
    pub(crate) fn lazy(load: impl FnOnce() -> Vec<Source> + Send + 'static) -> Self {
        let load = move || load().into_iter().map(Arc::new).collect();
        Self {
            environment: Some(LazyLock::new(Box::new(load))),
            ..Self::new()
        }
    }

    /// Has passphrases asked for, and plugins' questions answered, by `prompt`.
    pub fn with_prompt(mut self, prompt: Arc<dyn Prompt>) -> Self {
        self.prompt = prompt;
        self
    }

    /// Who is asked.
    pub fn prompt(&self) -> &Arc<dyn Prompt> {
        &self.prompt
    }

    /// Adds the identities of a key file's text: one a line, beside comments and blank lines; or an age file, armoured
    /// or not, that holds such a text under a passphrase.
    ///
    /// `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`], with the line, for what is no identity; then none of the text is added.
    pub fn add_keys(&mut self, name: &str, text: &[u8]) -> Result<()> {
        self.add(
            name,
            Content::of_keys(Zeroizing::new(text.to_vec()), Layout::Lines),
        )
    }

    /// Adds a private key of SSH, `ssh-ed25519` or `ssh-rsa`, from the text of its file: OpenSSH's format, also under a
    /// passphrase, or RSA's PEM.
    ///
    /// `name` is what messages call it, the question for a passphrase among them.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`] for what is no such key.
    #[cfg(feature = "ssh")]
    pub fn add_ssh_key(&mut self, name: &str, text: &[u8]) -> Result<()> {
        let content = Content::of_ssh_key(Zeroizing::new(text.to_vec()));
        match content.held() {
            Some(Held::Failed(message)) => self.add(name, Content::Failed(message)),
            _ => self.add(name, content),
        }
    }

    fn add(&mut self, name: &str, content: Content) -> Result<()> {
        if let Content::Failed(message) = content {
            return Err(Error::Identity {
                source_name: name.to_owned(),
                message,
            });
        }
        self.given.push(Arc::new(Source::new(name, content)));
        Ok(())
    }

    /// Opens the ASCII-armoured age file `enc` with whichever identity fits.
    ///
    /// `recipient` is whom the document says it is for; commands are told, and any identity is tried. `None`: none fits.
    /// What kept a source from being used is told by [`sources`](Self::sources).
    ///
    /// # Errors
    ///
    /// [`Error::Metadata`] for an `enc` that is malformed, truncated or altered.
    pub fn unwrap(&self, recipient: &str, enc: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        for effort in Effort::ALL {
            let secret = self.unwrap_with(&Budget::default(), effort, recipient, enc)?;
            if secret.is_some() {
                return Ok(secret);
            }
        }
        Ok(None)
    }

    /// As [`unwrap`](Self::unwrap), with no more than one kind of effort and within the budget.
    pub(crate) fn unwrap_with(
        &self,
        budget: &Budget,
        effort: Effort,
        recipient: &str,
        enc: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let trial = Trial::new(self, budget, effort, recipient);
        self.try_on(&trial, enc)
    }

    /// As [`unwrap`](Self::unwrap), with no more than one kind of effort, and says whose identity did it.
    ///
    /// # Errors
    /// [`Error::Metadata`] for an `enc` that is malformed, truncated or altered.
    pub fn open(&self, effort: Effort, recipient: &str, enc: &str) -> Result<Option<Opened>> {
        let budget = Budget::default();
        let trial = Trial::new(self, &budget, effort, recipient).naming_the_opener();
        let secret = self.try_on(&trial, enc)?;
        Ok(secret.map(|secret| Opened {
            secret,
            names: trial.into_opener().into_iter().collect(),
        }))
    }

    fn try_on(&self, trial: &Trial<'_>, enc: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let recipient = trial.recipient;
        let malformed = |message: &str| Error::Metadata {
            location: None,
            path: None,
            message: format!("`enc` of {}: {message}", shortened(recipient)),
        };
        if enc.len() > ENC_LIMIT {
            return Err(malformed(ENC_TOO_LONG));
        }
        // As in sops, a binary age file is no answer here.
        if !enc.trim_ascii_start().starts_with(ARMOR_BEGIN) {
            return Err(malformed("not an armoured age file"));
        }
        let file = without_armor(enc.as_bytes())
            .map_err(|_| malformed("a malformed or truncated age file"))?;
        if has_many_stanzas(&file) {
            return Err(malformed("its header has more than 32 recipients"));
        }
        let decryptor = AgeFile::decryptor(&file)
            .map_err(|_| malformed("a malformed or truncated age file"))?;
        let opened = decryptor.decrypt(std::iter::once(trial as _));
        let mut reader = match opened {
            Ok(reader) => reader,
            Err(_) if trial.malformed.get() => {
                return Err(malformed("a malformed header"));
            }
            Err(DecryptError::NoMatchingKeys) => return Ok(None),
            Err(_) => return Err(malformed("its header was altered")),
        };
        // The file is longer than what it holds, so the secret is never moved by growing.
        let mut secret = Zeroizing::new(Vec::with_capacity(file.len()));
        reader
            .read_to_end(&mut secret)
            .map_err(|_| malformed("its content was truncated or altered"))?;
        Ok(Some(secret))
    }

    /// The recipients of the identities, as far as they are known without asking or running anything: those of
    /// X25519, hybrid and SSH keys, the locked ones of SSH among them.
    pub fn recipients(&self) -> Vec<Recipient> {
        let mut recipients = self.native_recipients();
        #[cfg(feature = "ssh")]
        for source in self.looked_at() {
            if let Content::Ssh(key) = &source.content {
                recipients.extend(key.recipient().map(Recipient::from));
            }
        }
        let mut seen = HashSet::new();
        recipients.retain(|recipient| seen.insert(recipient.clone()));
        recipients
    }

    /// Whether one of the identities is that of the recipient, or may be: what commands would print, passphrases hide and plugins
    /// keep to themselves is not looked at.
    pub fn may_open(&self, recipient: &str) -> bool {
        let wanted = without_comment(recipient);
        let mut own = self.recipients().into_iter();
        if own.any(|own| without_comment(&own.to_string()) == wanted) {
            return true;
        }
        self.looked_at().iter().any(|source| match &source.content {
            Content::Command(_) => true,
            Content::Locked(locked) if locked.opened().is_none() => true,
            _ => source.keys().iter().any(|key| key.recipient().is_none()),
        })
    }

    /// The recipients of the X25519 and hybrid keys, which are cheap to make out.
    pub(crate) fn native_recipients(&self) -> Vec<Recipient> {
        let sources = self.looked_at();
        sources
            .iter()
            .flat_map(|source| source.keys())
            .filter_map(Identity::recipient)
            .collect()
    }

    /// The identities themselves, to be kept in another place, each once: X25519 and hybrid keys. Commands are run for each of
    /// `recipients`, and passphrases of key files asked for.
    ///
    /// Left out is what is no use elsewhere as a text: plugins' identities. So are keys of SSH, which key files do not hold.
    /// What kept a source from being used is told by [`sources`](Self::sources).
    pub fn key_pairs(&self, recipients: &[Recipient]) -> Vec<KeyPair> {
        for source in self.looked_at() {
            if let Content::Command(command) = &source.content
                && !command.prints_ssh_key()
            {
                for recipient in recipients {
                    command.run(&source.name, &recipient.to_string());
                }
            }
        }
        let mut seen = HashSet::new();
        let mut pairs = Vec::new();
        for source in self.looked_at() {
            if let Content::Locked(locked) = &source.content {
                // Why it stays locked is told by `sources`.
                let _ = locked.open(&source.name, &*self.prompt);
            }
            let found = source.keys().iter().filter_map(Identity::key_pair);
            pairs.extend(found.filter(|pair| seen.insert(pair.recipient.clone())));
        }
        pairs
    }

    /// The places where identities were looked for, in order, and what each held. It reads, but neither asks nor runs.
    pub fn sources(&self) -> Vec<SourceReport> {
        let sources = self.looked_at();
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

    /// What plugins said about files that they did not open.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    #[cfg(feature = "plugin")]
    pub(super) fn complain(&self, complaint: String) {
        let mut complaints = self
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !complaints.contains(&complaint) {
            complaints.push(complaint);
        }
    }

    /// What should be mended about the sources that were used, such as a key file that other users can read.
    pub fn warnings(&self) -> Vec<String> {
        if self
            .environment
            .as_ref()
            .is_some_and(|sources| LazyLock::get(sources).is_none())
        {
            // They were not needed, and need not be read for this.
            return Vec::new();
        }
        let sources = self.looked_at();
        let used = sources.iter().filter(|source| match &source.content {
            #[cfg(feature = "ssh")]
            Content::Ssh(key) => key.was_used(),
            _ => true,
        });
        used.filter_map(|source| source.warning.clone()).collect()
    }

    /// All sources in order, behind a command what it printed.
    pub(super) fn looked_at(&self) -> Vec<Arc<Source>> {
        let environment = self.environment.iter().flat_map(|sources| sources.iter());
        let mut all = Vec::new();
        for source in self.given.iter().chain(environment) {
            all.push(Arc::clone(source));
            if let Content::Command(command) = &source.content {
                all.extend(command.outputs());
            }
        }
        all
    }
}
