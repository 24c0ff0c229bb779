//! Encrypted files: read, opened, and decrypted with their MAC verified.

use std::path::Path;

use sops_core::keys::DataKey;
use sops_core::rules::EncryptionRule;
use sops_core::tree::Node;
use sops_core::{EncryptedDocument, Error, Format, MacCheck, format_of_encrypted, parse_document};
use zeroize::Zeroizing;

use crate::function::{Function, Mode};
use crate::keys::DataKeyCache;
use crate::problem::Problem;
use crate::workspace::Workspace;

/// The plaintext of a file.
pub(crate) struct DecryptedFile {
    bytes: Zeroizing<Vec<u8>>,
    format: Format,
}

/// Decrypts a file, or puts placeholders into it. Its name or its content determines its format;
/// `key` is what a Secret would call it.
pub(crate) fn decrypt(
    function: &mut Function,
    path: &str,
    key: &str,
) -> Result<DecryptedFile, Problem> {
    let bytes = function.workspace.read(path)?;
    let format = format_of_encrypted(Path::new(path), &bytes);
    if let Err(Error::NotEncrypted) = EncryptedDocument::parse(&*bytes, format) {
        let message = "the file is not encrypted; encrypt it with `sops-rs encrypt -i`";
        return Err(Problem::new(message).in_file(path));
    }
    let plaintext = match function.mode {
        Mode::Decrypt => with_key(&bytes, format, &mut function.keys, |document, key| {
            Ok(document.decrypt(&key, MacCheck::Require)?.plaintext)
        }),
        Mode::Placeholders => match sops_placeholder::render_file(&bytes, format, key) {
            Ok(Some(rendered)) => Ok(Zeroizing::new(rendered)),
            Ok(None) => Err(sops_core::Error::NotEncrypted.into()),
            Err(error) => Err(error.into()),
        },
    };
    plaintext
        .map(|bytes| DecryptedFile { bytes, format })
        .map_err(|problem: Problem| problem.in_file(path))
}

/// A file from which kustomize has read resources, and whose MAC has been verified.
pub(crate) struct Verified {
    /// The rule of the file.
    pub(crate) rule: Option<EncryptionRule>,
    /// Whether the MAC of the file covers only the encrypted values.
    pub(crate) mac_only_encrypted: bool,
    /// The documents of the file, still encrypted.
    pub(crate) documents: Vec<Node>,
}

/// Verifies the MAC of a file that kustomize has read resources from.
pub(crate) fn verified(
    workspace: &Workspace,
    keys: &mut DataKeyCache,
    path: &str,
) -> Result<Verified, Problem> {
    let bytes = workspace.read(path)?;
    let format = if path.ends_with(".json") {
        Format::Json
    } else {
        Format::Yaml
    };
    with_key(&bytes, format, keys, |document, key| {
        document.decrypt(&key, MacCheck::Require)?;
        Ok(Verified {
            rule: document.metadata().rule.clone(),
            mac_only_encrypted: document.metadata().mac_only_encrypted,
            documents: document.trees().collect(),
        })
    })
    .map_err(|problem| problem.in_file(path))
}

fn with_key<T>(
    bytes: &[u8],
    format: Format,
    keys: &mut DataKeyCache,
    work: impl FnOnce(&EncryptedDocument<'_>, DataKey) -> sops_core::Result<T>,
) -> Result<T, Problem> {
    let document = EncryptedDocument::parse(bytes, format)?;
    let key = keys.of_document(&document)?;
    Ok(work(&document, key)?)
}

impl DecryptedFile {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn text(&self) -> Result<&str, Problem> {
        str::from_utf8(self.bytes())
            .map_err(|_| Problem::new("the file is not UTF-8 text; list it under `binaryFiles`"))
    }

    /// The resources in a file of manifests, with the numbers of their documents, from 1. Empty
    /// documents are skipped.
    pub(crate) fn resources(&self) -> Result<Vec<(usize, Node)>, Problem> {
        // The text of a file in another format is YAML, because kustomize reads it.
        let format = match self.format {
            Format::Json => Format::Json,
            _ => Format::Yaml,
        };
        let document = parse_document(self.bytes(), format)?;
        let is_empty = |tree: &Node| matches!(tree, Node::Mapping(entries) if entries.is_empty());
        let numbered = (1..).zip(document.trees());
        Ok(numbered.filter(|(_, tree)| !is_empty(tree)).collect())
    }
}
