//! Comments: in which container SOPS finds each one, and at which position among the container's entries.
//!
//! The path of the container is the additional data of an encrypted comment, and comment rules depend on the order. Both
//! follow from how go.yaml.in/yaml/v3 (3.0.4) hangs comments on nodes while it reads tokens, and from where SOPS then lists
//! the comments of a node (`stores/yaml` of 3.13.3). What is measured of that stands in `testdata/vectors`.
//!
//! - `reader` finds the `tokens` of the text, by the tape and what stands between its items (`lexis`); `recorder` keeps them.
//! - `groups` divides the comments between two tokens into groups, and says which token each is for.
//! - `nodes` gives the groups to the nodes of the tape, and says before which item a comment belongs.
//! - `insert` puts the comments there, and into what aliases repeat.

mod groups;
mod insert;
mod lexis;
mod nodes;
mod reader;
mod recorder;
mod tokens;
mod trace;

pub(crate) use self::reader::Tail;
use crate::error::Result;
use crate::{Document, Span};

/// Puts the comments, given in the order of the text, on the tape in the order in which SOPS walks them.
///
/// A comment that Go's library loses stays in the container that it stands in.
///
/// # Errors
/// [`Error::Limit`](crate::Error::Limit) where aliases repeat too many of them.
pub(crate) fn place(document: &mut Document<'_>, comments: &[Span], tail: Tail) -> Result<()> {
    let tokens = reader::read(document, comments, tail);
    let positions = nodes::assign(&document.tape, &tokens);
    insert::insert(document, comments, positions)
}

#[cfg(test)]
mod tests;
