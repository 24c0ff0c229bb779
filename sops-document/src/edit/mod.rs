//! Changes one entry of a plaintext and nothing else: other lines, comments, quotes and indentation stay as they are.
//!
//! A path is followed on the tape; a change is a few edits of the text, which is parsed again to see that it means what it
//! is to mean. What each change does to the values is the rule of `sops` (`tree`); `site` tells where a node stands in its
//! text, `layout` how the file is written, `block` and `flow` make the edits in the two kinds of collections, and `anchors`
//! keeps aliases as they were. `entries` makes many changes at once.

mod anchors;
mod block;
mod changes;
mod check;
mod entries;
mod flat;
mod flow;
mod layout;
pub(crate) mod lexical;
mod scalar;
pub(crate) mod site;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

use std::ops::Range;

use zeroize::Zeroizing;

use self::changes::{Anchor, Changes};
pub use self::entries::NewEntry;
pub(crate) use self::entries::set_entries;
use self::site::Site;
use self::tree::{Shape, misfit, missing};
use crate::error::{Error, Result};
use crate::flat::with_texts;
use crate::format::Format;
use crate::key_path::{Component, KeyPath};
use crate::tree::Node;
use crate::{Collection, Document, Item, MAX_DEPTH, dotenv};

impl Document<'_> {
    /// Sets the value at `path`, in the first document of a stream, as `sops set` does: levels of the path that
    /// are missing are added, an index behind the end of a sequence appends, and what is no container gives way to one.
    ///
    /// Gives the changed text, or `None` if it has that value already. A string keeps the quotes or block style of the one
    /// that it takes the place of, where they can hold it. Where the path leads through an alias, the alias is written out;
    /// other aliases keep their values.
    ///
    /// # Errors
    /// [`Error::Path`] where the path asks for a key of a sequence or an index of a mapping, or the
    /// text cannot be changed there; [`Error::Reserved`] for the reserved key; [`Error::Limit`] for a path
    /// with more components than a document may have levels.
    ///
    /// ```
    /// use sops_document::{Document, Format};
    ///
    /// let document = Document::parse("a: 'x' # why\nb:\n  - 1\n", Format::Yaml)?;
    /// let changed = document.set(&r#"["a"]"#.parse()?, &"y".into())?;
    /// assert_eq!(changed.as_deref().map(Vec::as_slice), Some(&b"a: 'y' # why\nb:\n  - 1\n"[..]));
    /// # Ok::<(), sops_document::Error>(())
    /// ```
    pub fn set(&self, path: &KeyPath, value: &Node) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let is_reserved = |key: &str| match self.format {
            Format::Dotenv => dotenv::is_reserved(key, self.reserved_key),
            _ => self.reserved_key == Some(key),
        };
        if let Component::Key(key) = &path.components()[0]
            && is_reserved(key)
        {
            return Err(Error::Reserved { key: key.clone() });
        }
        if path.components().len() > MAX_DEPTH {
            return Err(Error::Limit {
                location: None,
                message: format!("the path leads deeper than {MAX_DEPTH} levels"),
            });
        }
        if self.format == Format::Binary {
            return self::flat::set_binary(self, path, value);
        }
        let texts = self.format.is_flat().then(|| with_texts(value));
        let value = texts.as_ref().unwrap_or(value);
        let components = path.components();
        let change = match Found::follow(self, path) {
            Found::Nothing => match &components[0] {
                Component::Key(_) => Change::Create(tree::nest(components, value)),
                Component::Index(_) => return Err(misfit(path, 0, Shape::Mapping)),
            },
            Found::Node(node) => Change::Replace(node, value.clone()),
            Found::Alias(node, depth) => {
                let mut tree = self.tree(node);
                tree::set(&mut tree, path, depth, value)?;
                Change::Replace(node, tree)
            }
            Found::Leaf(node, depth) => {
                Change::Replace(node, tree::nest(&components[depth..], value))
            }
            Found::Container(container, depth) => {
                let shape = shape(self, container);
                let value = tree::nest(&components[depth + 1..], value);
                match (&components[depth], shape) {
                    (Component::Key(key), Shape::Mapping) => {
                        Change::Append(container, Some(key), value)
                    }
                    (Component::Index(_), Shape::Sequence(_)) => {
                        Change::Append(container, None, value)
                    }
                    (_, shape) => return Err(misfit(path, depth, shape)),
                }
            }
        };
        if let Change::Replace(node, value) = &change
            && self.tree(*node) == *value
        {
            return Ok(None);
        }
        change.apply(self, path).map(Some)
    }

    /// Removes the entry at `path`, in the first document of a stream, as `sops unset` does. The last entry
    /// of a mapping leaves `{}`, the last item of a sequence `[]`.
    ///
    /// Comments stay but for those in the collection that is removed.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the document has no such key or index; [`Error::Path`] where the path
    /// asks for a key of a sequence, an index of a mapping or something in a scalar, or the text cannot be changed there.
    pub fn unset(&self, path: &KeyPath) -> Result<Zeroizing<Vec<u8>>> {
        if self.format == Format::Binary {
            find(self, path)?;
            return Err(Error::Unwritable {
                path: path.to_string(),
                message: "a binary file is this one value, which cannot be removed".to_owned(),
            });
        }
        let change = match Found::follow(self, path) {
            Found::Nothing => {
                return Err(match &path.components()[0] {
                    Component::Key(_) => missing(path, 0),
                    Component::Index(_) => misfit(path, 0, Shape::Mapping),
                });
            }
            Found::Node(node) => Change::Remove(node),
            Found::Alias(node, depth) => {
                let mut tree = self.tree(node);
                tree::unset(&mut tree, path, depth)?;
                Change::Replace(node, tree)
            }
            Found::Leaf(_, depth) => return Err(misfit(path, depth, Shape::Scalar)),
            Found::Container(container, depth) => {
                return Err(match (&path.components()[depth], shape(self, container)) {
                    (Component::Key(_), Shape::Mapping)
                    | (Component::Index(_), Shape::Sequence(_)) => missing(path, depth),
                    (_, shape) => misfit(path, depth, shape),
                });
            }
        };
        change.apply(self, path)
    }
}

/// The node at `path` in the first document, through aliases; for reading.
///
/// # Errors
/// [`Error::NotFound`] and [`Error::Path`].
pub(crate) fn find(document: &Document<'_>, path: &KeyPath) -> Result<usize> {
    let mut node = document.top(0);
    for (depth, component) in path.components().iter().enumerate() {
        let container = node.map(|node| document.dereferenced(node));
        let shape = container.map_or(Shape::Mapping, |container| shape(document, container));
        let child = container.and_then(|container| child(document, container, component));
        node = match (component, shape) {
            (Component::Key(_), Shape::Mapping) | (Component::Index(_), Shape::Sequence(_)) => {
                Some(child.ok_or_else(|| missing(path, depth))?)
            }
            (_, shape) => return Err(misfit(path, depth, shape)),
        };
    }
    Ok(node.unwrap_or(0))
}

/// Where a path leads, with the number of components that led there where there are more.
enum Found {
    /// The document is empty.
    Nothing,
    /// All of it leads to this node.
    Node(usize),
    /// To an alias, and on from there.
    Alias(usize, usize),
    /// To a scalar, in which nothing can be.
    Leaf(usize, usize),
    /// To a container that does not have the next component.
    Container(usize, usize),
}

impl Found {
    fn follow(document: &Document<'_>, path: &KeyPath) -> Self {
        let Some(mut node) = document.top(0) else {
            return Self::Nothing;
        };
        for (depth, component) in path.components().iter().enumerate() {
            match &document.tape[node] {
                Item::Alias { .. } => return Self::Alias(node, depth),
                Item::Open { .. } => match child(document, node, component) {
                    Some(child) => node = child,
                    None => return Self::Container(node, depth),
                },
                _ => return Self::Leaf(node, depth),
            }
        }
        Self::Node(node)
    }
}

/// The node that a component leads to from the container at `container`.
fn child(document: &Document<'_>, container: usize, component: &Component) -> Option<usize> {
    let mut children = document.children(container);
    match (component, &document.tape[container]) {
        (
            Component::Key(key),
            Item::Open {
                kind: Collection::Mapping,
                ..
            },
        ) => children.find(|child| document.key(*child) == key),
        (
            Component::Index(index),
            Item::Open {
                kind: Collection::Sequence,
                ..
            },
        ) => children.nth(*index),
        _ => None,
    }
}

fn shape(document: &Document<'_>, node: usize) -> Shape {
    match &document.tape[node] {
        Item::Open {
            kind: Collection::Mapping,
            ..
        } => Shape::Mapping,
        Item::Open { .. } => Shape::Sequence(document.children(node).count()),
        _ => Shape::Scalar,
    }
}

/// The items of the tape that a change replaces, and what takes their place: in a mapping under a key.
type Effect<'e> = (Range<usize>, Option<(Option<&'e str>, &'e Node)>);

/// A change of a document.
enum Change<'p> {
    /// A mapping for a document that is empty.
    Create(Node),
    /// Another value for a node.
    Replace(usize, Node),
    /// Another value for a scalar, and how it is written.
    Spell(usize, Node, &'p str),
    /// A new entry or item at the end of a container.
    Append(usize, Option<&'p str>, Node),
    /// A node goes, with its key.
    Remove(usize),
}

impl Change<'_> {
    fn apply(&self, document: &Document<'_>, path: &KeyPath) -> Result<Zeroizing<Vec<u8>>> {
        if !self.is_mergeable(document) {
            return Err(Error::Path {
                message: format!(
                    "`{path}` is under the merge key `<<`, where only mappings can stand"
                ),
            });
        }
        let mut changes = Changes::new(document);
        self.edits(&mut changes)?;
        let text = changes.apply();
        if check::is_changed(&text, document, [self.effect(document)]) {
            return Ok(Zeroizing::new(text.as_bytes().to_vec()));
        }
        Err(Error::Path {
            message: format!(
                "`{path}` stands in a place of the text where it cannot be changed by itself; change it in an editor"
            ),
        })
    }

    /// The node that is changed: of a new entry or item the container.
    fn node(&self) -> usize {
        match self {
            Self::Create(_) => 0,
            Self::Replace(node, _)
            | Self::Spell(node, ..)
            | Self::Append(node, ..)
            | Self::Remove(node) => *node,
        }
    }

    /// Whether what is put under a merge key can be merged; nothing could read the document otherwise.
    fn is_mergeable(&self, document: &Document<'_>) -> bool {
        let is_item = |node: usize| {
            matches!(
                shape(document, site::container(document, node)),
                Shape::Sequence(_)
            )
        };
        match self {
            Self::Replace(node, value) if document.is_merge(*node) => {
                matches!(value, Node::Mapping(_)) || !is_item(*node) && layout::can_be_merged(value)
            }
            Self::Append(container, None, value) if document.is_merge(*container) => {
                matches!(value, Node::Mapping(_))
            }
            _ => true,
        }
    }

    /// The items of the tape that are replaced, and what takes their place.
    fn effect<'e>(&'e self, document: &'e Document<'_>) -> Effect<'e> {
        match self {
            Self::Create(value) => {
                let close = document.node_items(0).end - 1;
                (close..close, Some((None, value)))
            }
            Self::Replace(node, value) | Self::Spell(node, value, _) => (
                document.node_items(*node),
                Some((Some(document.key(*node)), value)),
            ),
            Self::Append(container, key, value) => {
                let close = document.node_items(*container).end - 1;
                (close..close, Some((*key, value)))
            }
            Self::Remove(node) => (document.node_items(*node), None),
        }
    }

    fn edits(&self, changes: &mut Changes<'_, '_>) -> Result<()> {
        let document = changes.document;
        if document.format.is_flat() {
            return self::flat::edits(self, changes);
        }
        let drop_anchor = anchors::keep_values(self.node(), &self.effect(document).0, changes)?;
        match self {
            Self::Create(value) => {
                if let Item::Document { end, .. } = document.tape[0] {
                    block::create(end as usize, value, changes);
                }
            }
            Self::Replace(node, value) => {
                let anchor = if drop_anchor {
                    Anchor::Drop
                } else {
                    Anchor::Keep
                };
                replace(&Site::of(document, *node), value, anchor, changes)?;
            }
            Self::Spell(node, _, text) => changes.replace(Site::of(document, *node).content, *text),
            Self::Append(container, key, value) => append(*container, *key, value, changes)?,
            Self::Remove(node) => {
                let site = Site::of(document, *node);
                if site.flow {
                    flow::remove(&site, changes);
                } else {
                    block::remove(&site, changes);
                }
            }
        }
        Ok(())
    }
}

/// Puts `new` in the place of a node.
fn replace(
    site: &Site,
    new: &Node,
    anchor: Anchor<'_>,
    changes: &mut Changes<'_, '_>,
) -> Result<()> {
    if site.flow {
        return flow::replace(site, new, anchor, changes);
    }
    block::replace(site, new, anchor, changes);
    Ok(())
}

/// Puts a new entry or item at the end of a container.
fn append(
    container: usize,
    key: Option<&str>,
    value: &Node,
    changes: &mut Changes<'_, '_>,
) -> Result<()> {
    let document = changes.document;
    let Item::Open { flow, span, .. } = &document.tape[container] else {
        return Ok(());
    };
    if !flow {
        block::append(container, key, value, changes);
        return Ok(());
    }
    let source = document.source(*span);
    let inner = source.get(1..source.len() - 1).unwrap_or_default();
    if document.format == Format::Yaml && inner.trim().is_empty() {
        // `{}` and `[]` are what an empty collection looks like among blocks too.
        let component = key.map_or(Component::Index(0), |key| Component::Key(key.to_owned()));
        let node = tree::nest(&[component], value);
        if document.top(0) == Some(container) {
            block::replace_top(span.range(), &node, changes);
            return Ok(());
        }
        let site = Site::of(document, container);
        if !site.flow {
            block::replace(&site, &node, Anchor::Keep, changes);
            return Ok(());
        }
    }
    flow::append(container, key, value, changes)
}
