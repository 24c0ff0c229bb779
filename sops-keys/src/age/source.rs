//! A source of identities, and its contents.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::spelling::shortened;

use super::command::{KeyCommand, Prints};
use super::identity::{Identity, KeyLayout, parse_keys};
use super::protected_file::ProtectedKeys;
use super::recipient::Recipient;
use super::source_report::Held;
#[cfg(feature = "ssh")]
use super::ssh::SshKey;

/// A source of identities.
pub(super) struct KeySource {
    /// The name of the source in messages.
    pub(super) name: String,
    /// The contents of the source.
    pub(super) content: SourceContent,
    /// A problem with the source that the user should fix.
    pub(super) warning: Option<String>,
}

/// The contents of a source.
pub(super) enum SourceContent {
    /// Nothing: the environment variable is not set.
    NotSet,
    /// Nothing: the file does not exist.
    NoFile,
    /// Unusable, with the reason.
    Failed(String),
    /// Keys that are ready.
    Keys(Vec<Identity>),
    /// Passphrase-protected keys.
    Protected(ProtectedKeys),
    /// An SSH key.
    #[cfg(feature = "ssh")]
    Ssh(Box<SshKey>),
    /// A command that prints keys in one of the other forms.
    Command(CommandSource),
}

impl KeySource {
    /// A source without a warning.
    pub(super) fn new(name: &str, content: SourceContent) -> Self {
        Self {
            name: name.to_owned(),
            content,
            warning: None,
        }
    }

    /// The keys that are ready, including those of a decrypted key file.
    pub(super) fn keys(&self) -> &[Identity] {
        match &self.content {
            SourceContent::Keys(keys) => keys,
            SourceContent::Protected(protected) => match protected.decrypted() {
                Some(Ok(keys)) => keys,
                _ => &[],
            },
            _ => &[],
        }
    }
}

impl SourceContent {
    /// A single identity, which is ready.
    pub(super) fn of_identity(identity: Identity) -> Self {
        Self::Keys(vec![identity])
    }

    /// The contents of a key file or variable.
    pub(super) fn of_keys(text: Zeroizing<Vec<u8>>, layout: KeyLayout) -> Self {
        match ProtectedKeys::recognise(text) {
            Ok(protected) => Self::Protected(protected),
            Err(text) => match parse_keys(&text, layout) {
                Ok(keys) => Self::Keys(keys),
                Err(message) => Self::Failed(message),
            },
        }
    }

    /// The contents of an SSH private key file.
    #[cfg(feature = "ssh")]
    pub(super) fn of_ssh_key(text: Zeroizing<Vec<u8>>) -> Self {
        Self::Ssh(Box::new(SshKey::new(text)))
    }

    /// The contents of an SSH private key file, which this build cannot use.
    #[cfg(not(feature = "ssh"))]
    pub(super) fn of_ssh_key(_: Zeroizing<Vec<u8>>) -> Self {
        Self::Failed("SSH keys need the cargo feature `ssh`".to_owned())
    }

    /// A command that has not run yet.
    pub(super) fn of_command(command: KeyCommand) -> Self {
        Self::Command(CommandSource {
            command,
            runs: Mutex::default(),
        })
    }

    /// The report for messages. A command that was run is omitted, since its output is a source of
    /// its own.
    pub(super) fn held(&self) -> Option<Held> {
        let decrypted = |result: Option<&Result<Vec<Identity>, String>>| match result {
            None => Held::Locked,
            Some(Ok(keys)) => Held::Keys(owners(keys)),
            Some(Err(message)) => Held::Failed(message.clone()),
        };
        Some(match self {
            Self::NotSet => Held::NotSet,
            Self::NoFile => Held::NoFile,
            Self::Failed(message) => Held::Failed(message.clone()),
            Self::Keys(keys) => Held::Keys(owners(keys)),
            Self::Protected(protected) => decrypted(protected.decrypted()),
            #[cfg(feature = "ssh")]
            Self::Ssh(key) => match key.problem() {
                Some(problem) => Held::Failed(problem.to_owned()),
                None if key.is_locked() => Held::Locked,
                None => Held::Keys(vec![owner(key.recipient().map(Recipient::ssh))]),
            },
            Self::Command(command) if command.runs().is_empty() => Held::NotRun,
            Self::Command(_) => return None,
        })
    }
}

/// The owner of each identity.
fn owners(identities: &[Identity]) -> Vec<String> {
    let recipients = identities.iter().map(Identity::recipient);
    recipients.map(owner).collect()
}

/// The recipient as messages show it.
fn owner(recipient: Option<Recipient>) -> String {
    match recipient {
        Some(recipient) => shortened(&recipient.to_string()),
        None => "of an age plugin".to_owned(),
    }
}

/// A command, and its output for each recipient that it was run for.
pub(super) struct CommandSource {
    command: KeyCommand,
    runs: Mutex<Vec<CommandRun>>,
}

struct CommandRun {
    recipient: String,
    /// The SHA-256 of the output, so that equal outputs count as one source, and the user is asked
    /// about that source only once.
    digest: [u8; 32],
    source: Arc<KeySource>,
}

impl CommandSource {
    /// The output of the command so far.
    pub(super) fn outputs(&self) -> Vec<Arc<KeySource>> {
        let mut outputs: Vec<Arc<KeySource>> = Vec::new();
        for run in self.runs().iter() {
            if !outputs.iter().any(|seen| Arc::ptr_eq(seen, &run.source)) {
                outputs.push(Arc::clone(&run.source));
            }
        }
        outputs
    }

    /// Whether the command prints an SSH key.
    pub(super) fn prints_ssh_key(&self) -> bool {
        self.command.prints() == Prints::SshKey
    }

    /// Runs the command for `recipient`; `None` if it already ran for it.
    ///
    /// As in `sops`, it runs once per recipient, since it may print a different key for each.
    pub(super) fn run(&self, name: &str, recipient: &str) -> Option<Arc<KeySource>> {
        let mut runs = self.runs();
        if runs.iter().any(|run| run.recipient == recipient) {
            return None;
        }
        let (digest, content) = match self.command.run(recipient) {
            Ok(output) => (Sha256::digest(&output).into(), self.content(output)),
            Err(message) => (
                Sha256::digest(&message).into(),
                SourceContent::Failed(message),
            ),
        };
        let same = runs.iter().find(|run| run.digest == digest);
        let source = same.map_or_else(
            || Arc::new(KeySource::new(name, content)),
            |run| Arc::clone(&run.source),
        );
        runs.push(CommandRun {
            recipient: recipient.to_owned(),
            digest,
            source: Arc::clone(&source),
        });
        Some(source)
    }

    fn content(&self, output: Zeroizing<Vec<u8>>) -> SourceContent {
        match self.command.prints() {
            Prints::Keys => SourceContent::of_keys(output, KeyLayout::Lines),
            Prints::SshKey => SourceContent::of_ssh_key(output),
        }
    }

    fn runs(&self) -> MutexGuard<'_, Vec<CommandRun>> {
        // A panic leaves no partial state.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
