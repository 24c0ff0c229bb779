//! The values of one version of a document.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::OnceLock;

use sops_document::tree::{Entry, Node};
use sops_document::{Document, Format, Item, Value};

use crate::cipher::ciphertext;
use crate::encrypted_document::EncryptedDocument;
use crate::error::Result;
use crate::metadata_entry::parse_document;

/// The values of one version of a document, without its layout and its comments.
#[derive(Default)]
pub struct Contents {
    /// The documents of the stream; for the binary format, its value.
    pub(super) documents: Vec<ComparedNode>,
    /// Whether the file was encrypted. In such a file, a value that is not secret was in plaintext.
    pub(super) is_encrypted: bool,
}

/// A value and whether it is secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ComparedValue {
    /// The value; `None` for null.
    pub value: Option<Value<'static>>,
    /// Whether the value was encrypted, or is from a file in plaintext.
    pub is_secret: bool,
}

/// A tree of values.
pub(super) struct ComparedNode {
    pub(super) kind: NodeKind,
    /// The digest of the tree: equal only for equal trees, regardless of which values are secret.
    pub(super) digest: u64,
}

pub(super) enum NodeKind {
    Mapping(Vec<(String, ComparedNode)>),
    Sequence(Vec<ComparedNode>),
    Scalar(ComparedValue),
}

impl Contents {
    /// The contents of a file that does not exist.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The contents of a file in plaintext. All values count as secret: it may be a decrypted file.
    ///
    /// # Errors
    /// The errors of [`Document::parse`].
    pub fn of_plaintext(text: &[u8], format: Format) -> Result<Self> {
        let document = parse_document(text, format)?;
        let trees = trees(&document, format);
        Ok(Self {
            documents: trees
                .map(|tree| ComparedNode::new(tree, EncryptedForm::Missing))
                .collect(),
            is_encrypted: false,
        })
    }

    /// The contents of an encrypted file, from its plaintext.
    ///
    /// # Errors
    /// The errors of [`Document::parse`].
    pub fn of_decrypted(encrypted: &EncryptedDocument<'_>, plaintext: &[u8]) -> Result<Self> {
        let document = parse_document(plaintext, encrypted.format())?;
        let trees = trees(&document, encrypted.format());
        let mut ciphertexts = Self::ciphertext_trees(encrypted);
        let documents = trees.map(|tree| ComparedNode::new(tree, ciphertexts.next().into()));
        Ok(Self {
            documents: documents.collect(),
            is_encrypted: true,
        })
    }

    /// The contents of an encrypted file without its key. Ciphertexts replace the values, so this
    /// can be compared only with a version that has the same data key.
    pub fn of_ciphertext(encrypted: &EncryptedDocument<'_>) -> Self {
        let trees = Self::ciphertext_trees(encrypted);
        Self {
            documents: trees
                .map(|tree| ComparedNode::new(tree.clone(), EncryptedForm::Part(tree)))
                .collect(),
            is_encrypted: true,
        }
    }

    fn ciphertext_trees(encrypted: &EncryptedDocument<'_>) -> impl Iterator<Item = Node> {
        let format = encrypted.format();
        encrypted.trees().map(move |tree| only_value(tree, format))
    }
}

/// The trees of a document. A binary file has only its value.
fn trees(document: &Document<'_>, format: Format) -> impl Iterator<Item = Node> {
    let bytes = document.tape().iter().find_map(|item| match item {
        Item::Leaf(leaf) if format == Format::Binary => leaf.value.clone(),
        _ => None,
    });
    let binary = bytes.map(|value| Node::Scalar(Some(value.into_owned())));
    let others = (format != Format::Binary).then(|| document.trees());
    binary.into_iter().chain(others.into_iter().flatten())
}

/// The value of an encrypted binary file, which is stored in an object.
fn only_value(tree: Node, format: Format) -> Node {
    match (format, tree.get(sops_document::binary::DATA_KEY)) {
        (Format::Binary, Some(data)) => data.clone(),
        _ => tree,
    }
}

impl ComparedNode {
    /// The tree with its encrypted form.
    fn new(tree: Node, encrypted: EncryptedForm) -> Self {
        let kind = match tree {
            Node::Mapping(entries) => NodeKind::Mapping(Self::entries(entries, encrypted)),
            Node::Sequence(items) => {
                let mut parts = encrypted.items();
                let items = items.into_iter();
                NodeKind::Sequence(items.map(|item| Self::new(item, parts())).collect())
            }
            Node::Scalar(value) => {
                let is_open = match encrypted {
                    EncryptedForm::Part(Node::Scalar(part)) => part
                        .as_ref()
                        .is_none_or(|value| ciphertext(value).is_none()),
                    _ => false,
                };
                NodeKind::Scalar(ComparedValue {
                    value,
                    is_secret: !is_open,
                })
            }
        };
        let digest = digest(&kind);
        Self { kind, digest }
    }

    /// The entries, whose keys are in the same order in the encrypted form.
    fn entries(entries: Vec<Entry>, encrypted: EncryptedForm) -> Vec<(String, Self)> {
        let mut parts = encrypted.entries();
        let entries = entries.into_iter().map(|Entry { key, value }| {
            let part = parts(&key);
            (key, Self::new(value, part))
        });
        entries.collect()
    }
}

/// The encrypted form of a part of a tree. Values without one are secret.
enum EncryptedForm {
    Missing,
    Part(Node),
}

impl From<Option<Node>> for EncryptedForm {
    fn from(part: Option<Node>) -> Self {
        part.map_or(Self::Missing, Self::Part)
    }
}

impl EncryptedForm {
    /// Returns the forms of the items of a list, one after the other.
    fn items(self) -> impl FnMut() -> Self {
        let parts = match self {
            Self::Part(Node::Sequence(parts)) => parts,
            _ => Vec::new(),
        };
        let mut parts = parts.into_iter();
        move || parts.next().into()
    }

    /// Returns the forms of the entries of a mapping, one after the other.
    fn entries(self) -> impl FnMut(&str) -> Self {
        let parts = match self {
            Self::Part(Node::Mapping(parts)) => parts,
            _ => Vec::new(),
        };
        let mut parts = parts.into_iter();
        move |key| {
            let part = parts.next().filter(|part| part.key == key);
            part.map(|part| part.value).into()
        }
    }
}

/// A digest under a random key of this process, so that no one can prepare different trees with the
/// same digest.
fn digest(kind: &NodeKind) -> u64 {
    static KEYS: OnceLock<RandomState> = OnceLock::new();
    let mut hasher = KEYS.get_or_init(RandomState::new).build_hasher();
    match kind {
        NodeKind::Mapping(entries) => {
            // The order of keys has no meaning.
            let mut entries: Vec<(&str, u64)> = entries
                .iter()
                .map(|(key, node)| (key.as_str(), node.digest))
                .collect();
            entries.sort_unstable();
            (0, entries).hash(&mut hasher);
        }
        NodeKind::Sequence(items) => {
            let items: Vec<u64> = items.iter().map(|item| item.digest).collect();
            (1, items).hash(&mut hasher);
        }
        NodeKind::Scalar(scalar) => {
            let value = scalar.value.as_ref();
            let value = value.map(|value: &Value<'_>| (value.kind, &value.bytes));
            (2, value).hash(&mut hasher);
        }
    }
    hasher.finish()
}
