//! The values that differ between two versions.

use std::collections::{HashMap, VecDeque};

use sops_document::Component;

use super::alignment::Alignment;
use super::contents::{ComparedNode, ComparedValue, Contents, NodeKind};
use super::path::{PathStep, ValuePath};

/// A value that differs.
pub struct ValueChange<'c> {
    /// The path of the value in the new version; for a removed value, in the old one.
    pub path: ValuePath,
    /// How the value differs.
    pub kind: ChangeKind<'c>,
}

/// How a value differs.
pub enum ChangeKind<'c> {
    /// The value is only in the new version.
    Added(ComparedLeaf<'c>),
    /// The value is only in the old version.
    Removed(ComparedLeaf<'c>),
    /// The value changed, or is encrypted in only one of the versions.
    Changed {
        /// The old value.
        old: ComparedLeaf<'c>,
        /// The new value.
        new: ComparedLeaf<'c>,
    },
    /// An item of a list, or a document, moved without a change.
    Moved {
        /// The path in the old version.
        from: ValuePath,
    },
}

/// A value, or a collection without values.
#[derive(Clone, Copy)]
pub enum ComparedLeaf<'c> {
    /// A value.
    Value(&'c ComparedValue),
    /// `{}`
    EmptyMapping,
    /// `[]`
    EmptySequence,
}

impl ComparedLeaf<'_> {
    /// Whether the value was encrypted, or is from a file in plaintext.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Value(value) if value.is_secret)
    }
}

/// The values that differ, in the order of the documents: in each mapping, removed and changed
/// entries before added ones.
pub fn compare_values<'c>(old: &'c Contents, new: &'c Contents) -> Vec<ValueChange<'c>> {
    let mut comparison = Comparison {
        path: ValuePath::default(),
        changes: Vec::new(),
        compares_secrecy: old.is_encrypted && new.is_encrypted,
    };
    match (&old.documents[..], &new.documents[..]) {
        ([old], [new]) => comparison.nodes(old, new),
        ([], [new]) => comparison.leaves(new, ChangeKind::Added),
        ([old], []) => comparison.leaves(old, ChangeKind::Removed),
        (old, new) => comparison.lists(old, new, PathStep::Document),
    }
    comparison.changes
}

/// The step to an item of a list.
fn index(index: usize) -> PathStep {
    PathStep::Component(Component::Index(index))
}

/// The step to an entry of a mapping.
fn key(key: &str) -> PathStep {
    PathStep::Component(Component::Key(key.to_owned()))
}

struct Comparison<'c> {
    /// The path of the node that is compared.
    path: ValuePath,
    changes: Vec<ValueChange<'c>>,
    /// Whether a value counts as changed if it is encrypted in only one of the versions.
    compares_secrecy: bool,
}

impl<'c> Comparison<'c> {
    fn at(&mut self, step: PathStep, work: impl FnOnce(&mut Self)) {
        self.path.0.push(step);
        work(self);
        self.path.0.pop();
    }

    fn add(&mut self, kind: ChangeKind<'c>) {
        let path = self.path.clone();
        self.changes.push(ValueChange { path, kind });
    }

    fn nodes(&mut self, old: &'c ComparedNode, new: &'c ComparedNode) {
        match (&old.kind, &new.kind) {
            (NodeKind::Mapping(old), NodeKind::Mapping(new))
                if old.is_empty() == new.is_empty() =>
            {
                self.mappings(old, new);
            }
            (NodeKind::Sequence(old), NodeKind::Sequence(new))
                if old.is_empty() == new.is_empty() =>
            {
                self.lists(old, new, index);
            }
            (NodeKind::Scalar(old_value), NodeKind::Scalar(new_value)) => {
                let is_same = old.digest == new.digest
                    && (!self.compares_secrecy || old_value.is_secret == new_value.is_secret);
                if !is_same {
                    self.add(ChangeKind::Changed {
                        old: ComparedLeaf::Value(old_value),
                        new: ComparedLeaf::Value(new_value),
                    });
                }
            }
            _ => {
                self.leaves(old, ChangeKind::Removed);
                self.leaves(new, ChangeKind::Added);
            }
        }
    }

    fn mappings(&mut self, old: &'c [(String, ComparedNode)], new: &'c [(String, ComparedNode)]) {
        // INI and dotenv files may have a key more than once.
        let mut by_key: HashMap<&str, VecDeque<&'c ComparedNode>> = HashMap::new();
        for (name, node) in new {
            by_key.entry(name).or_default().push_back(node);
        }
        for (name, node) in old {
            let pair = by_key.get_mut(&**name).and_then(VecDeque::pop_front);
            self.at(key(name), |comparison| match pair {
                Some(new) => comparison.nodes(node, new),
                None => comparison.leaves(node, ChangeKind::Removed),
            });
        }
        for (name, node) in new {
            let remaining = by_key.get_mut(&**name);
            let is_added = remaining.is_some_and(|nodes| {
                let is_first = nodes
                    .front()
                    .is_some_and(|first| std::ptr::eq(*first, node));
                is_first && nodes.pop_front().is_some()
            });
            if is_added {
                self.at(key(name), |comparison| {
                    comparison.leaves(node, ChangeKind::Added);
                });
            }
        }
    }

    fn lists(
        &mut self,
        old: &'c [ComparedNode],
        new: &'c [ComparedNode],
        step: fn(usize) -> PathStep,
    ) {
        let alignment = Alignment::of(old, new);
        for index in alignment.removed {
            self.at(step(index), |comparison| {
                comparison.leaves(&old[index], ChangeKind::Removed);
            });
        }
        for pair in alignment.pairs {
            let mut from = self.path.clone();
            from.0.push(step(pair.0));
            self.at(step(pair.1), |comparison| {
                if alignment.moved.contains(&pair) {
                    comparison.add(ChangeKind::Moved { from });
                }
                comparison.nodes(&old[pair.0], &new[pair.1]);
            });
        }
        for index in alignment.added {
            self.at(step(index), |comparison| {
                comparison.leaves(&new[index], ChangeKind::Added);
            });
        }
    }

    /// Adds a change for each value of the node.
    fn leaves(&mut self, node: &'c ComparedNode, kind: fn(ComparedLeaf<'c>) -> ChangeKind<'c>) {
        match &node.kind {
            NodeKind::Mapping(entries) if entries.is_empty() => {
                self.add(kind(ComparedLeaf::EmptyMapping));
            }
            NodeKind::Sequence(items) if items.is_empty() => {
                self.add(kind(ComparedLeaf::EmptySequence));
            }
            NodeKind::Mapping(entries) => {
                for (name, node) in entries {
                    self.at(key(name), |comparison| comparison.leaves(node, kind));
                }
            }
            NodeKind::Sequence(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.at(index(number), |comparison| comparison.leaves(item, kind));
                }
            }
            NodeKind::Scalar(value) => self.add(kind(ComparedLeaf::Value(value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use sops_document::Format;

    use super::*;

    /// The changes between two plaintexts, one per line.
    fn changes(old: &str, new: &str) -> Vec<String> {
        let contents = |text: &str| match text {
            "" => Contents::empty(),
            text => {
                Contents::of_plaintext(text.as_bytes(), Format::Yaml).expect("the text is YAML")
            }
        };
        let (old, new) = (contents(old), contents(new));
        let changes = compare_values(&old, &new).into_iter();
        let text = |leaf: ComparedLeaf<'_>| match leaf {
            ComparedLeaf::Value(value) => value.value.as_ref().map_or("null".into(), |value| {
                String::from_utf8_lossy(&value.bytes).into_owned()
            }),
            ComparedLeaf::EmptyMapping => "{}".into(),
            ComparedLeaf::EmptySequence => "[]".into(),
        };
        let line = |change: ValueChange<'_>| match change.kind {
            ChangeKind::Added(leaf) => format!("+ {} {}", change.path, text(leaf)),
            ChangeKind::Removed(leaf) => format!("- {} {}", change.path, text(leaf)),
            ChangeKind::Changed { old, new } => {
                format!("~ {} {} {}", change.path, text(old), text(new))
            }
            ChangeKind::Moved { from } => format!("> {} {from}", change.path),
        };
        changes.map(line).collect()
    }

    #[test]
    fn values_differ_by_key_path() {
        for (old, new, expected) in [
            ("a: 1\nb: x\n", "b: x\na: 1 # comment\n", &[][..]),
            (
                "a: 1\nb: x\n",
                "a: 2\nc: y\n",
                &["~ a 1 2", "- b x", "+ c y"],
            ),
            ("a: 1\n", "a: \"1\"\n", &["~ a 1 1"]),
            ("a: ~\n", "a: ''\n", &["~ a null "]),
            (
                "a: {b: {c: 1}}\n",
                "a: {b: {c: 2, d: []}}\n",
                &["~ a.b.c 1 2", "+ a.b.d []"],
            ),
            (
                "a: {b: 1, c: 2}\n",
                "a: x\n",
                &["- a.b 1", "- a.c 2", "+ a x"],
            ),
            ("a: {}\n", "a: {b: 1}\n", &["- a {}", "+ a.b 1"]),
            ("a: []\n", "a: {}\n", &["- a []", "+ a {}"]),
            ("", "a: {b: [1, 2]}\n", &["+ a.b[0] 1", "+ a.b[1] 2"]),
            ("a: 1\n", "", &["- a 1"]),
        ] {
            assert_eq!(changes(old, new), expected, "{old}{new}");
        }
    }

    #[test]
    fn list_items_are_matched_by_their_content() {
        for (old, new, expected) in [
            ("[1, 2, 3]", "[0, 1, 2, 3]", &["+ a[0] 0"][..]),
            ("[1, 2, 3]", "[1, 3]", &["- a[1] 2"]),
            ("[1, 2, 3]", "[1, 9, 3]", &["~ a[1] 2 9"]),
            ("[1, 2, 3]", "[3, 1, 2]", &["> a[0] a[2]"]),
            ("[1, 1, 2]", "[2, 1, 1]", &["> a[0] a[2]"]),
            ("[1, 1]", "[1, 1, 1]", &["+ a[2] 1"]),
            (
                "[1, 2, 3, 4]",
                "[2, 8, 4, 5]",
                &["- a[0] 1", "~ a[1] 3 8", "+ a[3] 5"],
            ),
            // A named item is the same item at any index.
            (
                "[{name: x, v: 1}, {name: y, v: 2}]",
                "[{name: y, v: 3}, {name: x, v: 1}]",
                &["~ a[0].v 2 3"],
            ),
            (
                "[{name: x, v: 1}]",
                "[{name: z, v: 1}]",
                &["- a[0].name x", "- a[0].v 1", "+ a[0].name z", "+ a[0].v 1"],
            ),
            ("[[1, 2], 3, 4]", "[3, 4, [1, 2]]", &["> a[2] a[0]"]),
        ] {
            let text = |list: &str| format!("a: {list}\n");
            assert_eq!(changes(&text(old), &text(new)), expected, "{old} {new}");
        }
    }

    #[test]
    fn documents_are_recognized_by_their_objects() {
        let object = |name: &str, value: u8| {
            format!("kind: Secret\nmetadata: {{name: {name}}}\nv: {value}\n")
        };
        let both = [object("a", 1), object("b", 2)].join("---\n");
        let swapped = [object("b", 2), object("a", 3)].join("---\n");
        let expected = ["~ document 2: v 1 3"];
        assert_eq!(changes(&both, &swapped), expected);
        let first = object("a", 1);
        let added = [
            "+ document 2: kind Secret",
            "+ document 2: metadata.name b",
            "+ document 2: v 2",
        ];
        assert_eq!(changes(&first, &both), added);
    }

    #[test]
    fn long_lists_and_deep_values_are_compared_quickly() {
        let list = |range: std::ops::Range<u32>| {
            let items = range.map(|number| number.to_string());
            format!("a: [{}]\n", items.collect::<Vec<_>>().join(","))
        };
        let old = list(0..20_000);
        assert_eq!(changes(&old, &list(1..20_001)).len(), 2);
        assert_eq!(changes(&old, &list(20_000..40_000)).len(), 20_000);
        let deep = |value: &str| format!("a: {}{value}{}\n", "[".repeat(900), "]".repeat(900));
        assert_eq!(changes(&deep("1"), &deep("2")).len(), 1);
    }
}
