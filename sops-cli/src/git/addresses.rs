//! Remembers the address of each remote at the last push, because remote-tracking branches say
//! nothing about a new address.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use sops_core::reading::{self, FileKind};

use super::program::git;

/// The name of the file in the repository's directory.
const FILE: &str = "sops-rs-remotes";

pub(crate) struct Addresses {
    file: PathBuf,
    /// The digest of the address of each remote. The address itself may contain a password.
    digests: BTreeMap<String, String>,
}

impl Addresses {
    /// Reads the addresses for the current repository. An unreadable file counts as missing.
    pub(crate) fn read() -> Self {
        let directory = git(&["rev-parse", "--git-common-dir"]).unwrap_or_default();
        let directory = directory.strip_suffix(b"\n").unwrap_or(&directory);
        let file = Path::new(OsStr::from_bytes(directory)).join(FILE);
        let text = reading::read_config(&file, FileKind::Regular).unwrap_or_default();
        let text = String::from_utf8(text).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let digests = lines.map(|(digest, remote)| (remote.to_owned(), digest.to_owned()));
        Self {
            digests: digests.collect(),
            file,
        }
    }

    /// Whether the remote had a different address at the last push.
    pub(crate) fn has_changed(&self, remote: &str, address: &str) -> bool {
        let before = self.digests.get(remote);
        before.is_some_and(|before| *before != digest(address))
    }

    /// Remembers the address for these remotes. If that fails, the remotes count as never pushed
    /// to.
    pub(crate) fn remember(&mut self, remotes: &[String], address: &str) {
        let digest = digest(address);
        let is_known = |remote| self.digests.get(remote) == Some(&digest);
        if remotes.iter().all(is_known) {
            return;
        }
        let digests = remotes
            .iter()
            .map(|remote| (remote.clone(), digest.clone()));
        self.digests.extend(digests);
        let lines = self.digests.iter();
        let text: String = lines
            .map(|(remote, digest)| format!("{digest} {remote}\n"))
            .collect();
        let _ = fs::write(&self.file, text);
    }

    /// Remembers the addresses of all remotes whose address is not recorded yet.
    pub(crate) fn remember_all() {
        let mut addresses = Self::read();
        let remotes = git(&["remote"]).unwrap_or_default();
        for remote in String::from_utf8_lossy(&remotes).lines() {
            let address = git(&["remote", "get-url", "--push", remote]).unwrap_or_default();
            let address = String::from_utf8_lossy(&address);
            if !address.is_empty() && !addresses.digests.contains_key(remote) {
                addresses.remember(&[remote.to_owned()], address.trim_end_matches('\n'));
            }
        }
    }

    pub(crate) fn forget() {
        let _ = fs::remove_file(Self::read().file);
    }
}

fn digest(address: &str) -> String {
    let digest = Sha256::digest(address);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
