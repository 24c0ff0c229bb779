//! Databases with the objects of a cluster: which Secrets they have in plaintext.

mod record;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use self::record::{StoredForm, StoredSecret};
use self::search::search;
use super::report::{Check, listed};

const CHECK: &str = "stored-secrets";

/// How many Secrets are told apart. Beyond that, the rest is not listed.
const MOST_SECRETS: usize = 200_000;

/// The program that wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DatabaseKind {
    /// The data of etcd, or a snapshot.
    Etcd,
    /// The log of etcd, which has the latest changes once more.
    EtcdLog,
    /// The database of k3s without etcd, or its log.
    Kine,
}

impl DatabaseKind {
    /// The kind of an open file; `None` if it is not a database.
    pub(super) fn of(path: &Path, file: &mut File) -> io::Result<Option<Self>> {
        let mut start = Vec::with_capacity(32);
        file.by_ref().take(32).read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        let is_log = path.extension().is_some_and(|extension| extension == "wal")
            && path
                .parent()
                .is_some_and(|directory| directory.ends_with("wal"));
        Ok(match &start[..] {
            [b'S', b'Q', b'L', b'i', b't', b'e', b' ', ..] => Some(Self::Kine),
            // The log of SQLite.
            [0x37, 0x7f, 0x06, 0x82 | 0x83, ..] => Some(Self::Kine),
            // The first page of bbolt has this number after its header.
            [
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                0xed,
                0xda,
                0x0c,
                0xed,
                ..,
            ] => Some(Self::Etcd),
            _ if is_log => Some(Self::EtcdLog),
            _ => None,
        })
    }
}

/// The versions of a Secret.
#[derive(Default)]
struct Versions {
    latest: Option<(u64, StoredForm)>,
    has_plaintext: bool,
}

/// The Secrets of a database.
#[derive(Default)]
struct StoredSecrets {
    by_name: BTreeMap<String, Versions>,
    is_incomplete: bool,
    /// How many values are in another page than their row.
    unsearched: usize,
}

impl StoredSecrets {
    fn add(&mut self, version: StoredSecret) {
        let StoredSecret {
            name,
            revision,
            form,
        } = version;
        self.unsearched += usize::from(form == StoredForm::Unsearched);
        if self.by_name.len() >= MOST_SECRETS && !self.by_name.contains_key(&name) {
            self.is_incomplete = true;
            return;
        }
        let versions = self.by_name.entry(name).or_default();
        versions.has_plaintext |= form == StoredForm::Plaintext;
        if let Some(revision) = revision
            && versions
                .latest
                .as_ref()
                .is_none_or(|(latest, _)| *latest <= revision)
        {
            versions.latest = Some((revision, form));
        }
    }
}

/// Searches a database. Without Secrets, there is a result only if the file `is_expected` to have
/// some.
pub(super) fn checks(
    kind: DatabaseKind,
    subject: &str,
    file: File,
    is_expected: bool,
) -> io::Result<Vec<Check>> {
    let mut secrets = StoredSecrets::default();
    search(file, |version| secrets.add(version))?;
    if secrets.by_name.is_empty() {
        let message = "has no Secrets under /registry/secrets/";
        return Ok(match is_expected {
            true => vec![Check::unknown(CHECK, subject, message)],
            false => Vec::new(),
        });
    }
    let (mut current, mut old) = (Vec::new(), Vec::new());
    let mut providers = BTreeSet::new();
    let mut stored = 0;
    for (name, versions) in &secrets.by_name {
        match &versions.latest {
            Some((_, StoredForm::Plaintext)) => current.push(name.clone()),
            _ if versions.has_plaintext => old.push(name.clone()),
            _ => {}
        }
        match &versions.latest {
            Some((_, StoredForm::Encrypted(provider))) => {
                providers.insert(provider.as_str());
                stored += 1;
            }
            Some((_, StoredForm::Plaintext)) => stored += 1,
            _ => {}
        }
    }
    let mut checks = Vec::new();
    if !current.is_empty() {
        let message = format!(
            "Secrets in plaintext ({} of {stored}): {}",
            current.len(),
            listed(&current)
        );
        checks.push(
            Check::finding(CHECK, subject, message)
                .why("everyone who gets this file, its disk or a backup of it can read their values")
                .fix("turn on encryption at rest, then write every Secret once more: `kubectl get secrets --all-namespaces --output json | kubectl replace --filename -`"),
        );
    }
    if !old.is_empty() {
        let (message, fix) = match kind {
            DatabaseKind::Etcd => (
                "old versions in plaintext are still in the file",
                "remove the old versions with `etcdctl compact REVISION` and `etcdctl defrag`, and delete older snapshots; change the values that others may have read",
            ),
            DatabaseKind::EtcdLog => (
                "the log has copies in plaintext",
                "the log is replaced after more changes, or if you replace this member of etcd; change the values that others may have read",
            ),
            DatabaseKind::Kine => (
                "old versions in plaintext are still in the file",
                "write every Secret twice, for example with `k3s secrets-encrypt rotate-keys`, then stop k3s and run `sqlite3 state.db VACUUM`; change the values that others may have read",
            ),
        };
        let message = format!("{message}: {}", listed(&old));
        checks.push(
            Check::finding(CHECK, subject, message)
                .why("deleting, changing or encrypting a Secret does not remove earlier versions from the disk")
                .fix(fix),
        );
    }
    if secrets.unsearched > 0 {
        let message = match secrets.unsearched {
            1 => "1 row is longer than a page; its earlier value was not searched".to_owned(),
            count => {
                format!(
                    "{count} rows are longer than a page; their earlier values were not searched"
                )
            }
        };
        checks.push(Check::unknown(CHECK, subject, message));
    }
    if checks.is_empty() {
        let providers: Vec<_> = providers.into_iter().collect();
        let message = match providers.is_empty() {
            true => "has no Secrets in plaintext".to_owned(),
            false => format!(
                "the Secrets are encrypted with {} ({stored} of {stored})",
                providers.join(", ")
            ),
        };
        checks.push(Check::ok(CHECK, subject, message));
    }
    if secrets.is_incomplete {
        let message = format!("has more than {MOST_SECRETS} Secrets; the others were not checked");
        checks.push(Check::unknown(CHECK, subject, message));
    }
    Ok(checks)
}
