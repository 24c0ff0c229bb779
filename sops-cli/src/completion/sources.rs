//! Values that a command line can name, from the configuration and from files. It decrypts nothing,
//! and skips what it cannot read.

use std::path::{Path, PathBuf};

use sops_core::config::{self, Config};
use sops_core::keys::{Family, MasterKey};
use sops_core::reading::{self, FileKind};
use sops_core::tree::Node;
use sops_core::{Component, EncryptedDocument, Format, parse_document};
use sops_lint::RULES;

use crate::config::working_dir::working_dir;

/// How many key paths are passed to a shell.
const MAX_PATHS: usize = 2_000;

/// The largest file that is read, in bytes: a shell waits for the answer.
const MAX_SIZE: u64 = 4 * 1024 * 1024;

/// The master keys and selection rules in the configuration, and the master keys of a file.
#[derive(Default)]
pub(super) struct Configured {
    keys: Vec<MasterKey>,
    rules: Vec<(&'static str, String)>,
}

impl Configured {
    pub(super) fn read(file: Option<&Path>) -> Self {
        let mut configured = Self::default();
        let rules = configuration();
        let rules = rules.iter().filter_map(Config::creation_rules).flatten();
        for rule in rules {
            configured.keys.extend(rule.key_groups.concat());
            let rule = rule.rule.as_ref();
            let rule = rule.map(|rule| (rule.name(), rule.text().to_owned()));
            configured.rules.extend(rule);
        }
        if let Some((format, text)) = file.and_then(read)
            && let Ok(document) = EncryptedDocument::parse(&text, format)
        {
            let metadata = document.metadata();
            configured.keys.extend(metadata.master_keys().concat());
        }
        configured
    }

    /// The keys of a family, each once.
    pub(super) fn keys(self, family: Family) -> Vec<String> {
        let keys = self.keys.iter().filter(|key| key.family() == family);
        let own = match family {
            Family::Age => own_recipients(),
            _ => Vec::new(),
        };
        unique(keys.map(MasterKey::id).chain(own))
    }

    /// The expressions of the rules of a kind, and one for manifests.
    pub(super) fn rules(self, kind: &str) -> Vec<String> {
        let usual = (kind == "encrypted_regex").then(|| "^(data|stringData)$".to_owned());
        let rules = self.rules.into_iter().filter(|(name, _)| *name == kind);
        unique(rules.map(|(_, text)| text).chain(usual))
    }
}

/// The nearest configuration, or that of the variable.
fn configuration() -> Option<Config> {
    let working_dir = working_dir().ok()?;
    let named = std::env::var_os("SOPS_CONFIG").filter(|file| !file.is_empty());
    let file = named.map(PathBuf::from);
    let file = file.or_else(|| config::find(&working_dir).file)?;
    Config::read(&file, &working_dir).ok()
}

/// The recipients that the user's key file names in comments, as `age-keygen` writes them.
fn own_recipients() -> Vec<String> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let file = set("SOPS_AGE_KEY_FILE").map(PathBuf::from).or_else(|| {
        let directory = set("XDG_CONFIG_HOME").map(PathBuf::from);
        let directory = directory.or_else(|| Some(PathBuf::from(set("HOME")?).join(".config")));
        Some(directory?.join("sops/age/keys.txt"))
    });
    let text = file.and_then(|file| read(&file)).map(|(_, text)| text);
    let lines = text.iter().flat_map(|text| text.lines());
    let recipients = lines.filter_map(|line| line.strip_prefix("# public key: "));
    recipients.map(|text| text.trim().to_owned()).collect()
}

fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for value in values {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    all
}

/// A regular file that is not too large, as text.
fn read(file: &Path) -> Option<(Format, String)> {
    let opened = reading::open(file, FileKind::Regular).ok()?;
    let bytes = reading::read_bounded(opened, MAX_SIZE).ok()?;
    Some((Format::from_path(file), String::from_utf8(bytes).ok()?))
}

/// The key paths of a file, which may be encrypted or not.
pub(super) fn key_paths(file: &Path) -> Vec<String> {
    let Some((format, text)) = read(file).filter(|(format, _)| *format != Format::Binary) else {
        return Vec::new();
    };
    let first = match EncryptedDocument::parse(&text, format) {
        Ok(document) => document.trees().next(),
        Err(_) => parse_document(&text, format)
            .ok()
            .and_then(|document| document.trees().next()),
    };
    let mut paths = Vec::new();
    if let Some(tree) = first {
        add_paths(&tree, "", &mut paths);
    }
    paths
}

fn add_paths(node: &Node, above: &str, paths: &mut Vec<String>) {
    let mut add = |component: Component, value: &Node| {
        if paths.len() < MAX_PATHS {
            let path = format!("{above}{component}");
            paths.push(path.clone());
            add_paths(value, &path, paths);
        }
    };
    match node {
        Node::Mapping(entries) => entries
            .iter()
            .for_each(|entry| add(Component::Key(entry.key.clone()), &entry.value)),
        Node::Sequence(values) => values
            .iter()
            .enumerate()
            .for_each(|(index, value)| add(Component::Index(index), value)),
        Node::Scalar(_) => {}
    }
}

/// The rules of the linter.
pub(super) fn lint_rules() -> impl Iterator<Item = &'static sops_lint::Rule> {
    RULES.into_iter()
}
