//! Converts a whole document, or one value of it, to another format.

mod commented;
mod extract;
mod loss;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use self::loss::{first_bytes, first_difference, refuse_duplicates, start};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::json::emit::Indent;
use crate::tree::Node;
use crate::{Document, binary, dotenv, ini, json, yaml};

pub use self::extract::extract;

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
/// [`Error::Unsupported`] for duplicate keys unless `to` is dotenv or INI, and for a stream of
/// several documents unless `to` is YAML, because it would lose all but the first;
/// [`Error::Unwritable`] for an infinity or NaN in JSON, for values that dotenv, INI or the binary
/// format can't hold, and for bytes that are not UTF-8 in every format except YAML and binary.
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
                "the value is not UTF-8, but {} requires UTF-8; write yaml or, if the source is a binary file, binary",
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
                "dotenv cannot hold a mapping or a list; choose yaml or json as the output format",
            )
        }),
        Format::Ini => ini::spell::emit(tree).map_err(|path| {
            (
                path,
                "INI allows only sections of keys with single values; choose yaml or json as the output format",
            )
        }),
        Format::Binary => {
            return binary::bytes(tree)
                .map(<[u8]>::to_vec)
                .ok_or_else(|| Error::Unwritable {
                    path: binary::DATA_KEY.to_owned(),
                    message:
                        "a binary file is the string under this key, but there is no such string; choose yaml or json as the output format"
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
        let message = format!(
            "{} cannot represent this key or its value; choose yaml or json as the output format",
            to.name()
        );
        return Err(unwritable((path, message.as_str())));
    }
    Ok(text.into_bytes())
}
