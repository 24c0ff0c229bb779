//! Converts a whole document, or one value of it, to another format.

mod commented;

use std::collections::HashSet;

use zeroize::Zeroizing;

use crate::edit::find;
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::json::emit::Indent;
use crate::key_path::KeyPath;
use crate::tree::{Entry, Node};
use crate::value::{Type, Value};
use crate::{Document, Item, ROOT, binary, dotenv, flat, ini, json, yaml};

/// The number of spaces per level in newly written text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Indentation {
    /// For YAML; `None` means 4.
    pub yaml: Option<u8>,
    /// For JSON; `None` means a tab.
    pub json: Option<u8>,
}

impl Indentation {
    /// Sets the number of spaces in YAML.
    #[must_use]
    pub fn with_yaml(mut self, spaces: Option<u8>) -> Self {
        self.yaml = spaces;
        self
    }

    /// Sets the number of spaces in JSON.
    #[must_use]
    pub fn with_json(mut self, spaces: Option<u8>) -> Self {
        self.json = spaces;
        self
    }

    /// The number of columns per level in YAML.
    pub fn yaml_step(&self) -> usize {
        let set = self.yaml.map(usize::from);
        set.map_or(yaml::emit::DEFAULT_STEP, yaml::emit::step)
    }
}

/// Writes a document in the format `to`, with values in the usual spelling of Go's libraries and
/// with aliases expanded. Comments are kept between YAML and dotenv, and dropped otherwise.
///
/// # Errors
/// [`Error::Unsupported`] for duplicate keys, and for a stream of several documents in any format
/// except YAML, because it would lose all but the first; [`Error::Unwritable`] for an infinity or
/// NaN in JSON, for values that dotenv, INI or the binary format can't hold, and for bytes that are
/// not UTF-8 in every format except YAML and binary.
///
/// ```
/// use sops_document::{Document, Format, Indentation, convert};
///
/// let document = Document::parse("a: {b: 0x10} # c\n", Format::Yaml)?;
/// let json = convert(&document, Format::Json, &Indentation::default())?;
/// assert_eq!(*json, b"{\n\t\"a\": {\n\t\t\"b\": 16\n\t}\n}\n");
/// # Ok::<(), sops_document::Error>(())
/// ```
pub fn convert(
    document: &Document<'_>,
    to: Format,
    indentation: &Indentation,
) -> Result<Zeroizing<Vec<u8>>> {
    let tops = || document.document_indexes().map(|index| document.top(index));
    let tree = |top: Option<usize>| match top {
        Some(top) => document.tree(top),
        None => Node::Mapping(Vec::new()),
    };
    if !to.is_flat() {
        refuse_duplicates(document)?;
    }
    if to == Format::Yaml && !commented::go_along(document.format(), to) {
        let mut out = String::new();
        for top in tops() {
            if !out.is_empty() {
                out.push_str("---\n");
            }
            out.push_str(&yaml::emit::emit(&tree(top), indentation.yaml_step()));
        }
        return Ok(Zeroizing::new(out.into_bytes()));
    }
    if let Some(top) = tops().skip(1).flatten().next() {
        let name = to.name();
        return Err(Error::Unsupported {
            location: start(document, top),
            message: format!(
                "another document begins here, but {name} allows only one; write yaml, or split the file"
            ),
        });
    }
    let tree = tree(document.top(0));
    let written = write_document(&tree, to, indentation).map(Zeroizing::new)?;
    if commented::go_along(document.format(), to) {
        let text = commented::write(document, tree, to, indentation.yaml_step());
        return Ok(Zeroizing::new(text.into_bytes()));
    }
    Ok(written)
}

/// Writes one document.
fn write_document(tree: &Node, to: Format, indentation: &Indentation) -> Result<Vec<u8>> {
    if matches!(to, Format::Json | Format::Dotenv | Format::Ini)
        && let Some(path) = first_bytes("", tree)
    {
        return Err(Error::Unwritable {
            path,
            message: format!(
                "the value is not UTF-8, but {} requires UTF-8; write yaml or binary",
                to.name()
            ),
        });
    }
    let written = match to {
        Format::Yaml => Ok(yaml::emit::emit(tree, indentation.yaml_step())),
        Format::Json => Ok(json::emit::emit(tree, Indent::new(indentation.json))?),
        Format::Dotenv => dotenv::emit(tree).map_err(|path| {
            (
                path,
                "dotenv allows only keys with single values; write yaml or json",
            )
        }),
        Format::Ini => ini::spell::emit(tree).map_err(|path| {
            (
                path,
                "INI allows only sections of keys with single values; write yaml or json",
            )
        }),
        Format::Binary => {
            return binary::bytes(tree)
                .map(<[u8]>::to_vec)
                .ok_or_else(|| Error::Unwritable {
                    path: binary::DATA_KEY.to_owned(),
                    message:
                        "a binary file is the string under this key, but there is no such string"
                            .to_owned(),
                });
        }
    };
    let unwritable = |(path, message): (String, &str)| Error::Unwritable {
        path,
        message: message.to_owned(),
    };
    let text = written.map_err(unwritable)?;
    if to.is_flat()
        && let Some(path) = first_difference(tree, &text, to)
    {
        let message = "this format cannot represent the key or the value; write yaml or json";
        return Err(unwritable((path, message)));
    }
    Ok(text.into_bytes())
}

/// The first path at which a text in a flat format reads differently from the tree.
fn first_difference(tree: &Node, text: &str, format: Format) -> Option<String> {
    let read = Document::parse(text, format).ok();
    let read = read.and_then(|document| document.to_tree(0));
    let mut expected = Vec::new();
    let mut found = Vec::new();
    flat_entries("", &flat::with_texts(tree), &mut expected);
    if let Some(read) = &read {
        flat_entries("", read, &mut found);
    }
    let differs = |index: &usize| expected.get(*index) != found.get(*index);
    if read.is_none() {
        // One of the entries makes the text invalid.
        let is_readable = |(path, value): &&(String, Option<Value<'static>>)| {
            let (section, key) = match format {
                Format::Ini => path.split_once('.').unwrap_or((path, "")),
                _ => ("", path.as_str()),
            };
            let entry = |key: &str, value| Entry {
                key: key.to_owned(),
                value,
            };
            let mapping = Node::Mapping(vec![entry(key, Node::Scalar(value.clone()))]);
            let written = match format {
                Format::Ini => ini::spell::emit(&Node::Mapping(vec![entry(section, mapping)])),
                _ => dotenv::emit(&mapping),
            };
            written.is_ok_and(|text| Document::parse(&*text, format).is_ok())
        };
        let mut values = expected
            .iter()
            .filter(|(path, _)| format != Format::Ini || path.contains('.'));
        let culprit = values.find(|entry| !is_readable(entry));
        return culprit.or(expected.first()).map(|(path, _)| path.clone());
    }
    let index = (0..expected.len().max(found.len())).find(differs)?;
    let entry = expected.get(index).or_else(|| found.get(index));
    entry.map(|(path, _)| path.clone())
}

/// The path of the first string that is not UTF-8.
fn first_bytes(path: &str, node: &Node) -> Option<String> {
    match node {
        Node::Mapping(entries) => entries.iter().find_map(|entry| {
            let separator = if path.is_empty() { "" } else { "." };
            first_bytes(&format!("{path}{separator}{}", entry.key), &entry.value)
        }),
        Node::Sequence(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| first_bytes(&format!("{path}[{index}]"), item))
        }
        Node::Scalar(Some(value)) if value.kind == Type::Str => str::from_utf8(&value.bytes)
            .is_err()
            .then(|| path.to_owned()),
        Node::Scalar(_) => None,
    }
}

/// The values with their paths, and the sections except for the implicit one.
fn flat_entries(path: &str, node: &Node, out: &mut Vec<(String, Option<Value<'static>>)>) {
    match node {
        Node::Scalar(value) => out.push((path.to_owned(), value.clone())),
        Node::Mapping(entries) => {
            for entry in entries {
                let path = match path {
                    "" => entry.key.clone(),
                    path => format!("{path}.{}", entry.key),
                };
                if matches!(entry.value, Node::Mapping(_)) && path != ini::DEFAULT_SECTION {
                    out.push((path.clone(), None));
                }
                flat_entries(&path, &entry.value, out);
            }
        }
        Node::Sequence(_) => {}
    }
}

/// Rejects duplicate keys, which only dotenv and INI allow.
fn refuse_duplicates(document: &Document<'_>) -> Result<()> {
    if !document.format().is_flat() {
        return Ok(());
    }
    let mut seen = HashSet::new();
    for (index, item) in document.tape.iter().enumerate() {
        let (Item::Open { .. } | Item::Leaf(_)) = item else {
            continue;
        };
        let Some(path) = document.node_path(index).filter(|path| *path != ROOT) else {
            continue;
        };
        if !seen.insert((document.paths.parent(path), document.paths.key(path))) {
            let offset = document.paths.key_offset(path) as usize;
            return Err(Error::Unsupported {
                location: Location::of(document.text, offset),
                message: format!(
                    "`{}` appears twice, which only the format of this file allows",
                    document.paths.display(path)
                ),
            });
        }
    }
    Ok(())
}

/// Writes the value at `path` in the first document: a string as its bytes, a mapping as a document
/// in the format `to`, and other values as a value in that format, which ends with a line break in
/// YAML but not in JSON.
///
/// # Errors
/// [`Error::NotFound`] if the document has no such key or index, [`Error::Path`] if the path does
/// not fit the document's shape, and the errors of [`convert`] for JSON.
///
/// ```
/// use sops_document::{Document, Format, Indentation, extract};
///
/// let document = Document::parse("a: {b: [x, 0x10]}\n", Format::Yaml)?;
/// let value = |path: &str| extract(&document, &path.parse()?, Format::Yaml, &Indentation::default());
/// assert_eq!(*value(r#"["a"]["b"][0]"#)?, *b"x");
/// assert_eq!(*value(r#"["a"]["b"][1]"#)?, *b"16\n");
/// assert_eq!(*value(r#"["a"]"#)?, *b"b:\n    - x\n    - 16\n");
/// # Ok::<(), sops_document::Error>(())
/// ```
pub fn extract(
    document: &Document<'_>,
    path: &KeyPath,
    to: Format,
    indentation: &Indentation,
) -> Result<Zeroizing<Vec<u8>>> {
    let tree = document.tree(find(document, path)?);
    if let Node::Scalar(Some(Value {
        kind: Type::Str,
        bytes,
    })) = &tree
    {
        return Ok(Zeroizing::new(bytes.to_vec()));
    }
    if let Node::Mapping(_) = &tree {
        return write_document(&tree, to, indentation).map(Zeroizing::new);
    }
    let mut out = String::new();
    match to {
        // In `sops`, the indentation applies to whole files only.
        Format::Yaml => out = yaml::emit::emit(&tree, yaml::emit::DEFAULT_STEP),
        Format::Json => {
            json::emit::emit_value(&mut out, &tree, Indent::new(indentation.json), 0)?;
        }
        // `sops decrypt --extract` writes such a value as JSON, except inside an INI file.
        Format::Ini if matches!(tree, Node::Scalar(_)) => {
            json::emit::emit_value(&mut out, &tree, Indent::Tab, 0)?;
        }
        Format::Dotenv | Format::Ini | Format::Binary => {
            return Err(Error::Unwritable {
                path: path.to_string(),
                message: format!("{} values are strings, but this value is not", to.name()),
            });
        }
    }
    Ok(Zeroizing::new(out.into_bytes()))
}

fn start(document: &Document<'_>, node: usize) -> Location {
    Location::of(document.text, document.node_start(node))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# top\ns: str\ni: 5\nf: 1.50\nbig: 1000000.0\nb: true\nn: null\nt: 2020-01-02\nml: \"a\\nb\\n\"\ne: \"\"\n\
        m:\n  x: 1\n  y: [1, 2]\nl:\n  - a\n  - b: 1\n    c: 2\n  - [1, [2, 3]]\nem: {}\nel: []\nanch: &q {z: 1}\nmg:\n  <<: *q\n  w: 1\nbin: !!binary /w==\n";

    /// Measured with `sops decrypt --extract` 3.13.3.
    #[test]
    fn a_value_is_extracted_as_in_sops() {
        let document =
            Document::parse(TEXT, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
        for (path, yaml, json) in [
            (r#"["s"]"#, "str", "str"),
            (r#"["i"]"#, "5\n", "5"),
            (r#"["f"]"#, "1.5\n", "1.5"),
            (r#"["big"]"#, "1e+06\n", "1000000"),
            (r#"["b"]"#, "true\n", "true"),
            (r#"["n"]"#, "null\n", "null"),
            (
                r#"["t"]"#,
                "2020-01-02T00:00:00Z\n",
                "\"2020-01-02T00:00:00Z\"",
            ),
            (r#"["ml"]"#, "a\nb\n", "a\nb\n"),
            (r#"["e"]"#, "", ""),
            (
                r#"["m"]"#,
                "x: 1\n\"y\":\n    - 1\n    - 2\n",
                "{\n\t\"x\": 1,\n\t\"y\": [\n\t\t1,\n\t\t2\n\t]\n}\n",
            ),
            (r#"["m"]["y"]"#, "- 1\n- 2\n", "[\n\t1,\n\t2\n]"),
            (
                r#"["l"]"#,
                "- a\n- b: 1\n  c: 2\n- - 1\n  - - 2\n    - 3\n",
                "[\n\t\"a\",\n\t{\n\t\t\"b\": 1,\n\t\t\"c\": 2\n\t},\n\t[\n\t\t1,\n\t\t[\n\t\t\t2,\n\t\t\t3\n\t\t]\n\t]\n]",
            ),
            (r#"["em"]"#, "{}\n", "{}\n"),
            (r#"["el"]"#, "[]\n", "[]"),
            (r#"["mg"]["<<"]["z"]"#, "1\n", "1"),
            (
                r#"["mg"]"#,
                "!!merge <<:\n    z: 1\nw: 1\n",
                "{\n\t\"\\u003c\\u003c\": {\n\t\t\"z\": 1\n\t},\n\t\"w\": 1\n}\n",
            ),
        ] {
            for (to, expected) in [(Format::Yaml, yaml), (Format::Json, json)] {
                let path = path.parse().unwrap_or_else(|error| panic!("{error}"));
                let found = extract(&document, &path, to, &Indentation::default());
                let found = found.unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(String::from_utf8_lossy(&found), expected, "{path}");
            }
        }
        let path = r#"["bin"]"#.parse().unwrap_or_else(|error| panic!("{error}"));
        let bytes = extract(&document, &path, Format::Yaml, &Indentation::default());
        assert_eq!(bytes.ok().as_deref().map(Vec::as_slice), Some(&b"\xff"[..]));
    }

    #[test]
    fn a_missing_value_cannot_be_extracted() {
        let document =
            Document::parse(TEXT, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
        for (path, message) in [
            (r#"["zz"]"#, "the top level has no key `zz`"),
            (r#"["l"][9]"#, "`[\"l\"]` has no item 9"),
            (r#"["mg"]["z"]"#, "`[\"mg\"]` has no key `z`"),
            (
                r#"["s"]["x"]"#,
                "`[\"s\"]` is a value: there is nothing in it at `[\"x\"]`",
            ),
            (
                r#"["l"]["x"]"#,
                "`[\"l\"]` is a sequence with 3 items: `[\"x\"]` must be an index from 0, such as [0]",
            ),
            (
                r#"["m"][0]"#,
                "`[\"m\"]` is a mapping: `[0]` must be a key, such as [\"name\"]",
            ),
        ] {
            let path: KeyPath = path.parse().unwrap_or_else(|error| panic!("{error}"));
            let found = extract(&document, &path, Format::Yaml, &Indentation::default());
            let error = found.err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(message));
        }
    }

    #[test]
    fn documents_are_converted_as_in_sops() {
        let indentation = |yaml_indent, json_indent| Indentation {
            yaml: yaml_indent,
            json: json_indent,
        };
        for (from, text, to, indentation, expected) in [
            (
                Format::Json,
                r#"{"a": [1, {"b": "x\ny"}]}"#,
                Format::Yaml,
                indentation(None, None),
                "a:\n    - 1\n    - b: |-\n        x\n        y\n",
            ),
            (
                Format::Json,
                r#"{"a": [1]}"#,
                Format::Yaml,
                indentation(Some(2), None),
                "a:\n  - 1\n",
            ),
            (
                Format::Json,
                "{}",
                Format::Yaml,
                indentation(None, None),
                "{}\n",
            ),
            (
                Format::Yaml,
                "a: [1]\n---\n---\nb: 2\n",
                Format::Yaml,
                indentation(None, None),
                "a:\n    - 1\n---\n{}\n---\nb: 2\n",
            ),
            (
                Format::Yaml,
                "a: [1]\n---\n",
                Format::Json,
                indentation(None, Some(1)),
                "{\n \"a\": [\n  1\n ]\n}\n",
            ),
        ] {
            let document = Document::parse(text, from).unwrap_or_else(|error| panic!("{error}"));
            let written =
                convert(&document, to, &indentation).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(String::from_utf8_lossy(&written), expected);
        }
    }

    #[test]
    fn a_value_that_the_format_cannot_hold_is_an_error() {
        let document = Document::parse(&b"a\xff\0"[..], Format::Binary)
            .unwrap_or_else(|error| panic!("{error}"));
        for to in [Format::Json, Format::Dotenv] {
            let error = convert(&document, to, &Indentation::default())
                .expect_err("the value has no form in this format");
            assert!(
                error
                    .to_string()
                    .starts_with("data: the value is not UTF-8"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_key_that_the_format_cannot_hold_is_named() {
        for (json, to, path) in [
            (r#"{"a": 1, "b\nc": 2, "d": 3}"#, Format::Dotenv, "b\nc"),
            (r##"{"a": 1, "#b": 2}"##, Format::Dotenv, "#b"),
            (
                r#"{"s": {"a": 1, "b\nc": 2}, "t": {}}"#,
                Format::Ini,
                "s.b\nc",
            ),
        ] {
            let document =
                Document::parse(json, Format::Json).unwrap_or_else(|error| panic!("{error}"));
            match convert(&document, to, &Indentation::default()) {
                Err(Error::Unwritable { path: named, .. }) => assert_eq!(named, path),
                other => panic!("{json}: {other:?}"),
            }
        }
    }

    #[test]
    fn converting_several_documents_to_json_is_an_error() {
        let document = Document::parse("a: 1\n---\nb: 2\n", Format::Yaml)
            .unwrap_or_else(|error| panic!("{error}"));
        let error =
            convert(&document, Format::Json, &Indentation::default()).expect_err("two documents");
        assert!(
            error
                .to_string()
                .starts_with("line 3, column 1: another document begins here"),
            "{error}"
        );
    }
}
