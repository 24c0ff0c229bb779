//! Converts one value of a document to another format.

use zeroize::Zeroizing;

use super::{Indentation, write_document};
use crate::edit::find;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::json::emit::Indent;
use crate::key_path::KeyPath;
use crate::tree::Node;
use crate::value::{Type, Value};
use crate::{Document, json, yaml};

/// Writes the value at `path` in the first document: a string as its bytes, a mapping as a document
/// in the format `to`, and other values as a value in that format, which ends with a line break in
/// YAML but not in JSON.
///
/// # Errors
/// [`Error::NotFound`] if the document has no such key or index, [`Error::Path`] if the path does
/// not fit the document's shape, and [`Error::Unwritable`] if the format `to` can't represent the
/// value.
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
        // `sops decrypt --extract` writes a single value as JSON, except inside an INI file.
        Format::Ini if matches!(tree, Node::Scalar(_)) => {
            json::emit::emit_value(&mut out, &tree, Indent::Tab, 0)?;
        }
        Format::Dotenv | Format::Ini | Format::Binary => {
            return Err(Error::Unwritable {
                path: path.to_string(),
                message: format!(
                    "{} values are strings, but this value is not; choose yaml or json as the output format",
                    to.name()
                ),
            });
        }
    }
    Ok(Zeroizing::new(out.into_bytes()))
}
