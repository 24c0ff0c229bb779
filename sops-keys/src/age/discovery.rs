//! Finds private keys for age in the environment variables and files of `sops`, in its order.
//!
//! A missing or unusable source never affects the others: it is reported only if no key can
//! decrypt.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::environment::{Environment, USER_KEY_FILE};
use crate::reading::FileKind;
use crate::spelling::holds_private_key;

use super::command::{KeyCommand, Prints};
use super::identities::Identities;
use super::identity::KeyLayout;
use super::key_file::from_file;
use super::source::{KeySource, SourceContent};

const KEY: &str = "SOPS_AGE_KEY";

const KEY_FILE: &str = "SOPS_AGE_KEY_FILE";

const KEY_CMD: &str = "SOPS_AGE_KEY_CMD";

const SSH_KEY_FILE: &str = "SOPS_AGE_SSH_PRIVATE_KEY_FILE";

const SSH_KEY_CMD: &str = "SOPS_AGE_SSH_PRIVATE_KEY_CMD";

/// The names of the default SSH private keys in `~/.ssh`.
const SSH_KEYS: [&str; 2] = ["id_ed25519", "id_rsa"];

impl Identities {
    /// The identities from the sources that `sops` uses, in its order:
    ///
    /// 1. `SOPS_AGE_SSH_PRIVATE_KEY_FILE`, a file with an SSH key; `SOPS_AGE_SSH_PRIVATE_KEY_CMD`,
    ///    a command that prints one; `~/.ssh/id_ed25519` and `~/.ssh/id_rsa`.
    /// 2. `SOPS_AGE_KEY`, identities separated by white space; `SOPS_AGE_KEY_FILE`, a key file;
    ///    `SOPS_AGE_KEY_CMD`, a command that prints one; then the [key file](Environment::key_file)
    ///    in the configuration directory.
    ///
    /// Commands run without a shell, with their words split as in a shell, with
    /// `SOPS_AGE_RECIPIENT` set to the current recipient, and with empty standard input. Their
    /// standard error is dropped.
    ///
    /// Nothing is read before it is needed. [`key_files`] lists the files.
    ///
    /// ```
    /// use sops_keys::{Environment, Identities};
    ///
    /// let identities = Identities::from_environment(Environment::new([("SOPS_AGE_KEY", "")]));
    /// assert!(identities.recipients().is_empty());
    /// ```
    #[must_use]
    pub fn from_environment(environment: Environment) -> Self {
        Self::lazy(move || load(&environment))
    }
}

/// The files that [`Identities::from_environment`] reads identities from; they need not exist.
#[must_use]
pub fn key_files(environment: &Environment) -> Vec<PathBuf> {
    let mut variables = vec![KEY_FILE];
    let mut files = Vec::new();
    if cfg!(feature = "ssh") {
        variables.push(SSH_KEY_FILE);
        let home = environment.home().into_iter();
        files.extend(home.flat_map(|home| SSH_KEYS.map(|name| home.join(".ssh").join(name))));
    }
    let named = variables
        .into_iter()
        .filter_map(|name| environment.var(name));
    files.extend(named.map(PathBuf::from));
    files.extend(environment.key_file());
    files
}

fn load(environment: &Environment) -> Vec<KeySource> {
    let mut sources = ssh_sources(environment);

    sources.push(KeySource::new(
        KEY,
        match environment.var(KEY) {
            None => SourceContent::NotSet,
            Some(text) => {
                let text = Zeroizing::new(text.into_encoded_bytes());
                SourceContent::of_keys(text, KeyLayout::Words)
            }
        },
    ));
    sources.push(match environment.var(KEY_FILE) {
        None => KeySource::new(KEY_FILE, SourceContent::NotSet),
        Some(path) if holds_private_key(&path.to_string_lossy()) => KeySource::new(
            KEY_FILE,
            SourceContent::Failed(
                "this is a private key, not the name of a file; put keys into SOPS_AGE_KEY"
                    .to_owned(),
            ),
        ),
        Some(path) => {
            let name = format!("{KEY_FILE} ({})", Path::new(&path).display());
            from_file(environment, name, Path::new(&path), FileKind::Any, key_file)
        }
    });
    sources.push(from_command(environment, KEY_CMD, Prints::Keys));
    sources.push(match environment.config_dir() {
        Ok(directory) => {
            let path = directory.join(USER_KEY_FILE);
            let name = path.display().to_string();
            from_file(environment, name, &path, FileKind::Regular, key_file)
        }
        Err(message) => KeySource::new(USER_KEY_FILE, SourceContent::Failed(message.to_owned())),
    });
    sources
}

#[cfg(feature = "ssh")]
fn ssh_sources(environment: &Environment) -> Vec<KeySource> {
    let mut sources = vec![
        match environment.var(SSH_KEY_FILE) {
            None => KeySource::new(SSH_KEY_FILE, SourceContent::NotSet),
            Some(path) => {
                let name = format!("{SSH_KEY_FILE} ({})", Path::new(&path).display());
                from_file(
                    environment,
                    name,
                    Path::new(&path),
                    FileKind::Any,
                    SourceContent::of_ssh_key,
                )
            }
        },
        from_command(environment, SSH_KEY_CMD, Prints::SshKey),
    ];
    for file in SSH_KEYS {
        sources.push(match environment.home() {
            Ok(home) => {
                let path = home.join(".ssh").join(file);
                let name = path.display().to_string();
                from_file(
                    environment,
                    name,
                    &path,
                    FileKind::Regular,
                    SourceContent::of_ssh_key,
                )
            }
            Err(message) => KeySource::new(
                &format!(".ssh/{file}"),
                SourceContent::Failed(message.to_owned()),
            ),
        });
    }
    sources
}

/// Without the feature, the default SSH files are ignored. Variables that name SSH keys still
/// produce an error.
#[cfg(not(feature = "ssh"))]
fn ssh_sources(environment: &Environment) -> Vec<KeySource> {
    let sources = [SSH_KEY_FILE, SSH_KEY_CMD].into_iter();
    sources
        .filter(|name| environment.var(name).is_some())
        .map(|name| KeySource::new(name, SourceContent::of_ssh_key(Zeroizing::default())))
        .collect()
}

fn key_file(text: Zeroizing<Vec<u8>>) -> SourceContent {
    SourceContent::of_keys(text, KeyLayout::Lines)
}

fn from_command(environment: &Environment, name: &str, prints: Prints) -> KeySource {
    let content =
        environment.var(name).map_or(SourceContent::NotSet, |line| {
            match KeyCommand::parse(&line, prints, environment) {
                Ok(command) => SourceContent::of_command(command),
                Err(message) => SourceContent::Failed(message.to_owned()),
            }
        });
    KeySource::new(name, content)
}

#[cfg(test)]
mod tests;
