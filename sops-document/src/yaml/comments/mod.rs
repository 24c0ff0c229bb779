//! Comments: the container that Go's YAML library assigns each one to, and its position among the
//! entries of that container.
//!
//! Both follow from how go.yaml.in/yaml/v3 (3.0.4) attaches comments to nodes while it reads
//! tokens, and from the order in which the YAML store of SOPS 3.13.3 lists the comments of a node.
//! The measurements are in `testdata/vectors`.
//!
//! - `reader` finds the `tokens` of the text from the tape and the text between its items
//!   (`lexis`); `recorder` writes the `trace` of them.
//! - `groups` divides the comments between two tokens into groups, and says which token each group
//!   is for.
//! - `assignment` gives the groups to the nodes of the tape, and says which item each comment comes
//!   before.
//! - `insert` puts the comments there, and into the copies that aliases make.

mod assignment;
mod groups;
mod insert;
mod lexis;
mod reader;
mod recorder;
mod tokens;
mod trace;

use std::panic::resume_unwind;
use std::thread;

pub(crate) use self::assignment::CommentPositions;
pub(crate) use self::reader::Tail;
use self::reader::TopSplit;
use crate::error::Result;
use crate::{Document, Span};

/// Puts comments, given in the order of the text, on the tape, at their
/// [positions](positions()).
///
/// A comment that Go's library loses stays in the container that it is written in.
///
/// # Errors
/// [`Error::Limit`](crate::Error::Limit) if aliases repeat too many of them.
pub(crate) fn place(
    document: &mut Document<'_>,
    comments: &[Span],
    positions: CommentPositions,
) -> Result<()> {
    insert::insert(document, comments, positions)
}

/// The positions of comments, given in the order of the text, on the tape of a document without
/// them.
pub(crate) fn positions(
    document: &Document<'_>,
    comments: &[Span],
    tail: Tail,
) -> CommentPositions {
    /// With fewer comments, reading them takes less time than starting a thread.
    const MANY: usize = 1_000;
    let split = (comments.len() >= MANY)
        .then(|| TopSplit::at(document, document.tape.len() / 2))
        .flatten();
    match split {
        Some(split) => split_positions(document, comments, tail, split),
        None => {
            let tokens = reader::read(document, comments, tail);
            assignment::assign(&document.tape, &tokens)
        }
    }
}

/// The positions of the comments of a part of the text, on the tape of that part. `None` if they
/// depend on other parts.
pub(crate) fn positions_in_part(
    document: &Document<'_>,
    comments: &[Span],
    tail: Tail,
) -> Option<CommentPositions> {
    let start = match document.part.start {
        0 => None,
        _ => Some(TopSplit::first(document)?),
    };
    let is_last = document.part.end == document.text.len();
    let tokens = reader::read_part(document, comments, tail, start, is_last)?;
    let top = start.map(|_| TopSplit::MAPPING);
    Some(assignment::assign_part(
        &document.tape,
        &tokens,
        top,
        is_last,
    ))
}

/// Finds the positions before and after a split at the same time.
fn split_positions(
    document: &Document<'_>,
    comments: &[Span],
    tail: Tail,
    split: TopSplit,
) -> CommentPositions {
    let tape = &document.tape;
    let after = || {
        let tokens = reader::read_after(document, comments, tail, split);
        assignment::assign_after(tape, &tokens, TopSplit::MAPPING)
    };
    thread::scope(|scope| {
        let after = scope.spawn(after);
        let tokens = reader::read_before(document, comments, tail, split);
        let before = assignment::assign_before(tape, &tokens);
        before.joined(after.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod part_tests;
#[cfg(test)]
mod tests;
