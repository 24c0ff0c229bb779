//! The encrypted values of a file, and the document that a resource was read from.
//!
//! The additional data of a value binds it to its keys, but not to its document or its position in
//! a list. So the values of a resource are compared with the documents of a file whose MAC was
//! verified.

use std::collections::HashMap;

use sops_core::EncryptedTree;
use sops_core::tree::{Entry, Node};

use crate::encrypted_file::Verified;
use crate::problem::Problem;

/// The keys by which kustomize merges the items of lists (kyaml's `AssociativeSequenceKeys`). Such
/// a merge may change the order.
const MERGE_KEYS: [&str; 7] = [
    "mountPath",
    "devicePath",
    "ip",
    "type",
    "topologyKey",
    "name",
    "containerPort",
];

const ABSENT: &str =
    "the file does not have this encrypted value at this key path; remove the patch that adds it";
const ELSEWHERE: &str =
    "the file has this encrypted value at another position; remove the patch that moves it";
const RENAMED: &str = "the merge key of this list item (`name` or similar) differs from the file's; remove the patch that changes it";
const REORDERED: &str = "the encrypted values of this list have a different order in the file; remove the patch that reorders them";
const OTHER_RULE: &str = "the selection rule in the metadata differs from the file's; remove the patch that changes `sops`";

/// A file whose MAC was verified.
pub(super) struct SourceFile {
    file: Verified,
    /// For each encrypted value, the indexes of its documents.
    holders: HashMap<String, Vec<usize>>,
}

impl SourceFile {
    pub(super) fn new(file: Verified) -> Self {
        let mut holders: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, document) in file.documents.iter().enumerate() {
            visit(document, &mut |text| {
                let indexes = holders.entry(text.to_owned()).or_default();
                if indexes.last() != Some(&index) {
                    indexes.push(index);
                }
            });
        }
        Self { file, holders }
    }

    /// The documents that contain all encrypted values of a resource at the same key paths; all
    /// documents if the resource has no encrypted values. After a patch, it may lack some values of
    /// its document, and have more values in plaintext.
    ///
    /// # Errors
    /// The error names the first value of the resource that no document has.
    pub(super) fn documents_of(&self, resource: &EncryptedTree) -> Result<Vec<&Node>, Problem> {
        if resource.metadata().rule != self.file.rule {
            return Err(Problem::new(OTHER_RULE).at_field("sops"));
        }
        let documents = &self.file.documents;
        let Some(text) = first_ciphertext(resource.tree()) else {
            return Ok(documents.iter().collect());
        };
        let holders = self.holders.get(text).map_or(&[][..], Vec::as_slice);
        let mut found = Vec::new();
        let mut problem = None;
        for document in holders.iter().map(|index| &documents[*index]) {
            let mut comparison = Comparison {
                path: Vec::new(),
                holders: &self.holders,
            };
            match comparison.require(resource.tree(), Some(document)) {
                Ok(()) => found.push(document),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        Err(problem.unwrap_or_else(|| {
            let mut comparison = Comparison {
                path: Vec::new(),
                holders: &self.holders,
            };
            let compared = comparison.require(resource.tree(), None);
            compared.err().unwrap_or_else(|| Problem::new(ABSENT))
        }))
    }
}

/// The comparison of a resource with one document.
struct Comparison<'f> {
    path: Vec<String>,
    holders: &'f HashMap<String, Vec<usize>>,
}

impl Comparison<'_> {
    /// Checks that the encrypted values of `node` are in `source` under the same keys.
    fn require(&mut self, node: &Node, source: Option<&Node>) -> Result<(), Problem> {
        match node {
            Node::Mapping(entries) => {
                let sources = by_key(source);
                entries.iter().try_for_each(|Entry { key, value }| {
                    self.path.push(key.clone());
                    self.require(value, sources.get(key.as_str()).copied())?;
                    self.path.pop();
                    Ok(())
                })
            }
            Node::Sequence(items) => self.require_items(items, source),
            Node::Scalar(_) => match ciphertext(node) {
                Some(text) if source.and_then(ciphertext) != Some(text) => Err(self.unlike(text)),
                _ => Ok(()),
            },
        }
    }

    /// Checks that an item of the file has the encrypted values of this item: the item with the
    /// same merge key or, without merge keys, the next one in order.
    fn require_items(&mut self, items: &[Node], source: Option<&Node>) -> Result<(), Problem> {
        let sources = match source {
            Some(Node::Sequence(sources)) => sources.as_slice(),
            _ => &[],
        };
        let positions = positions(sources);
        let mut is_taken = vec![false; sources.len()];
        let mut last = None;
        for (index, item) in items.iter().enumerate() {
            let Some(text) = first_ciphertext(item) else {
                continue;
            };
            self.path.push(format!("[{index}]"));
            let here = positions.get(text).map_or(&[][..], Vec::as_slice);
            let position = here.iter().find(|position| !is_taken[**position]);
            let Some(&position) = position else {
                return Err(self.unlike_item(item));
            };
            is_taken[position] = true;
            let source = &sources[position];
            let mut keys = MERGE_KEYS
                .into_iter()
                .filter_map(|key| Some((key, plaintext(source, key)?)))
                .peekable();
            let has_key = keys.peek().is_some();
            if !keys.all(|(key, value)| item.get(key) == Some(value)) {
                return Err(self.problem(RENAMED));
            }
            if !has_key && last > Some(position) {
                return Err(self.problem(REORDERED));
            }
            if !has_key {
                last = Some(position);
            }
            self.require(item, Some(source))?;
            self.path.pop();
        }
        Ok(())
    }

    /// The error for an item with a value that no item of the file has.
    fn unlike_item(&mut self, item: &Node) -> Problem {
        self.require(item, None)
            .err()
            .unwrap_or_else(|| self.problem(ABSENT))
    }

    fn unlike(&self, text: &str) -> Problem {
        self.problem(if self.holders.contains_key(text) {
            ELSEWHERE
        } else {
            ABSENT
        })
    }

    fn problem(&self, message: &str) -> Problem {
        let mut field = String::new();
        for key in &self.path {
            if !field.is_empty() && !key.starts_with('[') {
                field.push('.');
            }
            field.push_str(key);
        }
        Problem::new(message).at_field(&field)
    }
}

fn by_key(node: Option<&Node>) -> HashMap<&str, &Node> {
    match node {
        Some(Node::Mapping(entries)) => entries
            .iter()
            .map(|entry| (entry.key.as_str(), &entry.value))
            .collect(),
        _ => HashMap::new(),
    }
}

/// The items of a list by the encrypted values in them.
fn positions(items: &[Node]) -> HashMap<&str, Vec<usize>> {
    let mut positions: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        visit(item, &mut |text| {
            positions.entry(text).or_default().push(index);
        });
    }
    positions
}

/// A value of a mapping, if it is not encrypted.
fn plaintext<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| ciphertext(value).is_none())
}

fn visit<'n>(node: &'n Node, see: &mut impl FnMut(&'n str)) {
    match node {
        Node::Mapping(entries) => entries.iter().for_each(|entry| visit(&entry.value, see)),
        Node::Sequence(items) => items.iter().for_each(|item| visit(item, see)),
        Node::Scalar(_) => {
            if let Some(text) = ciphertext(node) {
                see(text);
            }
        }
    }
}

fn first_ciphertext(node: &Node) -> Option<&str> {
    match node {
        Node::Mapping(entries) => entries
            .iter()
            .find_map(|entry| first_ciphertext(&entry.value)),
        Node::Sequence(items) => items.iter().find_map(first_ciphertext),
        Node::Scalar(_) => ciphertext(node),
    }
}

/// The text of a scalar that is one encrypted value.
fn ciphertext(node: &Node) -> Option<&str> {
    match node {
        Node::Scalar(Some(value)) => sops_core::ciphertext(value),
        _ => None,
    }
}
