//! References to the nodes of a document, for readers.

use std::fmt;
use std::ops::Range;

use crate::key_path::Component;
use crate::value::Value;
use crate::{Collection, Document, Item, Leaf};

/// A mapping, sequence or scalar of a document, with its position in the text.
///
/// An alias reads as the node that it refers to, so the contents of an alias have the positions of
/// the anchored text. A `NodeRef` is two words and `Copy`.
///
/// ```
/// use sops_document::{Document, Format};
///
/// let text = "kind: Pod\n---\nspec: {containers: [{name: web}]}\n";
/// let document = Document::parse(text, Format::Yaml)?;
/// let pod = document.tops().nth(1).flatten().expect("the document is not empty");
/// let container = pod.at(&["spec", "containers"]).and_then(|list| list.items().next());
/// let name = container.and_then(|container| container.get("name")).expect("the container has a name");
/// assert_eq!((name.as_str(), &text[name.span()]), (Some("web"), "web"));
/// assert_eq!(name.path(), ["spec", "containers", "[0]", "name"]);
/// # Ok::<(), sops_document::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct NodeRef<'d, 'a> {
    document: &'d Document<'a>,
    index: usize,
}

/// The shape of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Keys with values.
    Mapping,
    /// Items in order.
    Sequence,
    /// One value, or null.
    Scalar,
}

impl<'a> Document<'a> {
    /// The top node of each document in the stream; `None` for an empty document. Reserved entries
    /// are left out.
    pub fn tops(&self) -> impl Iterator<Item = Option<NodeRef<'_, 'a>>> {
        self.document_indexes().map(|document| {
            self.top(document).map(|index| NodeRef {
                document: self,
                index,
            })
        })
    }

    /// The scalars in the text, in order, without the copies that aliases expand to.
    pub fn scalars(&self) -> impl Iterator<Item = NodeRef<'_, 'a>> {
        self.written_items()
            .filter(|(_, item)| matches!(item, Item::Leaf(_)))
            .map(|(index, _)| NodeRef {
                document: self,
                index,
            })
    }
}

impl<'d, 'a> NodeRef<'d, 'a> {
    /// The node at an index of the tape.
    pub(crate) fn new(document: &'d Document<'a>, index: usize) -> Self {
        Self { document, index }
    }

    /// The shape of the node.
    pub fn shape(self) -> Shape {
        match &self.document.tape[self.target()] {
            Item::Open {
                kind: Collection::Mapping,
                ..
            } => Shape::Mapping,
            Item::Open { .. } => Shape::Sequence,
            _ => Shape::Scalar,
        }
    }

    /// The value of a scalar; `None` for null and for collections.
    pub fn value(self) -> Option<&'d Value<'a>> {
        match &self.document.tape[self.target()] {
            Item::Leaf(Leaf { value, .. }) => value.as_ref(),
            _ => None,
        }
    }

    /// The canonical form of a scalar as text: the digits of a number, `True` or `False` for a
    /// boolean. `None` for null, for collections and for bytes that are not UTF-8.
    pub fn scalar_text(self) -> Option<&'d str> {
        str::from_utf8(&self.value()?.bytes).ok()
    }

    /// The text of a string; `None` for other types.
    pub fn as_str(self) -> Option<&'d str> {
        self.scalar_text()
            .filter(|_| self.value().is_some_and(Value::is_str))
    }

    /// The entries of a mapping, in order, including merge keys. Empty for other shapes.
    pub fn entries(self) -> impl Iterator<Item = (&'d str, Self)> {
        let document = self.document;
        self.children(Shape::Mapping)
            .map(move |child| (document.key(child.index), child))
    }

    /// The items of a sequence. Empty for other shapes.
    pub fn items(self) -> impl Iterator<Item = Self> {
        self.children(Shape::Sequence)
    }

    /// The value under `key` in this mapping, or in a mapping that it merges with `<<`.
    pub fn get(self, key: &str) -> Option<Self> {
        let mut merged: Option<Self> = None;
        for (name, node) in self.entries() {
            if name == key {
                return Some(node);
            }
            if name == "<<" && merged.is_none() && self.document.is_merge(node.index) {
                merged = Some(node);
            }
        }
        let merged = merged?;
        match merged.shape() {
            Shape::Sequence => merged.items().find_map(|item| item.own(key)),
            _ => merged.own(key),
        }
    }

    /// The node at a path of keys.
    pub fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The span in bytes: of a scalar including its quotes, of an alias only `*name`.
    pub fn span(self) -> Range<usize> {
        match &self.document.tape[self.index] {
            Item::Open { span, .. } | Item::Alias { span, .. } | Item::Leaf(Leaf { span, .. }) => {
                span.range()
            }
            _ => 0..0,
        }
    }

    /// The node that an alias refers to; any other node is returned as it is.
    pub fn origin(self) -> Self {
        match &self.document.tape[self.index] {
            Item::Alias { target, .. } => Self {
                document: self.document,
                index: *target as usize,
            },
            _ => self,
        }
    }

    /// Whether an alias in the text refers to this node or to one in it.
    pub fn is_aliased(self) -> bool {
        let items = self.document.node_items(self.index);
        self.document.written_items().any(|(_, item)| match item {
            Item::Alias { target, .. } => items.contains(&(*target as usize)),
            _ => false,
        })
    }

    /// The byte offset of the key whose value this node is. For an item of a sequence, the offset
    /// of the sequence's key.
    pub fn key_offset(self) -> usize {
        let path = self.document.node_path(self.index);
        path.map_or(0, |path| self.document.paths.key_offset(path) as usize)
    }

    /// The components of the node's key path; none for the top of a document.
    pub fn components(self) -> impl Iterator<Item = Component> {
        let nodes = self.lineage().into_iter().skip(1);
        nodes.map(|node| match node.number() {
            Some(index) => Component::Index(index),
            None => Component::Key(node.step()),
        })
    }

    /// The nodes that contain this one, from the top of its document down to the node itself.
    pub fn lineage(self) -> Vec<Self> {
        let document = self.document;
        let positions = document.positions();
        let mut lineage = vec![self];
        let mut at = self.index;
        while let Item::Open { .. } | Item::Alias { .. } = &document.tape[positions[at].parent()] {
            at = positions[at].parent();
            // An alias and the node that it refers to count once.
            if let Item::Alias { .. } = &document.tape[at] {
                lineage.pop();
            }
            lineage.push(Self {
                document,
                index: at,
            });
        }
        lineage.reverse();
        lineage
    }

    /// The index of an item of a sequence, from 0; `None` for other nodes.
    pub fn number(self) -> Option<usize> {
        let position = self.document.positions()[self.index];
        let is_item = matches!(
            &self.document.tape[position.parent()],
            Item::Open {
                kind: Collection::Sequence,
                ..
            }
        );
        is_item.then_some(position.number())
    }

    /// The last component of the path: the key, or the index in brackets. Empty at the top.
    pub fn step(self) -> String {
        match self.number() {
            Some(number) => format!("[{number}]"),
            None => self.document.key(self.index).to_owned(),
        }
    }

    /// The path from the top of the document: keys, and indexes in brackets.
    pub fn path(self) -> Vec<String> {
        let below_top = self.lineage().into_iter().skip(1);
        below_top.map(Self::step).collect()
    }

    fn own(self, key: &str) -> Option<Self> {
        let entry = self.entries().find(|(name, _)| *name == key);
        entry.map(|(_, node)| node)
    }

    /// The child nodes, if this node has the given shape.
    fn children(self, shape: Shape) -> impl Iterator<Item = Self> {
        let document = self.document;
        let target = Some(self.target()).filter(|_| self.shape() == shape);
        target
            .into_iter()
            .flat_map(move |target| document.children(target))
            .map(move |index| Self { document, index })
    }

    /// The document that contains the node.
    pub(crate) fn document(self) -> &'d Document<'a> {
        self.document
    }

    /// The index on the tape of this node or, for an alias, of the node that it refers to.
    pub(crate) fn target(self) -> usize {
        self.document.dereferenced(self.index)
    }
}

/// Shows the shape and the span, never a value.
impl fmt::Debug for NodeRef<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.shape(), self.span())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;

    #[track_caller]
    fn document(text: &str) -> Document<'_> {
        Document::parse(text, Format::Yaml).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn top<'d, 'a>(document: &'d Document<'a>) -> NodeRef<'d, 'a> {
        document
            .tops()
            .next()
            .flatten()
            .expect("the document is not empty")
    }

    #[test]
    fn nodes_are_found_through_aliases_and_merge_keys() {
        let text = "a: &x {b: 1, c: two}\nd: *x\ne:\n  <<: *x\n  c: three\nf:\n  <<: [*x]\n";
        let document = document(text);
        let top = top(&document);
        for (path, value) in [
            (["d", "c"], "two"),
            (["e", "c"], "three"),
            (["e", "b"], "1"),
            (["f", "c"], "two"),
        ] {
            let node = top.at(&path).expect("the node exists");
            assert_eq!(node.scalar_text(), Some(value), "{path:?}");
        }
        let alias = top.get("d").expect("the node exists");
        assert_eq!((&text[alias.span()], alias.shape()), ("*x", Shape::Mapping));
        let inner = alias.get("c").expect("the node exists");
        assert_eq!(
            (&text[inner.span()], inner.path()),
            ("two", vec!["d".to_owned(), "c".to_owned()])
        );
        let merged = top.at(&["f", "b"]).expect("the node exists");
        assert_eq!(merged.path(), ["f", "<<", "[0]", "b"]);
        assert_eq!(top.get("b").map(|node| node.span()), None);
        assert_eq!(top.at(&["a", "b"]).and_then(NodeRef::as_str), None);
    }

    #[test]
    fn comments_have_their_spans() {
        let text = "# one\na: 1 # two\n";
        let places: Vec<_> = document(text).comments().map(|at| &text[at]).collect();
        assert_eq!(places, ["# one", "# two"]);
    }
}
