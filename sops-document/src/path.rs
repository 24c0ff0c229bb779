//! Key paths as a table of entries that point to their parents, so that each path costs one entry
//! at any depth.

use std::borrow::Cow;

use crate::key_path::write_dotted;

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

/// The key paths of a document. Sequences add no component to a path.
#[derive(Clone, Debug)]
pub struct Paths<'a> {
    nodes: Vec<PathNode<'a>>,
}

impl<'a> Paths<'a> {
    /// Creates a table with room for `count` paths.
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

    /// All paths, starting with the top level; parents come before their children.
    pub fn ids(&self) -> impl Iterator<Item = PathId> + use<> {
        (0..self.nodes.len() as u32).map(PathId)
    }

    /// Appends another table with the same top level. Returns the number by which its indexes
    /// [shift](PathId::moved).
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

    /// Removes the paths from index `length` on. Nothing may refer to them.
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

    /// The paths from the first level down to `id`.
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

    /// The path for messages: keys joined with dots, or in brackets if they could be mistaken for
    /// several components.
    pub fn display(&self, id: PathId) -> String {
        if id == ROOT {
            return "the top level".into();
        }
        let mut path = String::new();
        for id in self.ancestry(id) {
            let is_first = path.is_empty();
            write_dotted(&mut path, self.key(id), is_first).expect("a string can be written");
        }
        path
    }
}

impl PathId {
    /// The index in the table.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The same path after this table was appended to another.
    pub(crate) fn moved(self, shift: u32) -> Self {
        if self == ROOT {
            ROOT
        } else {
            Self(self.0 + shift)
        }
    }
}
