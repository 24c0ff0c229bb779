//! Records the values that the operations of a patch have written, for operations that copy or move
//! them.

use std::collections::BTreeMap;

use sops_document::NodeRef;

/// The maximum number of values that the operations of a patch may move: each operation may move
/// what others have moved.
const MOVED: usize = 1_000;

/// The maximum length in bytes of the path of a moved value.
const LENGTH: usize = 1_024;

/// Values by path.
#[derive(Default)]
pub(super) struct WrittenValues<'d, 'a> {
    values: BTreeMap<String, NodeRef<'d, 'a>>,
    /// How many values were moved so far.
    moved: usize,
}

impl<'d, 'a> WrittenValues<'d, 'a> {
    pub(super) fn set(&mut self, path: &str, value: NodeRef<'d, 'a>) {
        self.values.insert(path.to_owned(), value);
    }

    /// The values that an operation moves from one path to another: the value at the path, or a
    /// part of one, and everything that was written below it.
    pub(super) fn moved(&mut self, from: &str, to: &str) -> Vec<(String, NodeRef<'d, 'a>)> {
        if from.len().max(to.len()) > LENGTH || self.moved >= MOVED {
            return Vec::new();
        }
        let ends = from.match_indices('/').map(|(at, _)| at);
        let ends = ends.chain([from.len()]);
        let mut moved: Vec<_> = ends
            .filter_map(|end| {
                let mut keys = from[end..].split('/').skip(1);
                let value =
                    keys.try_fold(*self.values.get(&from[..end])?, |node, key| node.get(key))?;
                Some((to.to_owned(), value))
            })
            .collect();
        let begin = format!("{from}/");
        let below = self.values.range(begin.clone()..);
        let below = below.take_while(|(path, _)| path.starts_with(&begin));
        let below = below.map(|(path, value)| (format!("{to}{}", &path[from.len()..]), *value));
        let below = below.filter(|(path, _)| path.len() <= LENGTH);
        moved.extend(below.take(MOVED.saturating_sub(self.moved)));
        // Positions must be looked up in order.
        moved.sort_by_key(|(_, value)| value.span().start);
        self.moved += moved.len();
        moved
    }
}

#[cfg(test)]
mod tests {
    use sops_document::Format;

    use sops_core::parse_document;

    use super::*;

    #[test]
    fn a_value_is_traced_to_its_destination() {
        let text = "value: {a: {b: c}}\nbelow: d\n";
        let document = parse_document(text, Format::Yaml).expect("the text is YAML");
        let top = document
            .tops()
            .flatten()
            .next()
            .expect("the value is a mapping");
        let value = |key| top.get(key).expect("the mapping has the key");
        let mut written = WrittenValues::default();
        written.set("/x", value("value"));
        written.set("/x/e", value("below"));
        written.set("/xy", value("below"));
        let mut moved = |from, to| -> Vec<(String, Vec<String>)> {
            let moved = written.moved(from, to).into_iter();
            moved.map(|(path, node)| (path, node.path())).collect()
        };
        let path = |path: &str, keys: &[&str]| {
            (
                path.to_owned(),
                keys.iter().map(|key| (*key).to_owned()).collect(),
            )
        };
        assert_eq!(
            moved("/x", "/y"),
            [path("/y", &["value"]), path("/y/e", &["below"])]
        );
        assert_eq!(moved("/x/a/b", "/y"), [path("/y", &["value", "a", "b"])]);
        assert!(moved("/z", "/y").is_empty());
        assert!(moved(&"/x".repeat(LENGTH), "/y").is_empty());
    }
}
