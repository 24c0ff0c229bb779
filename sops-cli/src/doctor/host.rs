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
use super::kube_apiserver::ApiServerFlags;
use super::report::Check;
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
    };
    let mut is_server = false;
    for name in DISTRIBUTIONS {
        if root.join(format!("var/lib/rancher/{name}/server")).is_dir() {
            is_server = true;
            host.check_rancher(name);
        }
    }
    let manifest = "etc/kubernetes/manifests/kube-apiserver.yaml";
    if fs::symlink_metadata(root.join(manifest)).is_ok() {
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
}

impl Host<'_> {
    /// Checks a server of k3s or of RKE2.
    fn check_rancher(&mut self, name: &str) {
        let server = format!("var/lib/rancher/{name}/server");
        let file = format!("{server}/cred/encryption-config.json");
        if !self.check_encryption(&file) {
            let check = Check::finding(
                CHECK,
                &name_of(&self.root.join(&file)),
                "does not exist, so Secrets are stored in plaintext",
            );
            self.checks.push(check.why(WHY_OFF).fix(format!(
                "set `secrets-encryption: true` and `secrets-encryption-provider: secretbox` in /etc/rancher/{name}/config.yaml, restart {name}, and check with `{name} secrets-encrypt status`"
            )));
        }
        if let Some(config) = self.read(&format!("etc/rancher/{name}/config.yaml"), Format::Yaml) {
            let arguments =
                config
                    .iter()
                    .filter_map(|config| match &config["kube-apiserver-arg"] {
                        Value::Array(all) => {
                            Some(all.iter().filter_map(Value::as_str).collect::<Vec<_>>())
                        }
                        one => one.as_str().map(|one| vec![one]),
                    });
            let policy = arguments.flatten().find_map(|argument| {
                let file = argument.strip_prefix("audit-policy-file=")?;
                Some(file.to_owned())
            });
            if let Some(file) = policy {
                self.check_audit_policy(&file);
            }
        }
        for directory in [
            "db",
            "db/etcd/member/snap",
            "db/etcd/member/wal",
            "db/snapshots",
        ] {
            self.check_databases(&format!("{server}/{directory}"));
        }
    }

    /// Checks a server of kubeadm.
    fn check_kubeadm(&mut self, manifest: &str) {
        let objects = self.read(manifest, Format::Yaml).unwrap_or_default();
        for flags in objects.iter().filter_map(ApiServerFlags::of) {
            self.checks
                .push(flags.check(&name_of(&self.root.join(manifest))));
            let file = flags.value("encryption-provider-config");
            if let Some(file) = file.filter(|file| !file.is_empty())
                && !self.check_encryption(file)
            {
                let message = "does not exist here: pass the file that is mounted there";
                let subject = name_of(&self.root.join(file.trim_start_matches('/')));
                self.checks.push(Check::unknown(CHECK, &subject, message));
            }
            if let Some(file) = flags.value("audit-policy-file") {
                self.check_audit_policy(file);
            }
        }
        for directory in ["var/lib/etcd/member/snap", "var/lib/etcd/member/wal"] {
            self.check_databases(directory);
        }
    }

    /// Checks an encryption configuration, and returns whether there is one.
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
        for configuration in self.read(file, format).unwrap_or_default() {
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
        let policies = self.read(file, Format::Yaml).unwrap_or_default();
        let Some(path) = self.path(file) else {
            return;
        };
        for policy in policies
            .iter()
            .filter(|policy| audit_policy::is_policy(policy))
        {
            self.checks
                .push(audit_policy::check(policy, &name_of(&path)));
        }
    }

    /// Searches the databases in a directory, which may be missing.
    fn check_databases(&mut self, directory: &str) {
        let directory = self.root.join(directory);
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(&directory, &error),
        };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for path in files.iter().filter(|path| path.is_file()) {
            let subject = name_of(path);
            match Self::search(path, &subject) {
                Ok(checks) => self.checks.extend(checks),
                Err(error) => self.unreadable(path, &error),
            }
        }
    }

    fn search(path: &Path, subject: &str) -> io::Result<Vec<Check>> {
        let mut file = reading::open(path, FileKind::Regular)?;
        match DatabaseKind::of(path, &mut file)? {
            Some(kind) => database::checks(kind, subject, file, false),
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

    /// The path below the root of an absolute path, unless it leaves the root.
    fn path(&mut self, file: &str) -> Option<PathBuf> {
        let file = Path::new(file.trim_start_matches('/'));
        let is_inside = file
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        is_inside.then(|| self.root.join(file))
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
