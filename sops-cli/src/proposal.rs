//! Proposals: values that someone proposes for a file that they cannot decrypt.
//!
//! A proposal is an encrypted YAML file of its own, for the recipients of the file that it is for,
//! so it needs no format or cryptography of its own: everyone can encrypt for a recipient. Its MAC
//! binds the key paths and the name of the file to the values. Nothing says who wrote it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};
use sops_core::document::Indentation;
use sops_core::keys::{KeyService, MasterKey};
use sops_core::rules::EncryptionRule;
use sops_core::tree::{Entry, Node};
use sops_core::{
    Document, EncryptedDocument, Encryption, Error, Format, KeyPath, encrypt, extract,
};

use crate::arguments::OpeningArgs;
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::decrypt_file::{self, Use};
use crate::input::Input;
use crate::keys::services::Services;
use crate::random_text::RandomText;
use crate::secret_data;
use crate::ui::Ui;

/// The extension of proposals. Neither Flux nor kustomize reads it.
const EXTENSION: &str = "proposal";

/// The key of the proposed values. Nothing else in a proposal is encrypted.
const VALUE: &str = "value";

/// The key of what a value replaces.
const REPLACES: &str = "replaces";

/// Values for a file.
#[derive(Debug)]
pub(crate) struct Proposal {
    /// When the proposal was made, by the clock of its author.
    pub(crate) created: SystemTime,
    /// The name of the file, without directories.
    pub(crate) file: String,
    pub(crate) values: Vec<ProposedValue>,
}

/// A value for a key path.
#[derive(Debug)]
pub(crate) struct ProposedValue {
    pub(crate) path: KeyPath,
    pub(crate) node: Node,
    /// What the value replaces, as [`fingerprint`] returns it; `None` in an older proposal.
    pub(crate) replaces: Option<String>,
}

impl ProposedValue {
    /// A description of the value that does not contain it. Base64 under `data` of a Secret is
    /// described as what it encodes.
    pub(crate) fn summary(&self, is_secret_data: bool) -> String {
        let many = |number: usize, noun: &str| match number {
            1 => format!("1 {noun}"),
            number => format!("{number} {noun}s"),
        };
        match &self.node {
            Node::Mapping(entries) => format!("a mapping with {}", many(entries.len(), "key")),
            Node::Sequence(items) => format!("a list with {}", many(items.len(), "item")),
            node => match node.as_str() {
                Some(text) => {
                    let decoded = is_secret_data.then(|| secret_data::decode(text)).flatten();
                    let of_text = |text: &str| {
                        format!("a string of {}", many(text.chars().count(), "character"))
                    };
                    match decoded.as_deref().map(|bytes| str::from_utf8(bytes)) {
                        Some(Ok(decoded)) => of_text(decoded),
                        Some(Err(_)) => many(decoded.map_or(0, |bytes| bytes.len()), "byte"),
                        None => of_text(text),
                    }
                }
                None => "a number, a boolean or null".to_owned(),
            },
        }
    }
}

impl Proposal {
    /// The text of the proposal, encrypted for these keys.
    pub(crate) fn encrypt(
        &self,
        groups: &[Vec<MasterKey>],
        threshold: Option<usize>,
        service: Arc<dyn KeyService>,
    ) -> sops_core::Result<String> {
        let values = self.values.iter().map(|value| {
            let path = entry("path", Node::from(value.path.to_string().as_str()));
            let replaces = value.replaces.as_deref();
            let replaces = replaces.map(|replaces| entry(REPLACES, Node::from(replaces)));
            let entries = [path].into_iter().chain(replaces);
            Node::Mapping(entries.chain([entry(VALUE, value.node.clone())]).collect())
        });
        let tree = Node::Mapping(vec![
            entry("file", Node::from(self.file.as_str())),
            // The time in the metadata has only seconds.
            entry(
                "created",
                Node::from(&*humantime::format_rfc3339_nanos(self.created).to_string()),
            ),
            entry("values", Node::Sequence(values.collect())),
        ]);
        let rule = EncryptionRule::EncryptedRegex(format!("^{VALUE}$"));
        let encryption = Encryption::to_key_groups(groups.to_vec(), threshold)
            .with_rule(rule)
            .with_key_service(service);
        encrypt(&*tree.to_yaml(), Format::Yaml, &encryption)
    }

    /// Reads and decrypts a proposal.
    ///
    /// # Errors
    /// The file cannot be decrypted, its MAC is wrong, or it is not a proposal.
    pub(crate) fn read(ui: &Ui, services: &Services, path: &Path) -> Result<Self, CommandError> {
        let input = Input::read(Some(path), Format::Yaml, Role::Encrypted)?;
        let opening = OpeningArgs::default();
        let document = match EncryptedDocument::parse(&*input.content, Format::Yaml) {
            // The usual hint, to encrypt the file, would not make it a proposal.
            Err(Error::NotEncrypted) => return Err(not_a_proposal(&input.name)),
            _ => decrypt_file::parse(&input)?,
        };
        let decrypted =
            decrypt_file::decrypt_document(ui, services, &input, &document, &opening, Use::Values)?;
        let text = String::from_utf8_lossy(&decrypted.plaintext);
        let trees = Node::from_yaml(&text).map_err(|error| input.plaintext_error(error))?;
        let modified = time(&document.metadata().last_modified);
        let modified = modified.unwrap_or(SystemTime::UNIX_EPOCH);
        let proposal = trees
            .first()
            .and_then(|tree| Self::from_tree(tree, modified));
        proposal.ok_or_else(|| not_a_proposal(&input.name))
    }

    fn from_tree(tree: &Node, modified: SystemTime) -> Option<Self> {
        let Node::Sequence(items) = tree.get("values")? else {
            return None;
        };
        let values = items.iter().map(|item| {
            Some(ProposedValue {
                path: item.get("path")?.as_str()?.parse().ok()?,
                node: item.get(VALUE)?.clone(),
                replaces: item.get(REPLACES).and_then(Node::as_str).map(str::to_owned),
            })
        });
        let created = tree.get("created").and_then(Node::as_str).and_then(time);
        Some(Self {
            created: created.unwrap_or(modified),
            file: tree.get("file")?.as_str()?.to_owned(),
            values: values.collect::<Option<_>>()?,
        })
    }
}

fn not_a_proposal(name: &str) -> CommandError {
    CommandError::new(Code::Generic, "this is not a proposal")
        .in_file(name)
        .hint("ask its author to create it again with `sops-rs propose`")
}

/// Identifies the ciphertext at a path of an encrypted document; empty if there is no value.
pub(crate) fn fingerprint(document: &Document<'_>, path: &KeyPath) -> String {
    const BYTES: usize = 12;
    let found = extract(document, path, Format::Json, &Indentation::default());
    let digest = found.map(|ciphertext| BASE64.encode(&Sha256::digest(&*ciphertext)[..BYTES]));
    digest.unwrap_or_default()
}

/// The name of a file, without directories.
pub(crate) fn base_name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The path of a new proposal for a file: next to it, with a random part, so that the proposals of
/// two people don't conflict.
pub(crate) fn new_path(file: &Path) -> PathBuf {
    let random: RandomText = "8:hex".parse().expect("the request is valid");
    let random = random.generate();
    file.with_file_name(format!("{}.{}.{EXTENSION}", base_name(file), *random))
}

/// The file that a proposal is for, by its name; `None` for other files.
pub(crate) fn target(path: &Path) -> Option<PathBuf> {
    if path.extension()? != EXTENSION {
        return None;
    }
    let without_extension = Path::new(path.file_stem()?);
    without_extension.extension()?;
    Some(path.with_file_name(without_extension.file_stem()?))
}

/// The proposals for a file.
pub(crate) fn of_file(file: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let directory = file.parent().filter(|path| *path != Path::new(""));
    let directory = directory.unwrap_or(Path::new("."));
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| CommandError::input(name_of(directory), &error))?;
    // A pipe with such a name could block forever.
    let files = entries
        .into_iter()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.map(|entry| file.with_file_name(entry.file_name()));
    Ok(names
        .filter(|path| target(path).as_deref() == Some(file))
        .collect())
}

fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

fn entry(key: &str, value: Node) -> Entry {
    Entry {
        key: key.to_owned(),
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_named_after_its_file() {
        let path = new_path(Path::new("apps/secret.yaml"));
        assert_eq!(target(&path), Some(PathBuf::from("apps/secret.yaml")));
        for other in [
            "secret.yaml",
            "a.proposal",
            ".proposal",
            "secret.yaml.proposals",
        ] {
            assert_eq!(target(Path::new(other)), None, "{other}");
        }
        let own = target(Path::new("secret.yaml.1a2b3c4d.proposal"));
        assert_eq!(own, Some(PathBuf::from("secret.yaml")));
    }
}
