//! An attempt to decrypt one age file with all identities of a set and with limited effort.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use ::age::DecryptError;
use age_core::format::{FileKey, Stanza};

use crate::service::Effort;
use crate::work_budget::WorkBudget;

use super::identity::Identity;
#[cfg(feature = "plugin")]
use super::plugin;
use super::recipient::Recipient;
use super::source::{KeySource, SourceContent};
use super::source_list::SourceList;
use super::stanza::StanzaOutcome;

/// A set of identities that acts as a single one, so that the crate `age` reads the file's header
/// only once.
pub(super) struct DecryptionAttempt<'a> {
    sources: &'a SourceList,
    budget: &'a WorkBudget,
    effort: Effort,
    /// The recipient named in the file, which is passed to commands.
    recipient: &'a str,
    /// Set if an identity finds the stanza of its kind malformed.
    malformed: Cell<bool>,
    /// Whether to find the recipient of the identity that decrypts, which takes some work.
    names_key: bool,
    key_name: RefCell<Option<String>>,
}

impl ::age::Identity for DecryptionAttempt<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        let sources = self.sources.all();
        let file_key = match self.effort {
            Effort::Ready => sources
                .iter()
                .find_map(|source| self.ready(source, stanzas)),
            Effort::Run => sources.iter().find_map(|source| self.run(source, stanzas)),
            Effort::Ask => sources
                .iter()
                .find_map(|source| self.unlock(source, stanzas))
                .or_else(|| self.plugins(&sources, stanzas)),
        };
        file_key.map(Ok)
    }
}

impl<'a> DecryptionAttempt<'a> {
    pub(super) fn new(
        sources: &'a SourceList,
        budget: &'a WorkBudget,
        effort: Effort,
        recipient: &'a str,
    ) -> Self {
        Self {
            sources,
            budget,
            effort,
            recipient,
            malformed: Cell::new(false),
            names_key: false,
            key_name: RefCell::new(None),
        }
    }

    /// Records the recipient of the identity that decrypts.
    pub(super) fn naming_the_key(self) -> Self {
        Self {
            names_key: true,
            ..self
        }
    }

    /// Whether an identity found its stanza malformed.
    pub(super) fn found_malformed_stanza(&self) -> bool {
        self.malformed.get()
    }

    /// The recipient of the identity that decrypted. Plugins do not reveal it.
    pub(super) fn into_key_name(self) -> Option<String> {
        self.key_name.into_inner()
    }
}

impl DecryptionAttempt<'_> {
    fn file_key(
        &self,
        outcome: StanzaOutcome,
        recipient: impl FnOnce() -> Option<Recipient>,
    ) -> Option<FileKey> {
        match outcome {
            StanzaOutcome::Decrypted(file_key) => {
                if self.names_key {
                    *self.key_name.borrow_mut() =
                        recipient().map(|recipient| recipient.to_string());
                }
                Some(file_key)
            }
            StanzaOutcome::NoMatch => None,
            StanzaOutcome::Malformed => {
                self.malformed.set(true);
                None
            }
        }
    }

    fn try_keys(&self, keys: &[Identity], stanzas: &[Stanza]) -> Option<FileKey> {
        keys.iter()
            .filter(|key| self.budget.take_operations(key.cost(stanzas)))
            .find_map(|key| self.file_key(key.try_on(stanzas), || key.recipient()))
    }

    fn ready(&self, source: &KeySource, stanzas: &[Stanza]) -> Option<FileKey> {
        match &source.content {
            #[cfg(feature = "ssh")]
            SourceContent::Ssh(key) if is_for_ssh(stanzas) => {
                if !self.budget.take_operations(key.cost(stanzas)) {
                    return None;
                }
                self.file_key(key.try_on(stanzas), || key.recipient().map(Recipient::ssh))
            }
            _ => self.try_keys(source.keys(), stanzas),
        }
    }

    fn run(&self, source: &KeySource, stanzas: &[Stanza]) -> Option<FileKey> {
        let SourceContent::Command(command) = &source.content else {
            return None;
        };
        if command.prints_ssh_key() && !is_for_ssh(stanzas) {
            return None;
        }
        if !self.budget.take_program() {
            return None;
        }
        let output = command.run(&source.name, self.recipient)?;
        self.ready(&output, stanzas)
    }

    fn unlock(&self, source: &KeySource, stanzas: &[Stanza]) -> Option<FileKey> {
        let prompt = self.sources.prompt().as_ref();
        match &source.content {
            // As in `sops`, a protected file is taken to hold native keys, so it is not unlocked
            // for other keys.
            SourceContent::Protected(protected) if is_native(stanzas) => {
                let keys = protected.unlock(&source.name, prompt).as_ref().ok()?;
                self.try_keys(keys, stanzas)
            }
            #[cfg(feature = "ssh")]
            SourceContent::Ssh(key)
                if is_for_ssh(stanzas) && self.budget.take_operations(key.cost(stanzas)) =>
            {
                self.file_key(key.unlock_and_try_on(stanzas, &source.name, prompt), || {
                    key.recipient().map(Recipient::ssh)
                })
            }
            _ => None,
        }
    }

    /// Plugins may try any stanza, since they may also hold keys of native kinds.
    #[cfg(feature = "plugin")]
    fn plugins(&self, sources: &[Arc<KeySource>], stanzas: &[Stanza]) -> Option<FileKey> {
        let identities = sources.iter().flat_map(|source| source.keys());
        let mut rest: Vec<_> = identities.filter_map(Identity::plugin).cloned().collect();
        while let Some(first) = rest.first() {
            let name = first.plugin().to_owned();
            let (of_plugin, of_others) = rest
                .into_iter()
                .partition(|identity| identity.plugin() == name);
            rest = of_others;
            if !self.budget.take_program() {
                return None;
            }
            match plugin::open(&of_plugin, stanzas, self.sources.prompt()) {
                Ok(Some(file_key)) => return Some(file_key),
                Ok(None) => {}
                Err(complaint) => self.sources.complain(complaint),
            }
        }
        None
    }

    #[cfg(not(feature = "plugin"))]
    fn plugins(&self, _: &[Arc<KeySource>], _: &[Stanza]) -> Option<FileKey> {
        None
    }
}

fn is_native(stanzas: &[Stanza]) -> bool {
    stanzas
        .iter()
        .any(|stanza| matches!(stanza.tag.as_str(), "X25519" | "mlkem768x25519"))
}

fn is_for_ssh(stanzas: &[Stanza]) -> bool {
    stanzas
        .iter()
        .any(|stanza| matches!(stanza.tag.as_str(), "ssh-ed25519" | "ssh-rsa"))
}
