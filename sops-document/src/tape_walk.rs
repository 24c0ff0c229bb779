//! Walks the tape node by node and builds trees, with aliases expanded and without comments.

use crate::format::Format;
use crate::tree::{Entry, Node};
use crate::yaml::source;
use crate::{Collection, Document, Item, Leaf, PathId};

impl<'a> Document<'a> {
    /// The tree of one document of the stream, by its number from 0. An empty document is an empty
    /// mapping; `None` if there are fewer documents. Reserved entries are left out.
    pub fn to_tree(&self, number: usize) -> Option<Node> {
        let document = self.document_indexes().nth(number)?;
        Some(match self.top(document) {
            Some(top) => self.tree(top),
            None => Node::Mapping(Vec::new()),
        })
    }

    /// The number of documents in the stream; 1 in every format except YAML.
    pub fn document_count(&self) -> usize {
        self.document_indexes().count()
    }

    /// The trees of all documents of the stream, in order, as [`to_tree`](Self::to_tree) returns
    /// them.
    pub fn trees(&self) -> impl Iterator<Item = Node> {
        self.document_indexes()
            .map(|document| match self.top(document) {
                Some(top) => self.tree(top),
                None => Node::Mapping(Vec::new()),
            })
    }

    /// The indexes of the `Document` items.
    pub(crate) fn document_indexes(&self) -> impl Iterator<Item = usize> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let index = next;
            next = self.node_end(index)?;
            Some(index)
        })
    }

    /// The index of the node at the top of the document whose item is at `document`; `None` if the
    /// document is empty.
    pub fn top(&self, document: usize) -> Option<usize> {
        self.children(document).next()
    }

    /// The index after the node at `index`; `None` after the end of the tape.
    fn node_end(&self, index: usize) -> Option<usize> {
        Some(match self.tape.get(index)? {
            Item::Document { close, .. } | Item::Open { close, .. } | Item::Alias { close, .. } => {
                *close as usize + 1
            }
            _ => index + 1,
        })
    }

    /// The items of the node at `index`.
    pub(crate) fn node_items(&self, index: usize) -> std::ops::Range<usize> {
        index..self.node_end(index).unwrap_or(index)
    }

    /// The indexes of the nodes that are directly in the document, container or alias at `parent`.
    pub fn children(&self, parent: usize) -> impl Iterator<Item = usize> {
        let mut next = parent + 1;
        std::iter::from_fn(move || {
            loop {
                let index = next;
                match self.tape.get(index)? {
                    Item::Close { .. } => return None,
                    Item::Comment { .. } => next = index + 1,
                    _ => {
                        next = self.node_end(index)?;
                        return Some(index);
                    }
                }
            }
        })
    }

    /// The index of the `Open` or `Leaf` item that the node at `index` is, or that its alias refers
    /// to.
    pub(crate) fn dereferenced(&self, index: usize) -> usize {
        match self.tape[index] {
            Item::Alias { .. } => self.children(index).next().unwrap_or(index),
            _ => index,
        }
    }

    /// The path of the node or comment at `index`; `None` for `Document` and `Close` items.
    pub fn node_path(&self, index: usize) -> Option<PathId> {
        match &self.tape[index] {
            Item::Open { path, .. }
            | Item::Alias { path, .. }
            | Item::Leaf(Leaf { path, .. })
            | Item::Comment { path, .. } => Some(*path),
            Item::Document { .. } | Item::Close { .. } => None,
        }
    }

    /// The offset in the text where the node at `index` begins.
    pub(crate) fn node_start(&self, index: usize) -> usize {
        match &self.tape[index] {
            Item::Open { span, .. }
            | Item::Alias { span, .. }
            | Item::Leaf(Leaf { span, .. })
            | Item::Comment { span, .. } => span.range().start,
            Item::Document { .. } | Item::Close { .. } => 0,
        }
    }

    /// The offset where an item of a sequence begins: that of its dash or, in flow style, that of
    /// the value. `None` if an anchor or a tag comes before the value.
    pub fn start_of_item(&self, leaf: &Leaf<'_>) -> Option<usize> {
        let start = leaf.span.range().start;
        match leaf.flow {
            true => self.text[..start]
                .trim_ascii_end()
                .ends_with([',', '['])
                .then_some(start),
            false => source::dash_before(self.text, start),
        }
    }

    /// The key whose value the node at `index` is; the key of the sequence for an item of a
    /// sequence.
    pub fn key(&self, index: usize) -> &str {
        self.node_path(index)
            .map_or("", |path| self.paths.key(path))
    }

    /// Whether the key of the entry is the merge key `<<`. In quotes, `<<` is a key like any other.
    pub(crate) fn is_merge(&self, node: usize) -> bool {
        let Some(path) = self.node_path(node) else {
            return false;
        };
        let offset = self.paths.key_offset(path) as usize;
        self.format == Format::Yaml
            && self.paths.key(path) == "<<"
            && self.text[offset..].starts_with(['<', '!'])
    }

    /// The tree of the node at `index`.
    pub fn tree(&self, index: usize) -> Node {
        // Containers that are open, each under the key that it has in the one before.
        let mut open: Vec<(Node, &str)> = Vec::new();
        for at in self.node_items(index) {
            let (node, key) = match &self.tape[at] {
                Item::Open { kind, .. } => {
                    let node = match kind {
                        Collection::Mapping => Node::Mapping(Vec::new()),
                        Collection::Sequence => Node::Sequence(Vec::new()),
                    };
                    open.push((node, self.key(at)));
                    continue;
                }
                Item::Leaf(leaf) => {
                    let value = leaf.value.clone().map(|value| value.into_owned());
                    (Node::Scalar(value), self.key(at))
                }
                Item::Close { open: start }
                    if matches!(self.tape[*start as usize], Item::Open { .. }) =>
                {
                    match open.pop() {
                        Some(closed) => closed,
                        None => continue,
                    }
                }
                _ => continue,
            };
            match open.last_mut() {
                None => return node,
                Some((Node::Mapping(entries), _)) => entries.push(Entry {
                    key: key.to_owned(),
                    value: node,
                }),
                Some((Node::Sequence(items), _)) => items.push(node),
                Some((Node::Scalar(_), _)) => {}
            }
        }
        Node::Scalar(None)
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;
    use crate::format::Format;
    use crate::tree::Node;

    fn trees(text: &str, format: Format) -> Vec<Node> {
        let document = Document::parse_reserving(text, format, "sops")
            .unwrap_or_else(|error| panic!("{error}"));
        let trees: Vec<_> = (0..).map_while(|number| document.to_tree(number)).collect();
        assert_eq!(trees, document.trees().collect::<Vec<_>>());
        assert_eq!(trees.len(), document.document_count());
        trees
    }

    #[test]
    fn a_tree_has_the_values_and_nothing_of_the_text() {
        let json = |text: &str| {
            serde_json::from_str(text)
                .map(|json| Node::from_json(&json))
                .unwrap_or_else(|error| panic!("{error}"))
        };
        for (text, expected) in [
            (
                "a: 1 # x\n# y\nb: [x, {c: ~}]\n",
                vec![r#"{"a": 1, "b": ["x", {"c": null}]}"#],
            ),
            (
                "a: &x {b: [1.5, &y true]}\nc: *x\nd: [*x, *y]\n",
                vec![
                    r#"{"a": {"b": [1.5, true]}, "c": {"b": [1.5, true]}, "d": [{"b": [1.5, true]}, true]}"#,
                ],
            ),
            (
                "a: {}\nb: []\n---\n---\nc: |\n  x\n",
                vec![r#"{"a": {}, "b": []}"#, "{}", r#"{"c": "x\n"}"#],
            ),
            ("a: 1\nsops:\n  mac: x\n", vec![r#"{"a": 1}"#]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(json).collect();
            assert_eq!(trees(text, Format::Yaml), expected, "{text}");
        }
        let text = r#"{"a": {"b": [1, 1.5, "x", null, false, {}, []]}}"#;
        assert_eq!(trees(text, Format::Json), [json(text)]);
    }
}
