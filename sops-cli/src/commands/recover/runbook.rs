//! The page for the day on which the cluster is gone, with the facts of the repository.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::SystemTime;

use sops_core::config::Config;
use sops_core::keys::{MasterKey, Recipient};
use sops_lint::flux::{Decryption, SourceOrigin};
use sops_lint::{shell_path, shell_word};
use sops_printable::one_line;

use crate::arguments::SecretArgs;
use crate::command_error::{CommandError, name_of};
use crate::flux::read_repository;
use crate::git::Objects;
use crate::keys::names::short;
use crate::recipient_edit::RecipientNames;

/// What the page says about a repository.
pub(super) struct Facts {
    /// The abbreviated ID of the last commit.
    commit: String,
    /// The recipients of the backup.
    backup: Vec<String>,
    /// The recipients in `.sops.yaml`, each with its name.
    recipients: Vec<(String, Option<String>)>,
    /// How many encrypted files there are.
    files: usize,
    builds: Vec<Build>,
    /// The directories with Flux's own objects, one for each cluster.
    directories: BTreeSet<String>,
    /// The Secrets that Flux takes its keys from: their namespaces and names.
    secrets: BTreeSet<(String, String)>,
}

/// What Flux decrypts.
struct Build {
    name: String,
    path: String,
    files: usize,
    keys: String,
}

impl Facts {
    pub(super) fn read(
        root: &Path,
        backup: &[Recipient],
        config: Option<&Config>,
        files: usize,
        secret: &SecretArgs,
    ) -> Result<Self, CommandError> {
        // Anyone who can change the configuration can change the names, so the recipients are shown
        // too.
        let names = config.map(RecipientNames::of).unwrap_or_default();
        let rules = config.and_then(Config::creation_rules);
        let keys = rules.iter().flat_map(|rules| rules.iter());
        let keys = keys.flat_map(|rule| rule.key_groups.iter().flatten());
        let mut recipients = Vec::new();
        for key in keys {
            let recipient = (shown(key), names.name(key).map(str::to_owned));
            if !recipients.contains(&recipient) {
                recipients.push(recipient);
            }
        }
        let root = root
            .canonicalize()
            .map_err(|error| CommandError::input(name_of(root), &error))?;
        let tree = read_repository(&root)?;
        let default = (secret.namespace.clone(), secret.name.clone());
        let mut facts = Self {
            commit: last_commit()?,
            backup: backup.iter().map(ToString::to_string).collect(),
            recipients,
            files,
            builds: Vec::new(),
            directories: BTreeSet::new(),
            secrets: BTreeSet::new(),
        };
        for kustomization in &tree.applied().kustomizations {
            let built = kustomization.encrypted_files().len();
            if built == 0 || kustomization.origin() == SourceOrigin::Other {
                continue;
            }
            let keys = match kustomization.decryption() {
                Decryption::Secret(name) => {
                    let namespace = kustomization.namespace().unwrap_or(&default.0);
                    let secret = (namespace.to_owned(), name.to_owned());
                    let keys = format!("{}/{}", secret.0, secret.1);
                    facts.secrets.insert(secret);
                    keys
                }
                Decryption::ServiceAccount(name) => format!("service account {name}"),
                Decryption::Controller => "the controller".to_owned(),
                _ => "does not decrypt".to_owned(),
            };
            facts.builds.push(Build {
                name: kustomization.name().to_owned(),
                path: kustomization.path().to_owned(),
                files: built,
                keys,
            });
            let file = kustomization
                .file()
                .and_then(|file| file.strip_prefix(&root).ok());
            if let Some(directory) = file.and_then(Path::parent) {
                facts.directories.insert(name_of(directory));
            }
        }
        if facts.secrets.is_empty() {
            facts.secrets.insert(default);
        }
        Ok(facts)
    }
}

fn shown(key: &MasterKey) -> String {
    match key {
        MasterKey::Age { recipient } => short(recipient),
        key => format!("{} {}", key.family().name(), key.id()),
    }
}

fn last_commit() -> Result<String, CommandError> {
    const SHOWN: usize = 10;
    let id = Objects::open()?.commit("HEAD").unwrap_or_default();
    Ok(id.chars().take(SHOWN).collect())
}

/// The page, as Markdown.
pub(super) fn text(facts: &Facts) -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let day = now.get(..10).unwrap_or_default();
    let mut text = format!(
        "# The cluster is gone\n\n\
         This page was printed by `sops-rs recover drill --runbook` on {day}, for commit {}.\n\
         The repository has everything that you need, except:\n\n",
        code(&facts.commit)
    );
    for recipient in &facts.backup {
        let _ = writeln!(text, "- the private key of {}", code(&short(recipient)));
    }
    let _ = write!(
        text,
        "\nYou also need a clone, the programs `sops-rs`, `flux` and `kubectl`, and a new cluster.\n\n\
         ## 1. Restore the key\n\n\
         If the backup is in shares:\n\n\
         ```sh\n\
         sops-rs keys join --recipient {} --output /dev/shm/restored.txt\n\
         ```\n\n\
         Otherwise, copy the backup to `/dev/shm/restored.txt`, and run `chmod 600 /dev/shm/restored.txt`.\n\n\
         ## 2. Check that it decrypts everything\n\n\
         ```sh\n\
         sops-rs recover drill --key-file /dev/shm/restored.txt\n\
         ```\n\n\
         ## 3. Give it to the cluster\n\n\
         ```sh\n",
        facts.backup.first().map_or("age1…", |all| beginning(all))
    );
    for (namespace, name) in &facts.secrets {
        let _ = writeln!(
            text,
            "sops-rs flux install-key --create-namespace --age-key-file /dev/shm/restored.txt --namespace {} --name {}",
            shell_word(namespace),
            shell_word(name)
        );
    }
    text += "```\n\n## 4. Start Flux\n\n";
    if facts.directories.len() > 1 {
        text += "Run only the line for the cluster that you are rebuilding:\n\n";
    }
    text += "```sh\n";
    for directory in &facts.directories {
        let _ = writeln!(
            text,
            "flux bootstrap git --url=\"$(git remote get-url origin)\" --branch=\"$(git branch --show-current)\" --path={}",
            shell_path(directory)
        );
    }
    if facts.directories.is_empty() {
        text += "# No Flux Kustomization builds an encrypted file, so apply the files yourself:\n\
                 SOPS_AGE_KEY_FILE=/dev/shm/restored.txt sops-rs apply --filename DIRECTORY\n";
    }
    text += "```\n\n\
             ## 5. Check the cluster\n\n\
             ```sh\n\
             SOPS_AGE_KEY_FILE=/dev/shm/restored.txt sops-rs flux verify\n\
             flux get kustomizations\n\
             rm /dev/shm/restored.txt\n\
             ```\n\n\
             If others may have access to the old cluster, its keys or its Secrets, replace the key and every value.\n\n";
    text += &tables(facts);
    text
}

fn tables(facts: &Facts) -> String {
    let mut text = format!("## What is encrypted\n\n{} files", facts.files);
    if facts.files == 1 {
        text.truncate(text.len() - 1);
    }
    text += match facts.builds.is_empty() {
        true => ".\n",
        false => {
            ". Flux decrypts:\n\n| Kustomization | path | files | keys from |\n|---|---|---|---|\n"
        }
    };
    for Build {
        name,
        path,
        files,
        keys,
    } in &facts.builds
    {
        let _ = writeln!(
            text,
            "| {} | {} | {files} | {} |",
            code(name),
            code(path),
            code(keys)
        );
    }
    if !facts.recipients.is_empty() {
        text += "\n## Who can decrypt\n\n| recipient | name |\n|---|---|\n";
    }
    for (recipient, name) in &facts.recipients {
        let name = name.as_deref().map(code).unwrap_or_default();
        let _ = writeln!(text, "| {} | {name} |", code(recipient));
    }
    text
}

/// The part of a recipient that `keys join` needs to recognize it.
fn beginning(recipient: &str) -> &str {
    const LENGTH: usize = 62;
    recipient.get(..LENGTH).unwrap_or(recipient)
}

/// Text from the repository, as code in a table. It cannot end the code or the cell.
fn code(text: &str) -> String {
    let text = one_line(text).replace('`', "'").replace('|', "\\|");
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_the_repository_stays_in_its_cell() {
        assert_eq!(code("a | `b`\n| c"), r"`a \| 'b'\n\| c`");
    }
}
