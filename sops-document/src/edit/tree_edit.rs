//! The effect of `set` and `unset` on a tree. It follows `sops set` and `sops unset`, but without
//! their panics and silent failures.

use crate::error::{Error, Result};
use crate::key_path::{Component, KeyPath};
use crate::tree::{Entry, Node};

/// A value that contains only `value`, under the components `path`. An index becomes a sequence of
/// one item, whatever its number.
pub(super) fn nest(path: &[Component], value: &Node) -> Node {
    path.iter()
        .rev()
        .fold(value.clone(), |value, component| match component {
            Component::Key(key) => Node::Mapping(vec![Entry {
                key: key.clone(),
                value,
            }]),
            Component::Index(_) => Node::Sequence(vec![value]),
        })
}

/// Sets `value` at `path`, whose first `depth` components lead to `node`. Missing levels are added,
/// an index past the end of a sequence appends, and a scalar on the path is replaced.
pub(super) fn set(node: &mut Node, path: &KeyPath, depth: usize, value: &Node) -> Result<()> {
    let [component, rest @ ..] = &path.components()[depth..] else {
        *node = value.clone();
        return Ok(());
    };
    match (&mut *node, component) {
        (Node::Mapping(entries), Component::Key(key)) => {
            match entries.iter_mut().find(|entry| entry.key == *key) {
                Some(entry) => return set(&mut entry.value, path, depth + 1, value),
                None => entries.push(Entry {
                    key: key.clone(),
                    value: nest(rest, value),
                }),
            }
        }
        (Node::Sequence(items), Component::Index(index)) => match items.get_mut(*index) {
            Some(item) => return set(item, path, depth + 1, value),
            None => items.push(nest(rest, value)),
        },
        (Node::Scalar(_), _) => *node = nest(&path.components()[depth..], value),
        (Node::Mapping(_), Component::Index(_)) => {
            return Err(misfit(path, depth, NodeKind::Mapping));
        }
        (Node::Sequence(items), Component::Key(_)) => {
            return Err(misfit(path, depth, NodeKind::Sequence(items.len())));
        }
    }
    Ok(())
}

/// Removes the value at `path`.
pub(super) fn unset(node: &mut Node, path: &KeyPath, depth: usize) -> Result<()> {
    let last = depth + 1 == path.components().len();
    match (node, &path.components()[depth]) {
        (Node::Mapping(entries), Component::Key(key)) => {
            let at = entries
                .iter()
                .position(|entry| entry.key == *key)
                .ok_or_else(|| missing(path, depth))?;
            if last {
                entries.remove(at);
                return Ok(());
            }
            unset(&mut entries[at].value, path, depth + 1)
        }
        (Node::Sequence(items), Component::Index(index)) => {
            if *index >= items.len() {
                return Err(missing(path, depth));
            }
            if last {
                items.remove(*index);
                return Ok(());
            }
            unset(&mut items[*index], path, depth + 1)
        }
        (node, _) => Err(misfit(path, depth, NodeKind::of(node))),
    }
}

/// The kind of a node at which a path can't continue.
pub(crate) enum NodeKind {
    Mapping,
    /// A sequence with this number of items.
    Sequence(usize),
    Scalar,
}

impl NodeKind {
    fn of(node: &Node) -> Self {
        match node {
            Node::Mapping(_) => Self::Mapping,
            Node::Sequence(items) => Self::Sequence(items.len()),
            Node::Scalar(_) => Self::Scalar,
        }
    }
}

/// The error if the component at `depth` requires another kind of container.
pub(crate) fn misfit(path: &KeyPath, depth: usize, kind: NodeKind) -> Error {
    let location = location(path, depth);
    let component = &path.components()[depth];
    let message = match kind {
        NodeKind::Mapping => {
            format!("{location} is a mapping: `{component}` must be a key, such as [\"name\"]")
        }
        NodeKind::Sequence(length) => {
            let plural = if length == 1 { "" } else { "s" };
            format!(
                "{location} is a sequence with {length} item{plural}: `{component}` must be an index from 0, such as [0]"
            )
        }
        NodeKind::Scalar => {
            format!("{location} is a single value, so it has nothing at `{component}`")
        }
    };
    Error::Path { message }
}

/// The error if the component at `depth` does not exist.
pub(crate) fn missing(path: &KeyPath, depth: usize) -> Error {
    let location = location(path, depth);
    let message = match &path.components()[depth] {
        Component::Key(key) => format!("{location} has no key `{key}`"),
        Component::Index(index) => format!("{location} has no item {index}"),
    };
    Error::NotFound { message }
}

/// Describes the node at the first `depth` components.
fn location(path: &KeyPath, depth: usize) -> String {
    match depth {
        0 => "the top level".to_owned(),
        _ => format!("`{}`", path.start(depth)),
    }
}
