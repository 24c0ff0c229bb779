//! The files of a server of k3s, RKE2 or kubeadm, at their usual places.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use sops_core::reading::FileKind;
use sops_core::{Format, reading};

use super::audit_policy;
use super::database::{self, DatabaseKind};
use super::encryption::{CHECK, EncryptionFile, WHY_OFF};
use super::kube_apiserver::{ApiServerFlags, NO_API_SERVER};
use super::report::Check;
use super::server_config::ServerSettings;
use super::target::{Expected, documents_of};
use crate::command_error::{name_of, reason};

/// The distributions that keep everything in one directory.
const DISTRIBUTIONS: [&str; 2] = ["k3s", "rke2"];

/// Checks the server whose file system is at `root`.
pub(crate) fn check_host(root: &Path, expected: &Expected<'_>) -> Vec<Check> {
    let mut host = Host {
        root,
        expected,
        checks: Vec::new(),
        databases: 0,
    };
    let mut is_server = false;
    for name in DISTRIBUTIONS {
        let server = format!("var/lib/rancher/{name}/server");
        if host.has_entry(&server) {
            is_server = true;
            if host.path(&server).is_some() {
                host.check_rancher(name);
            }
        }
    }
    let manifest = "etc/kubernetes/manifests/kube-apiserver.yaml";
    if host.has_entry(manifest) {
        is_server = true;
        host.check_kubeadm(manifest);
    }
    if !is_server {
        let message = "no server of k3s, RKE2 or kubeadm was found here: run `sops-rs doctor` as root on a server, or pass copies of its files";
        host.checks
            .push(Check::unknown(CHECK, &name_of(root), message));
    }
    host.checks
}

struct Host<'a> {
    root: &'a Path,
    expected: &'a Expected<'a>,
    checks: Vec<Check>,
    /// How many databases were searched.
    databases: usize,
}

impl Host<'_> {
    /// Checks a server of k3s or of RKE2.
    fn check_rancher(&mut self, name: &str) {
        let server = format!("var/lib/rancher/{name}/server");
        let settings = self.settings(name);
        let generated = format!("{server}/cred/encryption-config.json");
        let own = settings.api_server_argument("encryption-provider-config");
        let file = own.unwrap_or(&generated);
        let before = self.checks.len();
        let is_present = self.check_encryption(file);
        // The file remains when encryption is turned off.
        if is_present
            && own.is_none()
            && let Some(check) = settings.check(&name_of(&self.root.join(&generated)), name)
        {
            let checks = self.checks.split_off(before);
            self.checks
                .extend(checks.into_iter().filter(|check| !check.is_ok()));
            self.checks.push(check);
        }
        if !is_present {
            let check = Check::finding(
                CHECK,
                &name_of(&self.root.join(file)),
                "does not exist, so Secrets are stored in plaintext",
            );
            self.checks.push(check.why(WHY_OFF).fix(format!(
                "set `secrets-encryption: true` and `secrets-encryption-provider: secretbox` in /etc/rancher/{name}/config.yaml, restart {name}, and check with `{name} secrets-encrypt status`"
            )));
        }
        if let Some(file) = settings.api_server_argument("audit-policy-file") {
            self.check_audit_policy(file);
        }
        for directory in [
            "db",
            "db/etcd/member/snap",
            "db/etcd/member/wal",
            "db/snapshots",
        ] {
            self.check_databases(&format!("{server}/{directory}"));
        }
        self.check_that_a_database_was_searched(&name_of(&self.root.join(&server)));
    }

    /// The settings in the files of k3s or RKE2. Those in `config.yaml.d` come after `config.yaml`.
    fn settings(&mut self, name: &str) -> ServerSettings {
        let main = format!("etc/rancher/{name}/config.yaml");
        let directory = format!("{main}.d");
        let mut files = vec![main];
        if self.has_entry(&directory)
            && let Some(path) = self.path(&directory)
        {
            match fs::read_dir(&path) {
                Ok(entries) => {
                    let names = entries
                        .flatten()
                        .filter_map(|entry| entry.file_name().into_string().ok());
                    let mut names: Vec<_> = names
                        .filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"))
                        .collect();
                    names.sort();
                    files.extend(names.iter().map(|name| format!("{directory}/{name}")));
                }
                Err(error) => self.unreadable(&path, &error),
            }
        }
        let documents = files
            .iter()
            .filter_map(|file| self.read(file, Format::Yaml))
            .flatten();
        ServerSettings(documents.collect())
    }

    /// Without a database, nothing says what is stored.
    fn check_that_a_database_was_searched(&mut self, subject: &str) {
        if self.databases == 0 {
            let message = "no database of etcd or k3s was found, so it is not known how the Secrets are stored: pass its file, or a snapshot";
            self.checks
                .push(Check::unknown("stored-secrets", subject, message));
        }
    }

    /// Checks a server of kubeadm.
    fn check_kubeadm(&mut self, manifest: &str) {
        let objects = self.read(manifest, Format::Yaml).unwrap_or_default();
        let subject = name_of(&self.root.join(manifest));
        let servers: Vec<_> = objects.iter().filter_map(ApiServerFlags::of).collect();
        if servers.is_empty() {
            let check = Check::unknown(CHECK, &subject, NO_API_SERVER);
            self.checks.push(check);
        }
        for flags in servers {
            match flags.encryption_file() {
                None => self.checks.push(flags.check(&subject)),
                Some(file) => {
                    if !self.check_encryption(file) {
                        let message = "does not exist here: pass the file that is mounted there";
                        let subject = name_of(&self.root.join(file.trim_start_matches('/')));
                        self.checks.push(Check::unknown(CHECK, &subject, message));
                    }
                }
            }
            if let Some(file) = flags.value("audit-policy-file") {
                self.check_audit_policy(file);
            }
        }
        for directory in ["var/lib/etcd/member/snap", "var/lib/etcd/member/wal"] {
            self.check_databases(directory);
        }
        self.check_that_a_database_was_searched(&name_of(&self.root.join("var/lib/etcd")));
    }

    /// Checks an encryption configuration, and returns false if it does not exist.
    fn check_encryption(&mut self, file: &str) -> bool {
        let format = match Path::new(file)
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            true => Format::Json,
            false => Format::Yaml,
        };
        let Some(path) = self.path(file) else {
            return true;
        };
        let metadata = fs::metadata(&path).ok();
        if matches!(fs::metadata(&path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return false;
        }
        let subject = name_of(&path);
        let Some(configurations) = self.read(file, format) else {
            return true;
        };
        if configurations.is_empty() {
            let check = Check::unknown(CHECK, &subject, "is empty");
            self.checks.push(check);
        }
        for configuration in configurations {
            let file = EncryptionFile {
                configuration: &configuration,
                path: &path,
                subject: &subject,
                modified: metadata
                    .as_ref()
                    .and_then(|metadata| metadata.modified().ok()),
                max_key_age: self.expected.max_key_age,
            };
            self.checks.extend(file.checks());
        }
        let mode = metadata.map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o077 != 0 {
            let message = format!(
                "others can read the file, which has the keys (mode {:03o})",
                mode & 0o777
            );
            let check = Check::finding(CHECK, &subject, message)
                .why("with its keys and a backup, anyone can decrypt every Secret")
                .fix(format!("chmod 600 {}", sops_lint::shell_path(&subject)));
            self.checks.push(check);
        }
        true
    }

    fn check_audit_policy(&mut self, file: &str) {
        let Some(path) = self.path(file) else {
            return;
        };
        let subject = name_of(&path);
        if matches!(fs::metadata(&path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            let message = "does not exist here: pass the file that is mounted there";
            self.checks
                .push(Check::unknown(audit_policy::CHECK, &subject, message));
            return;
        }
        let Some(documents) = self.read(file, Format::Yaml) else {
            return;
        };
        let policies = documents.iter().filter(|one| audit_policy::is_policy(one));
        let checks: Vec<_> = policies
            .map(|policy| audit_policy::check(policy, &subject))
            .collect();
        if checks.is_empty() {
            let message = "has no audit policy";
            self.checks
                .push(Check::unknown(audit_policy::CHECK, &subject, message));
        }
        self.checks.extend(checks);
    }

    /// Searches the databases in a directory, which may be missing.
    fn check_databases(&mut self, directory: &str) {
        let Some(directory) = self.path(directory) else {
            return;
        };
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(&directory, &error),
        };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for path in files {
            if !self.is_in_root(&path) || !path.is_file() {
                continue;
            }
            let subject = name_of(&path);
            match self.search(&path, &subject) {
                Ok(checks) => self.checks.extend(checks),
                Err(error) => self.unreadable(&path, &error),
            }
        }
    }

    fn search(&mut self, path: &Path, subject: &str) -> io::Result<Vec<Check>> {
        let mut file = reading::open(path, FileKind::Regular)?;
        match DatabaseKind::of(path, &mut file)? {
            Some(kind) => {
                self.databases += 1;
                database::checks(kind, subject, file, false)
            }
            None if path.extension().is_some_and(|extension| extension == "zip") => {
                let message = "is compressed: unpack it, and check the file in it";
                Ok(vec![Check::unknown("stored-secrets", subject, message)])
            }
            None => Ok(Vec::new()),
        }
    }

    /// The documents of a file that may be missing.
    fn read(&mut self, file: &str, format: Format) -> Option<Vec<Value>> {
        let path = self.path(file)?;
        let opened = reading::open(&path, FileKind::Regular);
        match opened.and_then(|file: File| documents_of(file, format)) {
            Ok(Some(documents)) => Some(documents),
            Ok(None) => {
                let message = "cannot be parsed";
                self.checks
                    .push(Check::unknown("files", &name_of(&path), message));
                None
            }
            Err(error) => {
                self.unreadable(&path, &error);
                None
            }
        }
    }

    /// Whether there is something at this path, even a link that leads nowhere.
    fn has_entry(&self, file: &str) -> bool {
        fs::symlink_metadata(self.root.join(file)).is_ok()
    }

    /// The path below the root of an absolute path. If it leaves the root, a result says so.
    fn path(&mut self, file: &str) -> Option<PathBuf> {
        let relative = Path::new(file.trim_start_matches('/'));
        let path = self.root.join(relative);
        let is_plain = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !is_plain {
            let message = "has `.` or `..` in its path, so it was not read: pass the file itself";
            self.checks
                .push(Check::unknown("files", &name_of(&path), message));
            return None;
        }
        self.is_in_root(&path).then_some(path)
    }

    /// Whether a path is in the root after all links in it. If not, a result says so.
    fn is_in_root(&mut self, path: &Path) -> bool {
        let is_inside = match leads_outside(self.root, path) {
            Ok(leads_outside) => !leads_outside,
            // Reading the file fails in the same way, and says so.
            Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
        };
        if !is_inside {
            let message = "is a link, or is below one, that leads out of the root or nowhere, so it was not read: pass the file itself";
            self.checks
                .push(Check::unknown("files", &name_of(path), message));
        }
        is_inside
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let message = match error.kind() {
            io::ErrorKind::NotFound => return,
            io::ErrorKind::PermissionDenied => {
                "permission denied: run `sops-rs doctor` as root".to_owned()
            }
            _ => format!("cannot be read: {}", reason(error)),
        };
        self.checks
            .push(Check::unknown("files", &name_of(path), message));
    }
}

/// Whether a path leads out of the root. Of a path that does not exist, the part that does counts.
fn leads_outside(root: &Path, path: &Path) -> io::Result<bool> {
    let root_itself = root.canonicalize()?;
    for part in path.ancestors() {
        match part.canonicalize() {
            Ok(real) => return Ok(!real.starts_with(&root_itself)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // On its own computer, the link may lead to a file.
            Err(_) if fs::symlink_metadata(part).is_ok() => return Ok(true),
            Err(_) if part == root => break,
            Err(_) => {}
        }
    }
    Ok(false)
}
