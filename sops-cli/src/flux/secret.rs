//! The Secret with the keys that Flux decrypts with.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sops_core::keys::age::Recipient;
use sops_core::keys::{Environment, Family, Identities, MasterKey};
use sops_core::{EncryptedDocument, Error, MacCheck};
use sops_lint::shell_path;
use zeroize::Zeroizing;

use super::report::FluxCheck;
use crate::input::Input;

/// The end of the names of entries with age identities.
const AGE: &str = ".agekey";
/// The end of the names of entries with PGP keys.
const PGP: &str = ".asc";

const INSTALL: &str = "install this computer's key with `sops-rs flux install-key`";

/// The recipients of the identities in a Secret, each with the name of its entry.
pub(crate) fn recipients_in(secret: &Value) -> Vec<(String, Recipient)> {
    let entries = secret["data"].as_object().into_iter().flatten();
    let recipients_by_entry = entries.flat_map(|(entry, value)| {
        let recipients = identities_in(entry, &decoded(value)).recipients();
        recipients
            .into_iter()
            .map(|recipient| (entry.clone(), recipient))
    });
    recipients_by_entry.collect()
}

/// The identities in a Secret.
pub(crate) fn identities_of_secret(secret: &Value) -> Identities {
    let mut identities = Identities::new();
    for (entry, value) in secret["data"].as_object().into_iter().flatten() {
        // An entry that Flux cannot read either has no key.
        let _ = identities.add_keys(entry, &decoded(value));
    }
    identities
}

/// The identities in an entry. If other text makes the entry unreadable as a whole, these are the
/// identities that have their own line.
fn identities_in(entry: &str, text: &[u8]) -> Identities {
    let mut identities = Identities::new();
    if identities.add_keys(entry, text).is_err() {
        for line in text.split(|byte| *byte == b'\n') {
            // A line without a key is what makes the entry unreadable.
            let _ = identities.add_keys(entry, line);
        }
    }
    identities
}

fn decoded(entry: &Value) -> Zeroizing<Vec<u8>> {
    let bytes = BASE64_STANDARD.decode(entry.as_str().unwrap_or_default());
    Zeroizing::new(bytes.unwrap_or_default())
}

/// The keys of the user that the Secret is compared with.
pub(crate) enum OwnKeys {
    /// The keys that `sops` finds.
    Computer,
    /// The keys of a backup.
    Backup(Vec<Recipient>),
}

impl OwnKeys {
    fn name(&self) -> &'static str {
        match self {
            Self::Computer => "this computer's key",
            Self::Backup(_) => "backup",
        }
    }

    fn recipients(&self) -> Vec<Recipient> {
        match self {
            Self::Computer => Identities::from_environment(Environment::process()).recipients(),
            Self::Backup(recipients) => recipients.clone(),
        }
    }
}

/// The keys in a Secret.
pub(crate) struct DecryptionSecret {
    identities: Identities,
    recipients: Vec<Recipient>,
    has_pgp: bool,
}

impl DecryptionSecret {
    /// Reads the keys of a Secret, each entry on its own, and reports the errors in them.
    pub(crate) fn of(secret: &Value, subject: &str) -> (Self, Vec<FluxCheck>) {
        let mut identities = Identities::new();
        let mut has_pgp = false;
        let mut checks = Vec::new();
        for (name, value) in secret["data"].as_object().into_iter().flatten() {
            has_pgp |= name.ends_with(PGP);
            if !name.ends_with(AGE) {
                continue;
            }
            let text = decoded(value);
            let name = format!("`{name}`");
            if let Err(error) = identities.add_keys(&name, &text) {
                checks.push(FluxCheck::gap(subject, error.to_string()).hint(INSTALL));
            }
        }
        let recipients = identities.recipients();
        if recipients.is_empty() && !has_pgp {
            let finding =
                format!("has no usable age identity in an entry whose name ends with `{AGE}`");
            checks.push(FluxCheck::gap(subject, finding).hint(INSTALL));
        }
        for recipient in &recipients {
            checks.push(FluxCheck::ok(
                subject,
                format!("has the key of {recipient}"),
            ));
        }
        let keys = Self {
            identities,
            recipients,
            has_pgp,
        };
        (keys, checks)
    }

    /// Whether the user has one of the keys. Key files also have retired keys, so only those of the
    /// user's own keys count that the files are encrypted for.
    pub(crate) fn check_own(&self, own: &OwnKeys, files: &[Recipient]) -> FluxCheck {
        let subject = own.name();
        let own = own.recipients();
        let mut natives = own.iter().filter(|key| key.to_string().starts_with("age1"));
        let is_used = |key: &&Recipient| files.is_empty() || files.contains(key);
        let Some(first) = natives.clone().next() else {
            return FluxCheck::note(subject, "not found, so it cannot be compared");
        };
        let mut used = natives.clone().filter(is_used);
        if natives.any(|key| self.recipients.contains(key)) {
            return FluxCheck::ok(subject, "is in the cluster");
        }
        let finding = match used.next() {
            Some(key) => format!("is not in the cluster, and need not be: {key}"),
            None => format!("is not a recipient of these files: {first}"),
        };
        FluxCheck::note(subject, finding)
    }

    /// Whether Flux could decrypt the file. Like Flux, this ignores the MAC.
    pub(crate) fn check_file(&self, input: &Input) -> FluxCheck {
        let subject = input.name.as_str();
        let opened = EncryptedDocument::parse(&*input.content, input.format).and_then(|document| {
            let key = document.data_key(&self.identities)?;
            document.decrypt(&key, MacCheck::Ignore).map(drop)
        });
        let Err(error) = opened else {
            return FluxCheck::ok(subject, "can be decrypted with the key in the cluster");
        };
        match &error {
            Error::NoDataKey { .. } if self.has_pgp && has_family(input, Family::Pgp) => {
                FluxCheck::note(subject, "was not checked: it is encrypted for a PGP key, and PGP keys in the Secret are not read")
            }
            Error::NoDataKey { .. } if !needs_secret(input) => {
                FluxCheck::note(subject, "was not checked: it is encrypted for a cloud key")
            }
            Error::NoDataKey { .. } => FluxCheck::gap(subject, "cannot be decrypted with the keys in the cluster")
                .hint(format!(
                    "add the recipient of the key in the cluster to `.sops.yaml`, and run `sops-rs updatekeys {}`, or `sops-rs updatekeys -y .` for all files",
                    shell_path(subject)
                )),
            _ => FluxCheck::gap(subject, input.error(error).summary()),
        }
    }
}

/// Whether only a key from a Secret can decrypt the file, and no cloud key.
pub(crate) fn needs_secret(input: &Input) -> bool {
    let families = families(input);
    let is_local = |family: &Family| matches!(family, Family::Age | Family::Pgp);
    families.is_empty() || families.iter().all(is_local)
}

fn has_family(input: &Input, family: Family) -> bool {
    families(input).contains(&family)
}

/// The kinds of the keys that the file is encrypted for.
fn families(input: &Input) -> Vec<Family> {
    master_keys(input).iter().map(MasterKey::family).collect()
}

/// The age recipients that the file is encrypted for.
pub(crate) fn recipients_of(input: &Input) -> Vec<Recipient> {
    let keys = master_keys(input).into_iter();
    keys.filter_map(|key| match key {
        MasterKey::Age { recipient } => recipient.parse().ok(),
        _ => None,
    })
    .collect()
}

fn master_keys(input: &Input) -> Vec<MasterKey> {
    let document = EncryptedDocument::parse(&*input.content, input.format);
    let keys = document.map(|document| document.metadata().master_keys().concat());
    keys.unwrap_or_default()
}
