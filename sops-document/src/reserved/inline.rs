//! The value of a reserved entry as JSON, which is also a flow mapping of YAML.

use std::io;

use serde_json::{Map, Value as Json};

/// The value on several lines, indented as a member of its mapping.
pub(super) fn pretty(tree: &Map<String, Json>, indent: &str) -> String {
    let unit = if indent.is_empty() { "\t" } else { indent };
    let formatter = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
    written(tree, formatter).replace('\n', &format!("\n{indent}"))
}

/// The value on one line. There is a space after each colon, as Flux looks for `"mac": "ENC[`.
pub(super) fn compact(tree: &Map<String, Json>) -> String {
    written(tree, SpacedColons)
}

/// A JSON formatter that writes one line, with a space after each colon.
struct SpacedColons;

impl serde_json::ser::Formatter for SpacedColons {
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn written(tree: &Map<String, Json>, formatter: impl serde_json::ser::Formatter) -> String {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    serde::Serialize::serialize(tree, &mut serializer)
        .expect("a tree with string keys is valid JSON");
    String::from_utf8(out).expect("JSON is UTF-8")
}
