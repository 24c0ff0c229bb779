//! A plaintext as environment variables.

use std::fmt;

use sops_document::tree::{Entry, Node};
use sops_document::{Document, flat};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// An environment variable.
#[non_exhaustive]
pub struct Variable {
    /// Neither empty nor with `=` or a zero byte in it.
    pub name: String,
    /// Any bytes but zero.
    pub value: Zeroizing<Vec<u8>>,
}

/// Shows the name.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The values at the top level of the first document as `sops exec-env` gives them to a command: strings as they are, others as
/// SOPS writes them in dotenv files, `<nil>` for null.
///
/// # Errors
/// [`Error::Variable`] for mappings and sequences, for names that are empty or have `=` in them, and for zero bytes.
///
/// ```
/// use sops_core::{Format, parse_document, variables};
///
/// let document = parse_document("PORT: 8_0\nTLS: yes\nMOTD: |\n  one\n  two\n", Format::Yaml)?;
/// let variables = variables(&document)?;
/// let texts: Vec<_> = variables.iter().map(|one| (one.name.as_str(), &one.value[..])).collect();
/// assert_eq!(texts, [("PORT", &b"80"[..]), ("TLS", b"yes"), ("MOTD", b"one\ntwo\n")]);
/// # Ok::<(), sops_core::Error>(())
/// ```
pub fn variables(document: &Document<'_>) -> Result<Vec<Variable>> {
    match document.to_tree(0) {
        Some(Node::Mapping(entries)) => entries.into_iter().map(variable).collect(),
        _ => Err(unusable(
            String::new(),
            "the document has no keys, which would name the variables",
        )),
    }
}

fn variable(Entry { key, value }: Entry) -> Result<Variable> {
    let message = match &value {
        Node::Mapping(_) | Node::Sequence(_) => {
            Some("an environment variable holds one value, and here are several")
        }
        Node::Scalar(Some(value)) if value.bytes.contains(&0) => {
            Some("an environment variable cannot hold a zero byte")
        }
        Node::Scalar(_) if key.is_empty() || key.contains(['=', '\0']) => {
            Some("no environment variable can have this name")
        }
        Node::Scalar(_) => None,
    };
    match (message, value) {
        (None, Node::Scalar(value)) => Ok(Variable {
            name: key,
            value: Zeroizing::new(flat::bytes(value.as_ref()).into_owned()),
        }),
        (message, _) => Err(unusable(key, message.unwrap_or_default())),
    }
}

fn unusable(name: String, message: &str) -> Error {
    Error::Variable {
        name,
        message: message.to_owned(),
    }
}
