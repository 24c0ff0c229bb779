//! Key paths: a table of nodes that point at their parents, so that a path costs one node however deep it is.

use std::borrow::Cow;

/// The index of a path in its document's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PathId(u32);

/// The path of the top level.
pub(crate) const ROOT: PathId = PathId(0);

#[derive(Clone, Debug)]
struct Node<'a> {
    parent: PathId,
    /// Where the key stands in the source, for messages and for removing an entry.
    at: u32,
    key: Cow<'a, str>,
}

/// The key paths of a document. Sequences add nothing to a path.
#[derive(Clone, Debug)]
pub(crate) struct Paths<'a> {
    nodes: Vec<Node<'a>>,
}

impl<'a> Paths<'a> {
    /// With room for so many paths before they have to move.
    pub(crate) fn with_capacity(count: usize) -> Self {
        let mut nodes = Vec::with_capacity(count + 1);
        nodes.push(Node {
            parent: ROOT,
            at: 0,
            key: Cow::Borrowed(""),
        });
        Self { nodes }
    }

    /// Adds the path of the entry `key`, which stands at offset `at`, of the mapping whose path is `parent`.
    pub(crate) fn push(&mut self, parent: PathId, key: Cow<'a, str>, at: u32) -> PathId {
        let id = PathId(self.nodes.len() as u32);
        self.nodes.push(Node { parent, at, key });
        id
    }

    /// How many paths there are, the top level's included; [`PathId::index`] is below it.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All paths, the top level first, parents before their children.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PathId> + use<> {
        (0..self.nodes.len() as u32).map(PathId)
    }

    /// Adds the paths of another table behind these, its top level being this one's. Gives by how much they [move](PathId::moved).
    pub(crate) fn append(&mut self, other: Self) -> u32 {
        let shift = self.nodes.len() as u32 - 1;
        let moved = |node: Node<'a>| Node {
            parent: node.parent.moved(shift),
            ..node
        };
        self.nodes
            .extend(other.nodes.into_iter().skip(1).map(moved));
        shift
    }

    /// Forgets the paths from index `length` on, which nothing may refer to.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.nodes.truncate(length);
    }

    /// The path of the mapping that holds the entry; the top level's is itself.
    pub(crate) fn parent(&self, id: PathId) -> PathId {
        self.nodes[id.index()].parent
    }

    pub(crate) fn key(&self, id: PathId) -> &Cow<'a, str> {
        &self.nodes[id.index()].key
    }

    /// Where the key stands in the source.
    pub(crate) fn key_offset(&self, id: PathId) -> u32 {
        self.nodes[id.index()].at
    }

    /// The paths from the top level (left out) down to `id`.
    pub(crate) fn ancestry(&self, id: PathId) -> Vec<PathId> {
        let mut line = Vec::new();
        let mut at = id;
        while at != ROOT {
            line.push(at);
            at = self.parent(at);
        }
        line.reverse();
        line
    }

    /// Writes the additional data of a value at `id`: each key and a colon; for the top level a colon alone.
    pub(crate) fn additional_data(&self, id: PathId, out: &mut Vec<u8>) {
        out.clear();
        if id == ROOT {
            out.push(b':');
            return;
        }
        let mut length = 0;
        let mut at = id;
        while at != ROOT {
            length += self.key(at).len() + 1;
            at = self.parent(at);
        }
        out.resize(length, b':');
        at = id;
        while at != ROOT {
            let key = self.key(at).as_bytes();
            length -= 1 + key.len();
            out[length..length + key.len()].copy_from_slice(key);
            at = self.parent(at);
        }
    }

    /// The path for a message: keys joined with dots.
    pub(crate) fn display(&self, id: PathId) -> String {
        if id == ROOT {
            return "the top level".into();
        }
        let keys: Vec<&str> = self
            .ancestry(id)
            .into_iter()
            .map(|id| self.key(id).as_ref())
            .collect();
        keys.join(".")
    }
}

impl PathId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    /// The path in a table that this one's was appended to.
    pub(crate) fn moved(self, shift: u32) -> Self {
        if self == ROOT {
            ROOT
        } else {
            Self(self.0 + shift)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additional_data_is_the_keys_each_with_a_colon() {
        let mut paths = Paths::with_capacity(2);
        let a = paths.push(ROOT, "a".into(), 0);
        let b = paths.push(a, "bé".into(), 3);
        let mut out = Vec::new();
        for (id, expected) in [(ROOT, ":"), (a, "a:"), (b, "a:bé:")] {
            paths.additional_data(id, &mut out);
            assert_eq!(out, expected.as_bytes());
        }
    }
}
