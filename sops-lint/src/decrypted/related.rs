//! Names of encrypted files and of their copies.

use std::path::{Path, PathBuf};

use super::Encrypted;
use crate::{file_name, related_name};

/// Parts of file names that say whether a file is encrypted.
const MARKS: [&str; 9] = [
    "enc",
    "encrypted",
    "sops",
    "crypt",
    "dec",
    "decrypted",
    "plain",
    "plaintext",
    "clear",
];

/// Extensions of encrypted files whose name does not say their format.
const EXTENSIONS: [&str; 20] = [
    "conf",
    "cfg",
    "cnf",
    "config",
    "properties",
    "secret",
    "secrets",
    "txt",
    "bak",
    "old",
    "orig",
    "tfvars",
    "tfstate",
    "toml",
    "hcl",
    "xml",
    "csv",
    "pem",
    "key",
    "kubeconfig",
];

/// The characters between the parts of a name.
const DIVIDERS: [char; 4] = ['.', '-', '_', ' '];

impl Encrypted {
    /// Whether a file with this name may be an encrypted file with a copy in plaintext. Files such
    /// as programs and pictures are not encrypted.
    pub fn may_be_named(path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let extension = path.extension().map(|ending| ending.to_ascii_lowercase());
        let extension = extension.as_ref().map(|ending| ending.to_string_lossy());
        let is_usual = extension.is_none_or(|ending| EXTENSIONS.contains(&&*ending));
        is_usual
            || name.starts_with('.')
            || file_name::named(path).is_some()
            || !bare_name(path).eq_ignore_ascii_case(&name)
    }

    /// The common beginning of the names of a file and its copies, without extensions and in lower
    /// case.
    pub fn stem(path: &Path) -> String {
        let mut stem = bare_name(path);
        if let Some((end, _)) = stem.char_indices().skip(1).find(|(_, c)| *c == '.') {
            stem.truncate(end);
        }
        stem
    }

    /// The names of files that a file is a decrypted copy of, as far as its name says: `a.enc.yaml`
    /// and `a.yaml.enc` for `a.yaml` and for its copy `a.dec.yaml`, `a.yaml` for `a.yaml.bak`.
    pub fn related_names(path: &Path) -> Vec<PathBuf> {
        related_name::related(path)
    }
}

/// The name of a file in lower case without the parts that only say whether it is encrypted:
/// `a.bin` for `A.bin.enc`, `a.sops.bin` and `a-enc.bin`.
pub(super) fn bare_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let mut bare = String::new();
    let mut rest = &*name;
    while !rest.is_empty() {
        let mut dividers = rest.match_indices(DIVIDERS);
        let end = dividers
            .find(|(at, _)| *at > 0)
            .map_or(rest.len(), |(at, _)| at);
        let (part, after) = rest.split_at(end);
        let is_mark = MARKS.contains(&part.trim_start_matches(DIVIDERS));
        if bare.is_empty() || !is_mark {
            bare.push_str(part);
        }
        rest = after;
    }
    bare
}
