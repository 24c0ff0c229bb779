//! An encrypted document as a tree, after another program has read, sorted or extended it, so that
//! its text is lost.
//!
//! The MAC covers the values in document order, so it cannot be computed from a tree. What can be
//! checked is each value's own tag, which binds it to its path. A caller that has the file can also
//! compare the tree with the trees of its documents
//! ([`EncryptedDocument::trees`](crate::EncryptedDocument::trees)), once the file's MAC is
//! verified.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json};
use sops_document::tree::{Entry, Node};
use sops_document::{Format, Type, Value};

use crate::cipher::{CIPHERTEXT_PREFIX, Cipher, ciphertext};
use crate::error::{Error, Result};
use crate::keys::{DataKey, KeyService, recover_data_key};
use crate::metadata::{METADATA_KEY, Metadata, with_known_keys};
use crate::metadata_entry::{is_encrypted, parse_document};
use crate::rules::CompiledRule;

/// The tree of an encrypted document, and its metadata.
pub struct EncryptedTree {
    tree: Node,
    metadata: Metadata,
}

impl EncryptedTree {
    /// Removes the `sops` metadata from a tree and reads it.
    ///
    /// # Errors
    /// [`Error::NotEncrypted`] without metadata, [`Error::Metadata`] for invalid metadata.
    pub fn new(mut tree: Node) -> Result<Self> {
        let Node::Mapping(entries) = &mut tree else {
            return Err(Error::NotEncrypted);
        };
        let is_block = |entry: &Entry| entry.key == METADATA_KEY;
        let at = entries
            .iter()
            .position(is_block)
            .ok_or(Error::NotEncrypted)?;
        let Json::Object(block) = to_json(&entries.remove(at).value) else {
            return Err(Error::Metadata {
                location: None,
                path: None,
                message: "it is not a mapping".into(),
            });
        };
        let metadata = Metadata::from_tree(&with_known_keys(block))?;
        Ok(Self { tree, metadata })
    }

    /// The `sops` metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The tree without its metadata, still encrypted.
    pub fn tree(&self) -> &Node {
        &self.tree
    }

    /// The data key, as in [`EncryptedDocument::data_key`](crate::EncryptedDocument::data_key).
    ///
    /// # Errors
    /// [`Error::NoDataKey`], which names the keys that could decrypt it.
    pub fn data_key(&self, service: &dyn KeyService) -> Result<DataKey> {
        let key = recover_data_key(
            &self.metadata.key_groups,
            self.metadata.shamir_threshold,
            service,
        )?;
        Ok(key)
    }

    /// The tree with its values decrypted. This checks the tag and the path of each value, but not
    /// the MAC.
    ///
    /// A tree has no comments, so with a rule on comments, every encrypted value is decrypted.
    ///
    /// # Errors
    /// [`Error::Value`] for a value that was altered or moved, for plaintext where the rule
    /// requires an encrypted value, and for an encrypted value where the rule requires plaintext,
    /// because it would stay encrypted; [`Error::Regex`] if the rule's expression is invalid.
    pub fn decrypt(self, key: &DataKey) -> Result<Node> {
        let rule = self.metadata.rule.as_ref();
        let mut walk = TreeDecryption {
            by_form: rule.is_some_and(|rule| rule.looks_at_comments()),
            rule: rule.map(|rule| rule.compile()).transpose()?,
            cipher: Cipher::new(key),
            path: Path::default(),
        };
        let mut tree = self.tree;
        walk.node(&mut tree, false)?;
        Ok(tree)
    }
}

/// The current position of the walk.
#[derive(Default)]
struct Path {
    /// The path as in messages: keys joined with dots.
    shown: String,
    additional_data: Vec<u8>,
}

impl Path {
    fn enter(&mut self, key: &str) -> (usize, usize) {
        let before = (self.shown.len(), self.additional_data.len());
        if !self.shown.is_empty() {
            self.shown.push('.');
        }
        self.shown.push_str(key);
        self.additional_data.extend_from_slice(key.as_bytes());
        self.additional_data.push(b':');
        before
    }

    fn leave(&mut self, (shown, additional_data): (usize, usize)) {
        self.shown.truncate(shown);
        self.additional_data.truncate(additional_data);
    }
}

struct TreeDecryption {
    rule: Option<CompiledRule>,
    /// Whether to recognize encrypted values by their form, because the rule cannot be applied.
    by_form: bool,
    cipher: Cipher,
    path: Path,
}

impl TreeDecryption {
    /// Decrypts the values in a node; `matches` says whether a key on its path matches the rule.
    fn node(&mut self, node: &mut Node, matches: bool) -> Result<()> {
        match node {
            Node::Mapping(entries) => {
                for entry in entries {
                    let matches_here = matches
                        || self
                            .rule
                            .as_ref()
                            .is_some_and(|rule| rule.key_matches(&entry.key));
                    let before = self.path.enter(&entry.key);
                    self.node(&mut entry.value, matches_here)?;
                    self.path.leave(before);
                }
            }
            Node::Sequence(items) => {
                for item in items {
                    self.node(item, matches)?;
                }
            }
            Node::Scalar(Some(value)) if !value.bytes.is_empty() => {
                if let Some(decrypted) = self.value(value, matches)? {
                    *value = decrypted;
                }
            }
            Node::Scalar(_) => {}
        }
        Ok(())
    }

    /// The plaintext of a value; `None` if the value is already plaintext.
    fn value(&mut self, value: &Value<'_>, matches: bool) -> Result<Option<Value<'static>>> {
        let text = ciphertext(value);
        let selected = self.rule.as_ref().is_none_or(|rule| rule.selects(matches));
        let text = match text {
            None if self.by_form || !selected => return Ok(None),
            None => {
                return Err(
                    self.problem("the file's rule covers this value, but it is not encrypted")
                );
            }
            Some(_) if !self.by_form && !selected => {
                return Err(self.problem(
                    "the file's rule does not cover this value, but it is encrypted and would stay encrypted",
                ));
            }
            Some(text) => text,
        };
        let opened = self
            .cipher
            .decrypt(text.as_bytes(), &self.path.additional_data);
        let (kind, canonical) = match opened {
            Ok((kind, plaintext)) => (kind, sops_document::canonical(kind, plaintext)),
            Err(problem) => return Err(self.problem(problem)),
        };
        match canonical {
            Some(bytes) => Ok(Some(Value {
                kind,
                bytes: Cow::Owned(bytes.into_owned()),
            })),
            None => Err(self.problem("the decrypted value does not match its `type`")),
        }
    }

    fn problem(&self, message: &str) -> Error {
        Error::Value {
            path: self.path.shown.clone(),
            location: None,
            message: message.into(),
        }
    }
}

/// The path of the first value of a tree that is ciphertext, such as `spec.env[0].value`: a value
/// that begins like an encrypted value, a whole encrypted file, or the base64 of either, as in
/// `data` of a Secret. Only SOPS can use such a value.
///
/// ```
/// use sops_core::{path_of_ciphertext, tree::Node};
///
/// let tree = |text| Node::from_json(&serde_json::json!({"data": {"a": [text]}}));
/// assert_eq!(path_of_ciphertext(&tree("ENC[AES256_GCM,data:…]")).as_deref(), Some("data.a[0]"));
/// assert_eq!(path_of_ciphertext(&tree("ENC")), None);
/// ```
pub fn path_of_ciphertext(tree: &Node) -> Option<String> {
    let below = |step: String, node: &Node| {
        let rest = path_of_ciphertext(node)?;
        let dot = if rest.is_empty() || rest.starts_with('[') {
            ""
        } else {
            "."
        };
        Some(format!("{step}{dot}{rest}"))
    };
    match tree {
        Node::Mapping(entries) => entries
            .iter()
            .find_map(|entry| below(entry.key.clone(), &entry.value)),
        Node::Sequence(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| below(format!("[{index}]"), item))
        }
        Node::Scalar(_) => {
            let text = tree.as_str()?;
            let is_found =
                is_ciphertext(text) || decoded(text).is_some_and(|text| is_ciphertext(&text));
            is_found.then(String::new)
        }
    }
}

/// Whether `text` is an encrypted value, or a whole encrypted file.
fn is_ciphertext(text: &str) -> bool {
    let is_encrypted = |format| parse_document(text, format).is_ok_and(|file| is_encrypted(&file));
    text.starts_with(CIPHERTEXT_PREFIX)
        || text.contains(CIPHERTEXT_PREFIX)
            && [Format::Yaml, Format::Dotenv, Format::Ini]
                .into_iter()
                .any(is_encrypted)
}

/// The decoded text of base64, which may span several lines, if it is long enough for an encrypted
/// value.
fn decoded(base64: &str) -> Option<String> {
    if base64.len() < CIPHERTEXT_PREFIX.len() {
        return None;
    }
    let packed: String = base64.split_ascii_whitespace().collect();
    String::from_utf8(BASE64.decode(packed).ok()?).ok()
}

/// Converts the `sops` metadata for [`Metadata::from_tree`], which also reads numbers and booleans
/// from strings.
fn to_json(node: &Node) -> Json {
    match node {
        Node::Mapping(entries) => {
            let entry = |entry: &Entry| (entry.key.clone(), to_json(&entry.value));
            Json::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        Node::Sequence(items) => items.iter().map(to_json).collect(),
        Node::Scalar(None) => Json::Null,
        Node::Scalar(Some(value)) => {
            let text = String::from_utf8_lossy(&value.bytes).into_owned();
            match value.kind {
                Type::Bool => Json::Bool(text == "True"),
                _ => Json::String(text),
            }
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::keys::{Identities, age::generate_x25519};
    use crate::rules::EncryptionRule;
    use crate::{EncryptedDocument, Encryption, Format, MacCheck, encrypt};

    const TEXT: &str = "kind: x\ndata:\n  a: on\n  i: 0x10\n  f: 1.50\n  b: TRUE\n  t: 2020-01-02\n  e: \"\"\n  n: ~\n  l:\n  - p\n  - q: r\n";

    /// An encrypted document, its data key, and its plaintext.
    struct Sample {
        encrypted: String,
        key: DataKey,
        plain: Node,
    }

    impl Sample {
        fn new(text: &str, rule: EncryptionRule) -> Self {
            let pair = generate_x25519();
            let identities = Identities::from(pair.identity);
            let encryption = Encryption {
                rule,
                ..Encryption::to([pair.recipient])
            };
            let encrypted =
                encrypt(text, Format::Yaml, &encryption).expect("the text can be encrypted");
            let document =
                EncryptedDocument::parse(&encrypted, Format::Yaml).expect("the document is valid");
            let key = document
                .data_key(&identities)
                .expect("the document is for this key");
            let decrypted = document
                .decrypt(&key, MacCheck::Require)
                .expect("the document is unchanged");
            let text = str::from_utf8(&decrypted.plaintext).expect("YAML is text");
            let plain = only(text);
            Self {
                encrypted,
                key,
                plain,
            }
        }

        fn data(text: &str) -> Self {
            Self::new(text, EncryptionRule::EncryptedRegex("^data$".into()))
        }

        fn decrypt(&self, tree: Node) -> Result<Node> {
            EncryptedTree::new(tree)?.decrypt(&self.key)
        }
    }

    /// The tree of one document, with its `sops` metadata, which in a list of objects is an entry
    /// like any other.
    fn tree(text: &str) -> Node {
        let nested = text.replace('\n', "\n  ");
        let list = only(&format!("in:\n  {nested}\n"));
        list.get("in").expect("the entry exists").clone()
    }

    fn only(text: &str) -> Node {
        Node::from_yaml(text).expect("the text is YAML").remove(0)
    }

    fn entries(node: &mut Node) -> &mut Vec<Entry> {
        match node {
            Node::Mapping(entries) => entries,
            _ => panic!("a mapping"),
        }
    }

    fn message<T>(result: Result<T>) -> String {
        result.map_or_else(|error| error.to_string(), |_| "no error".into())
    }

    #[test]
    fn a_tree_is_decrypted_like_its_text() {
        for rule in [
            EncryptionRule::EncryptedRegex("^data$".into()),
            EncryptionRule::UnencryptedRegex("^kind$".into()),
            EncryptionRule::default(),
        ] {
            let sample = Sample::new(TEXT, rule);
            let mut sorted = tree(&sample.encrypted);
            entries(&mut sorted).reverse();
            let mut decrypted = sample.decrypt(sorted).expect("nothing was altered");
            entries(&mut decrypted).reverse();
            assert_eq!(decrypted, sample.plain);
        }
    }

    #[test]
    fn ciphertext_is_found_at_any_depth() {
        let value = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
        let encoded = BASE64.encode(value);
        // kustomize's generators read values like this.
        let file = format!("a: {value}\nsops:\n  mac: {value}\n");
        let environment = format!("A={value}\nsops_mac={value}\n");
        let whole = |text: &str| serde_json::json!({"data": {"f": text}}).to_string();
        for (text, expected) in [
            (format!("data: {{a: x, b: '{value}'}}\n"), Some("data.b")),
            (format!("data: {{b: {encoded}}}\n"), Some("data.b")),
            (
                format!("spec: {{l: [a, {{v: '{value}'}}]}}\n"),
                Some("spec.l[1].v"),
            ),
            (format!("l: [[a, '{value}']]\n"), Some("l[0][1]")),
            // A truncated value cannot be used either.
            ("a: ENC[AES256_GCM,data:eA==\n".into(), Some("a")),
            (whole(&file), Some("data.f")),
            (whole(&BASE64.encode(&file)), Some("data.f")),
            (
                whole(&(encoded[..20].to_owned() + "\n" + &encoded[20..] + "\n")),
                Some("data.f"),
            ),
            (whole(&environment), Some("data.f")),
            (whole(&format!("a: {value}\n")), None),
            (format!("a: 'not {value}'\n"), None),
            ("a: {ENC: 1, b: ~, c: 'ENC[x]'}\n".into(), None),
        ] {
            let found = path_of_ciphertext(&only(&text));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn with_a_rule_on_comments_every_encrypted_value_is_decrypted() {
        let text = "kind: x\n# secret\ndata:\n  a: b\n";
        let sample = Sample::new(text, EncryptionRule::EncryptedCommentRegex("secret".into()));
        let decrypted = sample
            .decrypt(tree(&sample.encrypted))
            .expect("nothing was altered");
        assert_eq!(decrypted, sample.plain);
    }

    #[test]
    fn altered_and_moved_values_are_named() {
        let sample = Sample::data("kind: x\ndata:\n  a: s3cret\n  b: t0psecret\n");
        let change = |from: &str, to: &str| {
            assert!(sample.encrypted.contains(from));
            sample.decrypt(tree(&sample.encrypted.replacen(from, to, 1)))
        };
        let moved = "the encrypted value was altered, moved here from another key, or copied from a version before the last `rotate`";
        for (from, to, expected) in [
            ("  a: ENC", "  c: ENC", format!("data.c: {moved}")),
            ("type:str", "type:int", "data.a: the decrypted value does not match its `type`".into()),
            (",data:", ",data:AAAA", format!("data.a: {moved}")),
            ("kind: x", "kind: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]", "kind: the file's rule does not cover this value, but it is encrypted and would stay encrypted".into()),
            ("data:\n", "data:\n  c: plain\n", "data.c: the file's rule covers this value, but it is not encrypted".into()),
            ("kind: x", "kind: y", "no error".into()),
        ] {
            assert_eq!(message(change(from, to)), expected);
        }
        for (text, expected) in [
            ("a: 1\n", "sops metadata not found"),
            (
                "a: 1\nsops: x\n",
                "invalid `sops` metadata: it is not a mapping",
            ),
            (
                "a: 1\nsops: {mac: x}\n",
                "invalid `sops` metadata: `lastmodified` is missing",
            ),
        ] {
            assert_eq!(message(EncryptedTree::new(tree(text))), expected);
        }
    }
}
