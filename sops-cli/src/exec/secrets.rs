//! The encrypted values of a file, which must not appear in the output of a command.

use std::collections::BTreeSet;

use sops_core::document::{NodeRef, Shape, flat};
use sops_core::tree::Node;
use sops_core::{EncryptedDocument, Format, Value, is_ciphertext, parse_document};
use sops_redaction::{Patterns, SHORTEST};
use zeroize::Zeroizing;

use crate::command_error::CommandError;
use crate::input::Input;
use crate::secret_data;

/// The values that are encrypted in a file. Comments and plaintext values are left out.
#[derive(Default)]
pub(crate) struct SecretValues {
    texts: Vec<Zeroizing<Vec<u8>>>,
    /// The key paths of values that are too short to be recognized in output.
    short: Vec<String>,
}

impl SecretValues {
    /// The values of the file that was read from `input`, with its plaintext.
    pub(crate) fn of(input: &Input, plaintext: &[u8]) -> Result<Self, CommandError> {
        let mut values = Self::default();
        if input.format == Format::Binary {
            values.add(plaintext, || input.name.clone());
            return Ok(values);
        }
        let encrypted = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let document = parse_document(plaintext, input.format)
            .map_err(|error| input.plaintext_error(error))?;
        let mut trees = encrypted.trees();
        for top in document.tops() {
            let tree = trees.next();
            if let Some(top) = top {
                values.collect(document.text(), tree.as_ref(), top, false);
            }
        }
        Ok(values)
    }

    /// The patterns that find the values in output. The command may also print `document` as
    /// base64.
    pub(crate) fn patterns(&self, document: &[u8]) -> Patterns {
        Patterns::of_values_in(self.texts.iter().map(|text| text.as_slice()), document)
    }

    /// The key paths of values with less than [`SHORTEST`] bytes, except empty ones.
    pub(crate) fn short(&self) -> &[String] {
        &self.short
    }

    /// The distinct lines of all values, without those of less than [`SHORTEST`] bytes.
    pub(crate) fn lines(&self) -> BTreeSet<&[u8]> {
        let lines = self
            .texts
            .iter()
            .flat_map(|text| text.split(|byte| *byte == b'\n'));
        lines
            .map(<[u8]>::trim_ascii)
            .filter(|line| line.len() >= SHORTEST)
            .collect()
    }

    /// Collects the values under `plain`, a node of the document with that text, that are encrypted
    /// in `cipher`, the same node of the encrypted document. A value without a counterpart there
    /// counts as encrypted.
    ///
    /// `in_data` says whether the node is `data` of a Secret, or a value of it.
    fn collect(
        &mut self,
        text: &str,
        cipher: Option<&Node>,
        plain: NodeRef<'_, '_>,
        in_data: bool,
    ) {
        // The value of an alias is collected where it is written.
        if plain.origin().span() != plain.span() {
            return;
        }
        match plain.shape() {
            Shape::Mapping => {
                let is_secret = plain.get("kind").and_then(NodeRef::as_str) == Some("Secret");
                for (index, (key, value)) in plain.entries().enumerate() {
                    let in_data = in_data || is_secret && key == "data";
                    self.collect(text, counterpart(cipher, key, index), value, in_data);
                }
            }
            Shape::Sequence => {
                for (index, item) in plain.items().enumerate() {
                    let cipher = match cipher {
                        Some(Node::Sequence(items)) => items.get(index),
                        _ => None,
                    };
                    self.collect(text, cipher, item, in_data);
                }
            }
            Shape::Scalar => {
                let is_plaintext = match cipher {
                    Some(cipher @ Node::Scalar(_)) => !cipher.as_str().is_some_and(is_ciphertext),
                    _ => false,
                };
                if let Some(value) = plain.value().filter(|_| !is_plaintext) {
                    let source = &text[plain.span()];
                    self.add_scalar(value, source, in_data, || plain.path().join("."));
                }
            }
        }
    }

    /// Adds a scalar as a variable has it, and as it is written in the file.
    fn add_scalar(
        &mut self,
        value: &Value<'_>,
        source: &str,
        in_data: bool,
        name: impl FnOnce() -> String,
    ) {
        let plain = flat::bytes(Some(value));
        let decoded = match str::from_utf8(&plain) {
            Ok(text) if in_data => secret_data::decode(text),
            _ => None,
        };
        match decoded {
            Some(decoded) => {
                self.add(&decoded, name);
                self.texts.push(Zeroizing::new(plain.into_owned()));
            }
            None => self.add(&plain, name),
        }
        let quoted = ['"', '\'']
            .iter()
            .find_map(|quote| source.strip_prefix(*quote)?.strip_suffix(*quote));
        // The span of a block scalar ends after its last line break.
        let source = quoted.unwrap_or(source.trim_end());
        self.texts.push(Zeroizing::new(source.as_bytes().to_vec()));
    }

    fn add(&mut self, text: &[u8], name: impl FnOnce() -> String) {
        if (1..SHORTEST).contains(&text.len()) {
            self.short.push(name());
        }
        self.texts.push(Zeroizing::new(text.to_vec()));
    }
}

/// The entry of the encrypted mapping with that key, usually at the same index.
fn counterpart<'n>(cipher: Option<&'n Node>, key: &str, index: usize) -> Option<&'n Node> {
    let Some(cipher @ Node::Mapping(entries)) = cipher else {
        return None;
    };
    match entries.get(index).filter(|entry| entry.key == key) {
        Some(entry) => Some(&entry.value),
        None => cipher.get(key),
    }
}
