//! The services that encrypt and decrypt with master keys: age and PGP on this machine, followed by
//! keys on servers and key services elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use sops_core::keys::age::{Held, NO_PASSPHRASE, SourceReport, WRONG_PASSPHRASE};
use sops_core::keys::{
    self, DataKey, Environment, Family, Gpg, Identities, KeyService, KeyServices, MasterKey,
    Recipient,
};
use sops_core::{EncryptedDocument, Error};

#[cfg(feature = "keyservice")]
use crate::agent::client::{Agent, ReadyAgent};
#[cfg(feature = "keyservice")]
use crate::agent::control::AgentStatus;
#[cfg(feature = "keyservice")]
use crate::agent::socket::AgentSocket;
use crate::arguments::{GlobalArgs, OpeningArgs, invocation};
use crate::command_error::{Code, CommandError};
use crate::input::Input;
use crate::keys::cloud::Cloud;
use crate::keys::groups::KeyGroups;
use crate::keys::hints::hints;
use crate::keys::log::KeyLog;
use crate::keys::own::newest;
use crate::keys::unprompted::Unprompted;
use crate::ui::Ui;

/// The key services of a run, with private keys from the sources that `sops` uses.
pub(crate) struct Services {
    identities: Arc<Identities>,
    gpg: Arc<Gpg>,
    cloud: Cloud,
    all: Arc<KeyServices>,
    /// All services, except that the agent never asks the user.
    unprompted: Arc<KeyServices>,
    /// The log of the services in this program, if it is enabled.
    log: Option<Arc<KeyLog>>,
    is_local: bool,
    has_remote: bool,
    /// The messages about keys that were already printed.
    said: Mutex<Vec<String>>,
}

impl Services {
    /// The services that the flags specify.
    ///
    /// Refuses an invalid address of a key service. Under the name `sops`, that is a warning.
    pub(crate) fn new(ui: &Ui, globals: &GlobalArgs) -> Result<Self, CommandError> {
        Self::in_order(ui, globals, Vec::new())
    }

    /// The services that the flags specify, with the order in which key families are tried.
    pub(crate) fn for_opening(
        ui: &Ui,
        globals: &GlobalArgs,
        opening: &OpeningArgs,
    ) -> Result<Self, CommandError> {
        Self::in_order(ui, globals, opening.order(ui)?)
    }

    fn in_order(ui: &Ui, globals: &GlobalArgs, order: Vec<Family>) -> Result<Self, CommandError> {
        let identities = Identities::from_environment(Environment::process());
        let identities = Arc::new(identities.with_prompt(ui.prompt()));
        let gpg = Arc::new(Gpg::from_environment(Environment::process()));
        let mut all = KeyServices::new().with_decryption_order(order);
        let cloud = Cloud::new(globals.cloud_timeout);
        let is_local = globals.is_local();
        let log = ui.verbose_log().map(KeyLog::new);
        if is_local {
            all = all
                .with(KeyLog::logged(&identities, log.as_ref()))
                .with(KeyLog::logged(&gpg, log.as_ref()));
            if let Some(cloud) = cloud.service(log.as_ref()) {
                all = all.with(cloud);
            }
        }
        let mut has_remote = false;
        #[cfg(feature = "keyservice")]
        let agent = match is_local {
            true => AgentSocket::of_user().filter(AgentSocket::exists),
            false => None,
        };
        for address in globals.key_services() {
            // The agent may ask the user and has no keys on servers, unlike other key services.
            #[cfg(feature = "keyservice")]
            if agent
                .as_ref()
                .is_some_and(|agent| agent.address() == address)
            {
                continue;
            }
            match remote(address) {
                Ok(remote) => {
                    all = all.with(remote);
                    has_remote = true;
                }
                Err(error) if invocation::is_sops() => ui.warn(error.message()),
                Err(error) => return Err(error),
            }
        }
        let unprompted = all.clone();
        #[cfg(feature = "keyservice")]
        let unprompted = match ReadyAgent::of_user().filter(|_| is_local) {
            Some(agent) => unprompted.with(Arc::new(agent)),
            None => unprompted,
        };
        // The commands that print keys may ask the user, so the agent goes first.
        #[cfg(feature = "keyservice")]
        if let Some(agent) = agent.as_ref().and_then(Agent::at) {
            all = all.with_first(Arc::new(agent));
        }
        Ok(Self {
            identities,
            gpg,
            cloud,
            all: Arc::new(all),
            unprompted: Arc::new(unprompted),
            log,
            is_local,
            has_remote,
            said: Mutex::default(),
        })
    }

    /// All services as a single one.
    pub(crate) fn all(&self) -> Arc<dyn KeyService> {
        Arc::clone(&self.all) as _
    }

    /// The services that never prompt: local ones, and those that the user names.
    pub(crate) fn unprompted(&self) -> Unprompted {
        Unprompted::of(Arc::clone(&self.unprompted) as _)
    }

    /// Lets the keys on servers contact servers that only a file names, as in `sops`. Call this
    /// only for files that the user named: a repository must not be able to collect tokens.
    pub(crate) fn contact_servers_of_named_files(&self) {
        self.cloud.contact_any_server();
    }

    /// Refuses keys that none of the services knows.
    pub(crate) fn check(&self, groups: &[Vec<MasterKey>]) -> Result<(), CommandError> {
        let mut keys = groups.iter().flatten();
        match keys.find(|key| !self.all.serves(key.family())) {
            Some(key) => Err(CommandError::general(keys::Error::no_key_service(key))),
            None => Ok(()),
        }
    }

    /// The data key of the document that was read from `input`.
    pub(crate) fn data_key(
        &self,
        ui: &Ui,
        input: &Input,
        document: &EncryptedDocument<'_>,
    ) -> Result<DataKey, CommandError> {
        let key = document.data_key(&*self.all);
        self.say(ui);
        if let Some(log) = &self.log {
            log.flush();
        }
        if key.is_ok() {
            ui.log("SOPS", "info", "Data key recovered successfully");
        }
        key.map_err(|error| {
            let is_closed = matches!(error, Error::NoDataKey { damaged: None, .. });
            if is_closed && let Some(locked) = self.locked() {
                return locked.in_file(&input.name);
            }
            let hints = match &error {
                Error::NoDataKey {
                    missing,
                    damaged: None,
                    ..
                } => {
                    let keys = missing.iter();
                    // The message already says why a server refused.
                    let keys = keys.filter(|key| !self.serves_in_cloud(key.family()));
                    hints(keys, self.has_no_keys(), self.own_recipient().as_deref())
                }
                _ => Vec::new(),
            };
            let error = input.error(error).with_code(Code::CannotRetrieveDataKey);
            hints.into_iter().fold(error, CommandError::hint)
        })
    }

    /// Why the user's keys may not have been used, and what to do: a key file stayed locked, or the
    /// agent is locked.
    fn obstacle(&self) -> Option<(String, &'static str)> {
        let sources = self.identities.sources();
        let locked = sources.iter().find_map(|source| match &source.held {
            Held::Failed(reason) if reason == WRONG_PASSPHRASE => {
                Some((format!("incorrect passphrase for {}", source.name), "run the command again"))
            }
            Held::Failed(reason) if reason == NO_PASSPHRASE => Some((
                format!("{} needs a passphrase, and there is no terminal to ask for it", source.name),
                "run `sops-rs agent start` in a terminal: it asks once, and keeps the key in memory",
            )),
            _ => None,
        });
        #[cfg(feature = "keyservice")]
        let locked = locked.or_else(|| {
            let agent = AgentSocket::of_user().filter(|_| self.is_local)?;
            let status = AgentStatus::of(&agent).ok()??;
            status.locked.then(|| {
                let message = "the agent is locked, and no other key can decrypt this";
                (
                    message.to_owned(),
                    "to unlock it, run `sops-rs agent start`",
                )
            })
        });
        locked
    }

    /// The error if a key of the user stayed locked, or the agent is locked.
    pub(crate) fn locked(&self) -> Option<CommandError> {
        let (message, hint) = self.obstacle()?;
        Some(CommandError::new(Code::CannotRetrieveDataKey, message).hint(hint))
    }

    /// Like [`Self::obstacle`], for a command that never asks.
    pub(crate) fn obstacle_without_prompt(&self) -> Option<(String, &'static str)> {
        self.obstacle().or_else(|| {
            let source = self.identities.locked_source()?;
            let message = format!("the key in {source} is protected with a passphrase");
            Some((message, "run `sops-rs agent start`, which asks for it once"))
        })
    }

    /// The recipient of the user's newest age key, if it is known without a passphrase.
    fn own_recipient(&self) -> Option<String> {
        let own = self.identities.recipients().into_iter();
        let own: Vec<String> = own.map(|own| own.to_string()).collect();
        let native = own
            .iter()
            .map(String::as_str)
            .filter(|own| own.starts_with("age1"));
        newest(&native.collect::<Vec<_>>()).map(str::to_owned)
    }

    /// Whether the user has no age key, and no other way to get one.
    fn has_no_keys(&self) -> bool {
        let sources = self.identities.sources();
        let is_empty = |source: &SourceReport| match &source.held {
            Held::NotSet => true,
            // A variable that names a missing file is a mistake, not the lack of a key.
            Held::NoFile => !source.name.starts_with("SOPS_AGE_"),
            Held::Keys(keys) => keys.is_empty(),
            _ => false,
        };
        self.is_local && !self.has_remote && sources.iter().all(is_empty)
    }

    /// The document that was read from `input` with its data key encrypted for other key groups.
    pub(crate) fn with_key_groups(
        &self,
        ui: &Ui,
        input: &Input,
        document: &EncryptedDocument<'_>,
        KeyGroups { groups, threshold }: KeyGroups<'_>,
    ) -> Result<String, CommandError> {
        let key = self.data_key(ui, input, document)?;
        document
            .with_key_groups(&key, groups, threshold, &*self.all, SystemTime::now())
            .map_err(|error| input.error(error))
    }

    /// Warns if this machine could not decrypt the file with those key groups.
    pub(crate) fn warn_if_closed(&self, ui: &Ui, name: &str, key_groups: KeyGroups<'_>) {
        if let Some(closing) = self.closing(key_groups) {
            ui.warn(Self::closes(name, &closing));
        }
    }

    /// The end of the message that this machine could not decrypt a file with those key groups, or
    /// `None` if it could.
    ///
    /// This never asks the user: a group that a key service or a passphrase may be able to decrypt
    /// counts as decryptable.
    pub(crate) fn closing(&self, key_groups: KeyGroups<'_>) -> Option<String> {
        let open = self.opened(key_groups.groups);
        let needed = key_groups.needed();
        (open < needed).then(|| match (needed, open) {
            (1, _) => String::new(),
            (needed, open) => {
                format!(": {needed} key groups are needed, and your keys can decrypt {open}")
            }
        })
    }

    /// The warning about a change after which this machine cannot decrypt a file.
    pub(crate) fn closes(name: &str, closing: &str) -> String {
        format!(
            "none of your private keys can decrypt {name} after this change{closing}; only the holder of another key can undo it"
        )
    }

    /// Whether this machine certainly has the private key. Commands that print keys are not run.
    pub(crate) fn is_ours(&self, key: &MasterKey) -> bool {
        match key {
            MasterKey::Age { .. } => {
                let ours = self.identities.recipients().into_iter();
                ours.map(MasterKey::from).any(|ours| ours.is_same_key(key))
            }
            MasterKey::Pgp { fingerprint } => self.gpg.has_private_key(fingerprint),
            _ => false,
        }
    }

    /// Whether the user has a private key of age, and no key service may have others.
    pub(crate) fn has_age_key(&self) -> bool {
        // Many users have an SSH key and never decrypt with it.
        let is_native = |own: &Recipient| own.to_string().starts_with("age1");
        let own = || self.identities.recipients();
        self.is_local && !self.has_remote && own().iter().any(is_native)
    }

    /// Whether the user has private keys for age, and none of them can decrypt a file for those key
    /// groups.
    pub(crate) fn locks_out(&self, key_groups: KeyGroups<'_>) -> bool {
        self.has_age_key() && self.opened(key_groups.groups) < key_groups.needed()
    }

    /// How many of the key groups this machine can decrypt, or may be able to.
    fn opened(&self, groups: &[Vec<MasterKey>]) -> usize {
        let is_open = |group: &&Vec<MasterKey>| group.iter().any(|key| self.may_open(key));
        groups.iter().filter(is_open).count()
    }

    /// Whether an available private key belongs, or may belong, to the master key.
    pub(crate) fn may_open(&self, key: &MasterKey) -> bool {
        self.has_remote
            || self.is_local
                && match key {
                    MasterKey::Age { recipient } => self.identities.may_open(recipient),
                    MasterKey::Pgp { fingerprint } => self.gpg.has_private_key(fingerprint),
                    key => self.serves_in_cloud(key.family()),
                }
    }

    /// Where the credentials for a key on a server come from, after a request with the key.
    pub(crate) fn credential_source(&self, key: &MasterKey) -> Option<String> {
        match self.serves_in_cloud(key.family()) {
            true => self.cloud.credential_source(key),
            false => None,
        }
    }

    /// Writes the content of a file to a destination on a server.
    #[cfg(feature = "cloud-keys")]
    pub(crate) fn publish(
        &self,
        destination: &sops_kms::Destination,
        content: &[u8],
    ) -> Result<sops_kms::Published, sops_kms::PublishError> {
        // The server gets plaintext and a token, and the repository chose it.
        let trusts_configuration = invocation::is_sops();
        self.cloud
            .publish(destination, content, trusts_configuration)
    }

    /// Whether this program contacts the servers of the family itself.
    fn serves_in_cloud(&self, family: Family) -> bool {
        self.is_local && self.cloud.serves(family)
    }

    /// Prints each warning about the keys once and, with `--verbose`, where they were searched for.
    pub(crate) fn say(&self, ui: &Ui) {
        let warnings = self.identities.warnings().into_iter();
        let mut messages: Vec<String> = warnings.map(|text| format!("warning: {text}")).collect();
        if ui.is_verbose() {
            let sources = self.identities.sources().into_iter();
            messages.extend(sources.map(|source| source.to_string()));
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            if !said.contains(&message) {
                ui.note(&message);
                said.push(message);
            }
        }
    }
}

/// The key service at an address.
#[cfg(feature = "keyservice")]
fn remote(address: &str) -> Result<Arc<dyn KeyService>, CommandError> {
    let remote = sops_keyservice::Remote::new(address).ok_or_else(|| {
        // The address may contain a password before the host, which `sops` ignores.
        let shown = match address.contains('@') {
            true => "the address".to_owned(),
            false => format!("`{}`", address.escape_debug()),
        };
        let message = format!(
            "`--keyservice` or SOPS_KEYSERVICE: {shown} is not the address of a key service"
        );
        CommandError::new(Code::Generic, message)
            .hint("an address is `unix:///path/of/a/socket` or `tcp://host:port`")
    })?;
    Ok(Arc::new(remote))
}

/// No key services, because this program was built without them.
#[cfg(not(feature = "keyservice"))]
fn remote(_: &str) -> Result<Arc<dyn KeyService>, CommandError> {
    let message = "`--keyservice` or SOPS_KEYSERVICE: this sops-rs was built without key services";
    Err(CommandError::new(Code::Generic, message)
        .hint("install a release package, or build it with `--features keyservice`"))
}
