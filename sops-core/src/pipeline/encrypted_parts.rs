//! Divides an encrypted document into parts of its tape and its text, which are decrypted and
//! written on their own.

use std::ops::Range;

use sops_document::{Collection, Document, Item, Replacement};

use crate::pipeline::selection::Selection;
use crate::pipeline::source_forms::SourceForm;
use crate::pipeline::tape_walk::TapeWalk;

/// A part of the tape with the text of its items, and the changes in that text besides its values
/// and comments.
pub(super) struct EncryptedPart<'d, 'a> {
    pub(super) items: Range<usize>,
    pub(super) text: Range<usize>,
    /// The comments to decrypt, by their indexes on the tape.
    pub(super) comments: &'d [usize],
    pub(super) changes: &'d [Replacement],
    /// The walk up to the first item.
    pub(super) walk: TapeWalk<'d, 'a>,
}

/// Divides a document into parts of at least `least` items, except the last one. `nodes` are its
/// source forms, `comments` the indexes of encrypted comments on the tape, and `changes` all other
/// changes, in the order of the text.
pub(super) fn parts<'d, 'a>(
    document: &'d Document<'a>,
    selection: &'d Selection,
    nodes: &'d [SourceForm],
    comments: &'d [usize],
    changes: &'d [Replacement],
    least: usize,
) -> Vec<EncryptedPart<'d, 'a>> {
    let tape = document.tape();
    let mut walk = TapeWalk::new(document, selection, nodes);
    let mut parts = Vec::with_capacity(tape.len() / least + 1);
    let (mut items, mut text) = (0, 0);
    let (mut comments, mut changes) = (comments, changes);
    let is_before = |comment: usize, at: usize| match &tape[comment] {
        Item::Comment { span, .. } => span.range().start < at,
        _ => false,
    };
    let mut start = walk.clone();
    // The end of the replaced text so far.
    let mut reach = 0;
    let mut alias_end = 0;
    // Whether the next item is the first of a container, which a source form may replace as a whole
    // when the item is written.
    let mut is_first = false;
    for (index, item) in tape.iter().enumerate() {
        if index - items >= least
            && index > alias_end
            && !is_first
            && let Some(at) = start_of(&walk, index)
            && at >= reach.max(text + 1)
        {
            let before = changes.partition_point(|(range, _)| range.start < at);
            if before == 0 || changes[before - 1].0.end <= at {
                let (own_changes, rest) = changes.split_at(before);
                changes = rest;
                let before = comments.partition_point(|comment| is_before(*comment, at));
                let (own_comments, rest) = comments.split_at(before);
                comments = rest;
                parts.push(EncryptedPart {
                    items: std::mem::replace(&mut items, index)..index,
                    text: std::mem::replace(&mut text, at)..at,
                    comments: own_comments,
                    changes: own_changes,
                    walk: std::mem::replace(&mut start, walk.clone()),
                });
            }
        }
        let node = walk.pass(index).node;
        is_first = match item {
            Item::Comment { .. } => is_first,
            _ => matches!(item, Item::Open { .. }),
        };
        match item {
            Item::Alias { span, close, .. } => {
                alias_end = alias_end.max(*close as usize);
                reach = reach.max(span.range().end);
            }
            Item::Leaf(leaf) if index > alias_end => reach = reach.max(leaf.span.range().end),
            _ => {}
        }
        if let Some(around) = node.and_then(|node| walk.containers.outer(node.up)) {
            reach = reach.max(around.range().end);
        }
    }
    parts.push(EncryptedPart {
        items: items..tape.len(),
        text: text..document.text().len(),
        comments,
        changes,
        walk: start,
    });
    parts
}

/// An offset in the text that separates the item at `index`, the next one, from the items
/// before it.
fn start_of(walk: &TapeWalk<'_, '_>, index: usize) -> Option<usize> {
    let (path, leaf) = match &walk.document.tape()[index] {
        Item::Open { path, .. } => (path, None),
        Item::Leaf(leaf) => (&leaf.path, Some(leaf)),
        _ => return None,
    };
    match walk.containers.innermost().kind {
        Collection::Mapping => Some(walk.document.paths().key_offset(*path) as usize),
        Collection::Sequence => walk.document.start_of_item(leaf?),
    }
}
