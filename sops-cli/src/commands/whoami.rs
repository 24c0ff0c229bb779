//! `sops-rs whoami`.

use sops_core::keys::age::Held;
use sops_core::keys::{Environment, Family, Identities, MasterKey};
use sops_core::{Format, parse_document};

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::load;
use crate::keys::own::{OwnKey, of_agent, own_keys};
use crate::keys::services::Services;
use crate::recipient_edit::{Occurrence, occurrences};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs whoami
  sops-rs whoami --config .sops.yaml";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

pub(crate) fn cmd_whoami(ui: &Ui, globals: &GlobalArgs, _: &Args) -> Result<(), CommandError> {
    let identities = Identities::from_environment(Environment::process());
    let mut own = own_keys(&identities);
    let of_agent = of_agent();
    let is_unlocked = !of_agent.is_empty();
    for recipient in of_agent {
        if !own.iter().any(|key| key.recipient == recipient) {
            let source = "the agent".to_owned();
            own.push(OwnKey { recipient, source });
        }
    }
    let rules = RuleNames::read(ui, globals)?;
    for key in &own {
        ui.print(&key.recipient)?;
        ui.print(format_args!("  key in {}", key.source))?;
        rules.print(ui, &key.recipient)?;
    }
    let services = Services::new(ui, globals)?;
    let mut has_pgp = false;
    for fingerprint in rules.fingerprints() {
        let key = MasterKey::Pgp {
            fingerprint: fingerprint.replace(' ', ""),
        };
        if services.is_ours(&key) {
            has_pgp = true;
            ui.print(format_args!("{} {}", Family::Pgp, key.id()))?;
            ui.print("  key in GnuPG")?;
            rules.print(ui, fingerprint)?;
        }
    }
    for source in identities.sources() {
        match source.held {
            // The agent has unlocked these keys.
            Held::Locked if is_unlocked => {}
            Held::Locked | Held::NotRun | Held::Failed(_) => ui.note(&source),
            _ => {}
        }
    }
    if own.is_empty()
        && !has_pgp
        && let Some(source) = identities.locked_source()
    {
        let message = format!("your key in {source} is protected with a passphrase");
        return Err(CommandError::new(Code::Generic, message)
            .hint("`sops-rs agent start` asks for it; `whoami` then shows the recipient"));
    }
    if own.is_empty() && !has_pgp {
        return Err(CommandError::new(Code::Generic, "you have no keys")
            .hint("`sops-rs init` creates a key; if the repository already has a `.sops.yaml`, it also prints a line to send to someone who can decrypt the files"));
    }
    Ok(())
}

/// The recipients that the creation rules name.
struct RuleNames {
    file: String,
    /// The description of each rule.
    rules: Vec<String>,
    occurrences: Vec<Occurrence>,
}

impl RuleNames {
    /// Reads the configuration for the working directory, if there is one.
    fn read(ui: &Ui, globals: &GlobalArgs) -> Result<Self, CommandError> {
        let config = load::config(ui, globals)?;
        let Some(config) = config else {
            return Ok(Self {
                file: String::new(),
                rules: Vec::new(),
                occurrences: Vec::new(),
            });
        };
        // An empty configuration is valid, but not a document.
        let document = parse_document(config.text(), Format::Yaml);
        let occurrences = document.map(|document| occurrences(&document));
        let rules = config.creation_rules().unwrap_or_default().iter();
        let rules = rules.enumerate().map(|(index, rule)| {
            let pattern = rule.path_regex.as_deref().unwrap_or("every file");
            format!("rule {} ({pattern})", index + 1)
        });
        Ok(Self {
            file: name_of(config.file()),
            rules: rules.collect(),
            occurrences: occurrences.unwrap_or_default(),
        })
    }

    /// Prints which rules name the recipient.
    fn print(&self, ui: &Ui, recipient: &str) -> Result<(), CommandError> {
        if self.rules.is_empty() {
            return Ok(());
        }
        let mut named = self
            .occurrences
            .iter()
            .filter(|own| own.recipient == recipient);
        let mut rules: Vec<&str> = Vec::new();
        let mut name = None;
        for occurrence in named.by_ref() {
            name = name.or(occurrence.name.as_deref());
            let rule = self.rules.get(occurrence.rule).map(String::as_str);
            rules.extend(rule.filter(|rule| !rules.contains(rule)));
        }
        let name = name.map(|name| format!(" as {name}")).unwrap_or_default();
        match rules.is_empty() {
            true => ui.print(format_args!("  not named in {}", self.file)),
            false => ui.print(format_args!(
                "  named{name} in {}: {}",
                self.file,
                rules.join(", ")
            )),
        }
    }

    fn fingerprints(&self) -> Vec<&str> {
        let keys = self.occurrences.iter().filter(|own| own.field == "pgp");
        let mut all: Vec<&str> = keys.map(|own| own.recipient.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
