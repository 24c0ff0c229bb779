//! Nodes of a document as JSON, which patches can change.

use serde_json::{Map, Value};
use sops_document::{NodeRef, Shape};

/// The maximum number of nodes that are converted. Aliases can make a document much larger than its
/// text.
const MAX_NODES: usize = 100_000;
/// The deepest nesting that is converted.
const MAX_DEPTH: usize = 64;

/// The node as JSON. Numbers and booleans become strings, because no question about Flux depends on
/// them; what exceeds the limits is null.
pub(super) fn json_value(node: NodeRef<'_, '_>) -> Value {
    let mut remaining = MAX_NODES;
    converted(node, MAX_DEPTH, &mut remaining)
}

fn converted(node: NodeRef<'_, '_>, depth: usize, remaining: &mut usize) -> Value {
    if depth == 0 || *remaining == 0 {
        return Value::Null;
    }
    *remaining -= 1;
    match node.shape() {
        Shape::Scalar => node.scalar_text().map_or(Value::Null, Value::from),
        Shape::Sequence => {
            let items = node.items();
            items
                .map(|item| converted(item, depth - 1, remaining))
                .collect()
        }
        Shape::Mapping => {
            let entries = node.entries();
            let entries = entries
                .map(|(key, child)| (key.to_owned(), converted(child, depth - 1, remaining)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// The string at a path of keys.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    let field = path.iter().try_fold(value, |value, key| value.get(key));
    field?.as_str()
}

/// The items of the list at a path of keys.
pub(super) fn items<'v>(value: &'v Value, path: &[&str]) -> impl Iterator<Item = &'v Value> {
    let field = path.iter().try_fold(value, |value, key| value.get(key));
    field.and_then(Value::as_array).into_iter().flatten()
}
