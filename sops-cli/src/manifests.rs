//! Reads the objects in a manifest, and decrypts them in memory.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use sops_core::metadata::METADATA_KEY as BLOCK;
use sops_core::tree::Node;
use sops_core::{
    CIPHERTEXT_PREFIX, EncryptedTree, Format, from_document, from_documents, parse_document,
    path_of_ciphertext,
};
use sops_lint::{SECRET_PARTS, shell_path};
use zeroize::Zeroizing;

use crate::arguments::OpeningArgs;
use crate::cluster::ClusterObject;
use crate::command_error::{Code, CommandError, Role};
use crate::decrypt_file::{self, Use};
use crate::input::Input;
use crate::keys::services::Services;
use crate::ui::Ui;

/// Reads manifests.
pub(crate) struct ManifestReader<'a> {
    pub(crate) ui: &'a Ui,
    pub(crate) services: &'a Services,
    pub(crate) opening: &'a OpeningArgs,
    /// Whether a Secret may be in plaintext in its file.
    pub(crate) allow_plaintext: bool,
}

impl ManifestReader<'_> {
    /// The objects in the file, or on standard input, in order.
    pub(crate) fn read(&self, path: Option<&Path>) -> Result<Vec<ClusterObject>, CommandError> {
        let format = match path.map(Format::from_path) {
            Some(Format::Json) => Format::Json,
            // JSON is also YAML.
            _ => Format::Yaml,
        };
        let input = Input::of_manifests(path, format, Role::Encrypted)?;
        let written: Vec<Value> =
            from_documents(&*input.content, format).map_err(|error| input.error(error))?;
        let decrypted = self.decrypted(&input, &written)?;
        if decrypted.len() != written.len() {
            let message = "the decrypted file has a different number of documents";
            return Err(CommandError::new(Code::Generic, message).in_file(&input.name));
        }
        let mut entries = Vec::new();
        let documents = written.into_iter().zip(decrypted);
        for (index, (written, decrypted)) in documents.enumerate() {
            let position = format!("document {}", index + 1);
            ManifestEntry {
                position,
                written,
                decrypted,
            }
            .flatten_into(&mut entries);
        }
        let entries = entries.into_iter();
        entries.map(|entry| self.object(&input, entry)).collect()
    }

    /// The decrypted documents.
    fn decrypted(&self, input: &Input, written: &[Value]) -> Result<Vec<Value>, CommandError> {
        let document =
            parse_document(&*input.content, input.format).map_err(|error| input.error(error))?;
        if !sops_core::is_encrypted(&document) {
            return Ok(written.to_vec());
        }
        if input.format == Format::Yaml {
            let text = String::from_utf8_lossy(&input.content);
            let trees = Node::from_yaml(&text).map_err(|error| input.error(error))?;
            if trees
                .iter()
                .any(|tree| tree.get(BLOCK) != trees[0].get(BLOCK))
            {
                return self.decrypted_apart(input, trees);
            }
        }
        let decrypted =
            decrypt_file::decrypt(self.ui, self.services, input, self.opening, Use::File)?;
        from_documents(&*decrypted.plaintext, input.format)
            .map_err(|error| input.plaintext_error(error))
    }

    /// Decrypts each document on its own, for documents that come from several files, such as the
    /// output of kustomize.
    fn decrypted_apart(&self, input: &Input, trees: Vec<Node>) -> Result<Vec<Value>, CommandError> {
        if !self.opening.ignore_mac {
            let message = "the documents come from several files, so their MACs cannot be verified";
            return Err(CommandError::new(Code::MacMismatch, message)
                .in_file(&input.name)
                .hint("apply the files themselves, or skip the check with `--ignore-mac`, as Flux does"));
        }
        let decrypt = |mut tree: Node| {
            if tree.get(BLOCK).is_some() {
                let encrypted = EncryptedTree::new(tree)?;
                let key = encrypted.data_key(&*self.services.all())?;
                tree = encrypted.decrypt(&key)?;
            }
            Ok::<Value, sops_core::Error>(from_document(&*tree.to_yaml(), Format::Yaml)?)
        };
        let trees = trees.into_iter();
        trees
            .map(|tree| decrypt(tree).map_err(|error| input.plaintext_error(error)))
            .collect()
    }

    /// The object of an entry.
    fn object(&self, input: &Input, entry: ManifestEntry) -> Result<ClusterObject, CommandError> {
        let ManifestEntry {
            position,
            written,
            decrypted,
        } = entry;
        let refuse =
            |message: String| CommandError::new(Code::Generic, message).in_file(&input.name);
        if !decrypted.is_object() {
            return Err(refuse(format!(
                "{position} is not a Kubernetes object: expected a mapping"
            )));
        }
        for field in ["/apiVersion", "/kind", "/metadata/name"] {
            let value = decrypted.pointer(field).and_then(Value::as_str);
            if value.is_none_or(str::is_empty) {
                let field = field[1..].replace('/', ".");
                let error = refuse(format!(
                    "{position} is not a Kubernetes object: `{field}` is missing"
                ));
                return Err(match decrypted.pointer("/metadata/generateName") {
                    Some(_) => error.hint("with `generateName`, each run would create another object: give the object a `name`, or use `kubectl create`"),
                    None => error,
                });
            }
        }
        if let Some(path) = path_of_ciphertext(&Node::from_json(&decrypted)) {
            let message =
                format!("`{path}` is encrypted, but the `sops` metadata to decrypt it is missing");
            return Err(refuse(message).hint("restore the file from version control"));
        }
        if let Some(path) = sops_placeholder::find(&Node::from_json(&decrypted)) {
            let message = format!("`{path}` is a placeholder for an encrypted value");
            return Err(refuse(message).hint(
                "apply the encrypted file instead: the output of `sops-rs render` is only for checks",
            ));
        }
        let mut secrets = Vec::new();
        collect_encrypted(&written, &decrypted, &mut secrets);
        let mut object = ClusterObject {
            json: decrypted,
            secrets,
        };
        if (object.api_version(), object.kind()) == ("v1", "Secret") {
            let is_mapping =
                |part: &&str| object.json[*part].is_object() || object.json[*part].is_null();
            if let Some(part) = SECRET_PARTS.iter().find(|part| !is_mapping(part)) {
                let message = format!("Secret {}: `{part}` is not a mapping", object.name());
                return Err(refuse(message));
            }
            if !self.allow_plaintext
                && let Some(key) = plaintext_entry(&written, &object.json)
            {
                let message = format!("Secret {}: `{key}` is in plaintext here", object.name());
                let name = match input.path {
                    Some(_) => shell_path(&input.name),
                    None => "<FILE>".to_owned(),
                };
                return Err(refuse(message)
                    .hint(format!(
                        "encrypt the file: `sops-rs encrypt --in-place {name}`"
                    ))
                    .hint("to apply it in plaintext, add `--allow-plaintext`"));
            }
            into_data(&mut object).map_err(|wrong| match wrong {
                InvalidEntry::NoString(key) => {
                    let message = format!("Secret {}: `{key}` is not a string", object.name());
                    refuse(message).hint("put it in quotes: a Secret contains only strings")
                }
                InvalidEntry::NoBase64(key) => {
                    let message = format!("Secret {}: `data.{key}` is not base64", object.name());
                    refuse(message).hint(
                        "encode the value, or move it to `stringData`, where values are plain text",
                    )
                }
            })?;
        }
        Ok(object)
    }
}

/// A document of a file, or an item of a list in it.
struct ManifestEntry {
    /// The position in the file, such as `document 1`.
    position: String,
    written: Value,
    decrypted: Value,
}

impl ManifestEntry {
    /// Adds the entry or, if it is a list, its items. An empty entry is skipped.
    fn flatten_into(mut self, entries: &mut Vec<Self>) {
        if self.decrypted.is_null() || self.decrypted.as_object().is_some_and(Map::is_empty) {
            return;
        }
        let is_list = self.decrypted["kind"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("List"));
        if !is_list || !self.decrypted["items"].is_array() {
            entries.push(self);
            return;
        }
        let Value::Array(items) = self.decrypted["items"].take() else {
            return;
        };
        for (index, decrypted) in items.into_iter().enumerate() {
            let item = Self {
                position: format!("{}, items[{index}]", self.position),
                written: self.written["items"][index].clone(),
                decrypted,
            };
            item.flatten_into(entries);
        }
    }
}

/// Collects the values that are encrypted in the file.
fn collect_encrypted(written: &Value, decrypted: &Value, secrets: &mut Vec<Zeroizing<String>>) {
    match (written, decrypted) {
        (Value::Object(written), Value::Object(decrypted)) => {
            for (key, value) in decrypted {
                collect_encrypted(written.get(key).unwrap_or(&Value::Null), value, secrets);
            }
        }
        (Value::Array(written), Value::Array(decrypted)) => {
            for (written, decrypted) in written.iter().zip(decrypted) {
                collect_encrypted(written, decrypted, secrets);
            }
        }
        (Value::String(written), decrypted) if is_encrypted(written) => {
            secrets.push(Zeroizing::new(match decrypted {
                Value::String(text) => text.clone(),
                value => value.to_string(),
            }));
        }
        _ => {}
    }
}

fn is_encrypted(text: &str) -> bool {
    text.starts_with(CIPHERTEXT_PREFIX)
}

/// The first entry of a Secret that is in plaintext in the file. Empty entries never count.
fn plaintext_entry(written: &Value, secret: &Value) -> Option<String> {
    SECRET_PARTS.into_iter().find_map(|part| {
        let mut entries = secret[part].as_object()?.iter();
        entries.find_map(|(key, value)| {
            let is_empty = value.is_null() || value.as_str() == Some("");
            let written = written[part][key].as_str();
            (!is_empty && !written.is_some_and(is_encrypted)).then(|| format!("{part}.{key}"))
        })
    })
}

/// An entry that no Secret can have.
enum InvalidEntry {
    NoString(String),
    NoBase64(String),
}

/// Moves the entries under `stringData` into `data`, as the server does. Otherwise, the server
/// would not track which manager owns them.
fn into_data(object: &mut ClusterObject) -> Result<(), InvalidEntry> {
    for part in SECRET_PARTS {
        let entries = object.json[part].as_object();
        for (key, value) in entries.into_iter().flatten() {
            let Some(text) = value.as_str() else {
                match value.is_null() {
                    true => continue,
                    false => return Err(InvalidEntry::NoString(format!("{part}.{key}"))),
                }
            };
            object.secrets.push(Zeroizing::new(text.to_owned()));
            if part == "data" {
                // Go's decoder ignores line breaks.
                let text: Zeroizing<String> = Zeroizing::new(text.replace(['\n', '\r'], ""));
                let bytes = BASE64_STANDARD.decode(&*text);
                let bytes = bytes.map_err(|_| InvalidEntry::NoBase64(key.clone()))?;
                let decoded = String::from_utf8_lossy(&bytes).into_owned();
                object.secrets.push(Zeroizing::new(decoded));
            }
        }
    }
    let Some(members) = object.json.as_object_mut() else {
        return Ok(());
    };
    let Some(Value::Object(texts)) = members.shift_remove("stringData") else {
        return Ok(());
    };
    let data = members
        .entry("data")
        .or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    for (key, text) in texts {
        let encoded = BASE64_STANDARD.encode(text.as_str().unwrap_or_default());
        object.secrets.push(Zeroizing::new(encoded.clone()));
        data[key] = Value::String(encoded);
    }
    Ok(())
}
