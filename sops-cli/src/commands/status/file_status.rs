//! What is known about an encrypted file without decrypting it.

use serde::Serialize;
use sops_core::config::Config;
use sops_core::keys::MasterKey;
use sops_core::{EncryptedDocument, Format};

use crate::batch::BatchFile;
use crate::command_error::{CommandError, Role, name_of};
use crate::config::resolve::ConfigResolver;
use crate::config::rule_drift::RuleDrift;
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::keys::changes::KeyChanges;
use crate::keys::groups::KeyGroups;
use crate::keys::own::of_agent;
use crate::keys::services::Services;
use crate::proposal;
use crate::recipient_edit::NamesByConfig;

/// An encrypted file.
#[derive(Serialize)]
pub(super) struct FileStatus {
    pub(super) path: String,
    /// Whether an available key decrypts the file or, if that needs a question or a command, may
    /// decrypt it.
    pub(super) readable: bool,
    /// Whether that is certain: no passphrase, plugin, command or server has to be asked.
    pub(super) certain: bool,
    pub(super) recipients: Vec<FileRecipient>,
    /// The creation rule; `None` if no rule matches.
    pub(super) rule: Option<FileRule>,
    /// The file that this proposal is for; `None` if it is not a proposal.
    pub(super) proposal_for: Option<String>,
    /// How the file differs from its rule; empty if it does not.
    pub(super) drift: Vec<String>,
    pub(super) mac_only_encrypted: bool,
    pub(super) last_modified: String,
}

/// Someone who can decrypt the file.
#[derive(Serialize)]
pub(super) struct FileRecipient {
    pub(super) family: &'static str,
    pub(super) id: String,
    /// The comment at the end of the recipient's line in `.sops.yaml`.
    pub(super) name: Option<String>,
    /// The key group, from 1.
    pub(super) group: usize,
}

/// The creation rule of a file.
#[derive(Serialize)]
pub(super) struct FileRule {
    pub(super) config: String,
    /// The number of the rule, from 1.
    pub(super) number: usize,
    pub(super) path_regex: Option<String>,
}

/// Reads files. The names in each configuration are read once.
pub(super) struct StatusReader<'r> {
    services: &'r Services,
    /// The recipients of the keys that the agent has unlocked.
    of_agent: Vec<String>,
    resolver: &'r ConfigResolver,
    names: NamesByConfig,
}

impl<'r> StatusReader<'r> {
    pub(super) fn new(services: &'r Services, resolver: &'r ConfigResolver) -> Self {
        Self {
            services,
            of_agent: of_agent(),
            resolver,
            names: NamesByConfig::default(),
        }
    }

    pub(super) fn read(&self, item: &BatchFile) -> Result<FileStatus, CommandError> {
        let by_name = InputFormat::of_name(&item.path);
        let input = Input::read(Some(&item.path), by_name, Role::Encrypted)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let metadata = document.metadata();
        let resolved = self.resolver.of(item)?;
        let config = resolved.config.as_deref();
        let names = config.map(|config| self.names.of(config));
        let groups = metadata.master_keys();
        let keys = groups.iter().enumerate();
        let keys = keys.flat_map(|(group, keys)| keys.iter().map(move |key| (group, key)));
        let recipients = keys.map(|(group, key)| FileRecipient {
            family: key.family().name(),
            id: key.id(),
            name: names
                .as_ref()
                .and_then(|names| names.name(key).map(str::to_owned)),
            group: group + 1,
        });
        let recipients = recipients.collect();
        let key_groups = KeyGroups {
            groups: &groups,
            threshold: metadata.shamir_threshold,
        };
        let open = |opens: &dyn Fn(&MasterKey) -> bool| {
            let open = groups.iter().filter(|keys| keys.iter().any(opens));
            open.count() >= key_groups.needed()
        };
        let certain = open(&|key| self.is_ready(key));
        let proposal_for = proposal::target(&item.path).map(|file| name_of(&file));
        // A proposal has a rule of its own, and the recipients that its file had.
        let rule = resolved.rule().filter(|_| proposal_for.is_none());
        let number = config
            .and_then(Config::creation_rules)
            .zip(rule)
            .and_then(|(rules, rule)| rules.iter().position(|own| std::ptr::eq(own, rule)));
        Ok(FileStatus {
            path: name_of(&item.path),
            readable: certain || open(&|key| self.services.may_open(key)),
            certain,
            recipients,
            rule: config.zip(rule).map(|(config, rule)| FileRule {
                config: name_of(config.file()),
                number: number.unwrap_or_default() + 1,
                path_regex: rule.path_regex.clone(),
            }),
            proposal_for,
            drift: rule.map_or_else(Vec::new, |rule| {
                let changes = KeyChanges::between(metadata, rule);
                let lines = changes.lines().iter();
                let keys = lines.filter_map(|line| match line.split_at_checked(4) {
                    Some(("+++ ", key)) => Some(format!("lacks {key}")),
                    Some(("--- ", key)) => Some(format!("also has {key}")),
                    _ => None,
                });
                let selection = RuleDrift::between(metadata, rule, input.format);
                let selection = selection.map(|drift| drift.to_string());
                let mac = (metadata.mac_only_encrypted != rule.mac_only_encrypted
                    && input.format != Format::Binary)
                    .then(|| "its `mac_only_encrypted` setting differs".to_owned());
                keys.chain(selection).chain(mac).collect()
            }),
            mac_only_encrypted: metadata.mac_only_encrypted,
            last_modified: metadata.last_modified.clone(),
        })
    }
    /// Whether a private key of the user, or of the agent, belongs to the master key.
    fn is_ready(&self, key: &MasterKey) -> bool {
        self.services.is_ours(key) || self.of_agent.contains(&key.id())
    }
}
