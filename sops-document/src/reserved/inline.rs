//! The value of a reserved entry as JSON, which is also a flow mapping of YAML.

use serde_json::{Map, Value as Json};

/// The value over several lines, indented like the member that it is.
pub(super) fn pretty(tree: &Map<String, Json>, indent: &str) -> String {
    let unit = if indent.is_empty() { "\t" } else { indent };
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    serde::Serialize::serialize(tree, &mut serializer)
        .expect("a tree with texts as keys has a form in JSON");
    String::from_utf8(out)
        .expect("JSON is UTF-8")
        .replace('\n', &format!("\n{indent}"))
}

/// The value on one line.
pub(super) fn compact(tree: &Map<String, Json>) -> String {
    serde_json::to_string(tree).expect("a tree with texts as keys has a form in JSON")
}
