//! Key paths: a table of entries that point at their parents, so that a path costs one entry
//! however deep it is.

use std::borrow::Cow;

/// The index of a path in its document's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathId(u32);

/// The path of the top level.
pub const ROOT: PathId = PathId(0);

#[derive(Clone, Debug)]
struct PathNode<'a> {
    parent: PathId,
    /// The offset of the key in the source, for messages and for removing an entry.
    at: u32,
    key: Cow<'a, str>,
}

/// The key paths of a document. Sequences add nothing to a path.
#[derive(Clone, Debug)]
pub struct Paths<'a> {
    nodes: Vec<PathNode<'a>>,
}

impl<'a> Paths<'a> {
    /// With room for `count` paths.
    pub(crate) fn with_capacity(count: usize) -> Self {
        let mut nodes = Vec::with_capacity(count + 1);
        nodes.push(PathNode {
            parent: ROOT,
            at: 0,
            key: Cow::Borrowed(""),
        });
        Self { nodes }
    }

    /// Adds the path of the entry `key`, which is at offset `at`, in the mapping whose path is
    /// `parent`.
    pub(crate) fn push(&mut self, parent: PathId, key: Cow<'a, str>, at: u32) -> PathId {
        let id = PathId(self.nodes.len() as u32);
        self.nodes.push(PathNode { parent, at, key });
        id
    }

    #[expect(clippy::len_without_is_empty, reason = "there is always the top level")]
    /// The number of paths, including the top level. [`PathId::index`] is less than this.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All paths, the top level first, parents before their children.
    pub fn ids(&self) -> impl Iterator<Item = PathId> + use<> {
        (0..self.nodes.len() as u32).map(PathId)
    }

    /// Adds the paths of another table, whose top level is the same. Returns the number that their
    /// indexes [move](PathId::moved) by.
    pub(crate) fn append(&mut self, other: Self) -> u32 {
        let shift = self.nodes.len() as u32 - 1;
        let moved = |node: PathNode<'a>| PathNode {
            parent: node.parent.moved(shift),
            ..node
        };
        self.nodes
            .extend(other.nodes.into_iter().skip(1).map(moved));
        shift
    }

    /// Removes the paths from index `length` on, which nothing may refer to.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.nodes.truncate(length);
    }

    /// The path of the mapping that contains the entry; the top level is its own parent.
    pub fn parent(&self, id: PathId) -> PathId {
        self.nodes[id.index()].parent
    }

    /// The last key of the path; empty at the top level.
    pub fn key(&self, id: PathId) -> &Cow<'a, str> {
        &self.nodes[id.index()].key
    }

    /// The offset in bytes of the key in the source.
    pub fn key_offset(&self, id: PathId) -> u32 {
        self.nodes[id.index()].at
    }

    /// The paths from below the top level down to `id`.
    pub fn ancestry(&self, id: PathId) -> Vec<PathId> {
        let mut line = Vec::new();
        let mut at = id;
        while at != ROOT {
            line.push(at);
            at = self.parent(at);
        }
        line.reverse();
        line
    }

    /// The path for a message: keys joined with dots.
    pub fn display(&self, id: PathId) -> String {
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
    /// The index in the table.
    pub fn index(self) -> usize {
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
