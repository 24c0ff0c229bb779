//! Sets or removes the value at one key path.

use zeroize::Zeroizing;

use super::change::Change;
use super::flat::set_binary;
use super::path_target::{PathTarget, find, kind};
use super::tree_edit::{self, NodeKind, misfit, missing};
use crate::error::{Error, Result};
use crate::flat::with_texts;
use crate::format::Format;
use crate::key_path::{Component, KeyPath};
use crate::tree::Node;
use crate::{Document, MAX_DEPTH, dotenv};

impl Document<'_> {
    /// Sets the value at `path` in the first document of a stream. Missing levels of the path are
    /// added, an index past the end of a sequence appends an item, and a scalar on the path is
    /// replaced by a container.
    ///
    /// Returns the changed text, or `None` if the document already has that value. A string keeps
    /// the quotes or the block style of the string that it replaces, if they can hold it. If the
    /// path leads through an alias, that alias is expanded; other aliases keep their values. In a
    /// dotenv document whose lines all end in CR LF, the value ends with the carriage return that
    /// SOPS reads as a part of it.
    ///
    /// # Errors
    /// [`Error::Path`] if the path requires a key of a sequence or an index of a mapping, or if the
    /// text can't be changed there; [`Error::Reserved`] for the reserved key; [`Error::Limit`] for
    /// a path with more than [`MAX_DEPTH`] components; [`Error::Unwritable`] for a value that the
    /// format can't hold.
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
        if let Component::Key(key) = &path.components()[0]
            && self.reserves(key)
        {
            return Err(Error::Reserved { key: key.clone() });
        }
        if path.components().len() > MAX_DEPTH {
            return Err(Error::Limit {
                location: None,
                message: format!("the path has more than {MAX_DEPTH} levels"),
            });
        }
        if self.format == Format::Binary {
            return set_binary(self, path, value);
        }
        let texts = self.format.is_flat().then(|| match self.format {
            Format::Dotenv => dotenv::with_return(self, with_texts(value)),
            _ => with_texts(value),
        });
        let value = texts.as_ref().unwrap_or(value);
        let components = path.components();
        let change = match PathTarget::follow(self, path) {
            PathTarget::Nothing => match &components[0] {
                Component::Key(_) => Change::Create(tree_edit::nest(components, value)),
                Component::Index(_) => return Err(misfit(path, 0, NodeKind::Mapping)),
            },
            PathTarget::Node(node) => Change::Replace(node, value.clone()),
            PathTarget::Alias(node, depth) => {
                let mut tree = self.tree(node);
                tree_edit::set(&mut tree, path, depth, value)?;
                Change::Replace(node, tree)
            }
            PathTarget::Leaf(node, depth) => {
                Change::Replace(node, tree_edit::nest(&components[depth..], value))
            }
            PathTarget::Container(container, depth) => {
                let container_kind = kind(self, container);
                let value = tree_edit::nest(&components[depth + 1..], value);
                match (&components[depth], container_kind) {
                    (Component::Key(key), NodeKind::Mapping) => {
                        Change::Append(container, Some(key), value)
                    }
                    (Component::Index(_), NodeKind::Sequence(_)) => {
                        Change::Append(container, None, value)
                    }
                    (_, found) => return Err(misfit(path, depth, found)),
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

    /// Whether the top-level key is reserved, so that it can be neither set nor removed.
    pub fn reserves(&self, key: &str) -> bool {
        match self.format {
            Format::Dotenv => dotenv::is_reserved(key, self.reserved_key),
            _ => self.reserved_key == Some(key),
        }
    }

    /// Removes the entry at `path` from the first document of a stream and returns the changed
    /// text. Removing the last entry of a mapping leaves `{}`, removing the last item of a sequence
    /// leaves `[]`. Comments stay, except those inside a removed collection.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the document has no such key or index; [`Error::Path`] if the path
    /// requires a key of a sequence, an index of a mapping or a part of a scalar, or if the text
    /// can't be changed there; [`Error::Unwritable`] in the binary format.
    pub fn unset(&self, path: &KeyPath) -> Result<Zeroizing<Vec<u8>>> {
        if self.format == Format::Binary {
            find(self, path)?;
            return Err(Error::Unwritable {
                path: path.to_string(),
                message: "a binary file is a single value, which can be replaced but not removed"
                    .to_owned(),
            });
        }
        let change = match PathTarget::follow(self, path) {
            PathTarget::Nothing => {
                return Err(match &path.components()[0] {
                    Component::Key(_) => missing(path, 0),
                    Component::Index(_) => misfit(path, 0, NodeKind::Mapping),
                });
            }
            PathTarget::Node(node) => Change::Remove(node),
            PathTarget::Alias(node, depth) => {
                let mut tree = self.tree(node);
                tree_edit::unset(&mut tree, path, depth)?;
                Change::Replace(node, tree)
            }
            PathTarget::Leaf(_, depth) => return Err(misfit(path, depth, NodeKind::Scalar)),
            PathTarget::Container(container, depth) => {
                return Err(match (&path.components()[depth], kind(self, container)) {
                    (Component::Key(_), NodeKind::Mapping)
                    | (Component::Index(_), NodeKind::Sequence(_)) => missing(path, depth),
                    (_, found) => misfit(path, depth, found),
                });
            }
        };
        change.apply(self, path)
    }
}
