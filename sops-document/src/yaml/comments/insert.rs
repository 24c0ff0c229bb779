//! Puts comments on the tape.

use super::assignment::{CommentPosition, CommentPositions, ItemComment, Rank};
use crate::error::{Error, Location, Result};
use crate::{Document, Item, MAX_EXPANDED, PathId, ROOT, Span};

/// Puts the comments before the items that they belong to, and again into the copies that aliases
/// make.
///
/// # Errors
/// [`Error::Limit`] if aliases repeat more than [`MAX_EXPANDED`] comments.
pub(super) fn insert(
    document: &mut Document<'_>,
    comments: &[Span],
    positions: CommentPositions,
) -> Result<()> {
    let positions = repeat(document, positions)?;
    let tape = &mut document.tape;
    let length = tape.len();
    let moved = moves(length, &positions);
    tape.reserve_exact(positions.len());
    tape.extend(positions.iter().map(|_| Item::Close { open: 0 }));
    // From end to start, so that every item is moved once, and the items before it have not moved
    // yet.
    let mut positions = positions.into_iter().rev().peekable();
    let mut paths: Vec<PathId> = Vec::new();
    let mut end = tape.len();
    for index in (0..length).rev() {
        end -= 1;
        tape.swap(index, end);
        if let Item::Close { open } = tape[end] {
            paths.push(path(&tape[open as usize]));
        }
        match &mut tape[end] {
            Item::Close { open } => *open += moved[*open as usize],
            Item::Document { close, .. } | Item::Open { close, .. } => {
                *close += moved[*close as usize];
                paths.pop();
            }
            Item::Alias { close, target, .. } => {
                *close += moved[*close as usize];
                *target += moved[*target as usize];
                paths.pop();
            }
            Item::Leaf(_) | Item::Comment { .. } => {}
        }
        let path = paths.last().copied().unwrap_or(ROOT);
        while let Some(position) = positions.next_if(|position| position.before as usize == index) {
            end -= 1;
            tape[end] = Item::Comment {
                path,
                span: comments[position.comment as usize],
                lost: position.lost,
            };
        }
    }
    Ok(())
}

/// The path of a container.
fn path(item: &Item<'_>) -> PathId {
    match item {
        Item::Open { path, .. } | Item::Alias { path, .. } => *path,
        _ => ROOT,
    }
}

/// For each of `length` items, the number of positions that it moves.
fn moves(length: usize, positions: &[CommentPosition]) -> Vec<u32> {
    let mut moved = vec![0; length];
    for position in positions {
        moved[position.before as usize] += 1;
    }
    let mut sum = 0;
    for by in &mut moved {
        sum += *by;
        *by = sum;
    }
    moved
}

/// Adds the comments within the copies that aliases make.
fn repeat(document: &Document<'_>, positions: CommentPositions) -> Result<Vec<CommentPosition>> {
    let CommentPositions {
        positions,
        item_comments,
    } = positions;
    if !document
        .tape
        .iter()
        .any(|item| matches!(item, Item::Alias { .. }))
    {
        return Ok(positions);
    }
    let mut out: Vec<CommentPosition> = Vec::with_capacity(positions.len());
    let mut positions = positions.into_iter().peekable();
    let mut repeated = 0;
    for (index, item) in document.written_items() {
        let Item::Alias { span, target, .. } = item else {
            continue;
        };
        let (target, site) = (*target, index as u32);
        let Some(Item::Open { close, .. }) = document.tape.get(target as usize) else {
            continue;
        };
        while let Some(position) = positions.next_if(|position| position.before <= site) {
            out.push(position);
        }
        // The copy of the target's first item comes after the alias item.
        let shift = site + 1 - target;
        let first = out.partition_point(|position| position.before <= target);
        let last = out.partition_point(|position| position.before <= *close);
        let item_comment = |is_foot| own(&item_comments, target, is_foot);
        let (heads, feet) = (item_comment(false), item_comment(true));
        repeated += last - first + heads.len() + feet.len();
        if repeated > MAX_EXPANDED {
            return Err(Error::Limit {
                location: Some(Location::of(document.text, span.range().start)),
                message: format!("aliases repeat more than {MAX_EXPANDED} comments"),
            });
        }
        let own = |item_comment: &ItemComment, before: u32| CommentPosition {
            before,
            rank: Rank::Rest,
            comment: item_comment.comment,
            lost: false,
        };
        out.extend(heads.iter().map(|head| own(head, site + 2)));
        for index in first..last {
            let position = out[index];
            out.push(CommentPosition {
                before: position.before + shift,
                ..position
            });
        }
        out.extend(feet.iter().map(|foot| own(foot, close + shift)));
    }
    out.extend(positions);
    Ok(out)
}

/// The comments above or below the collection at `open` that the surrounding sequence lists.
fn own(item_comments: &[ItemComment], open: u32, is_foot: bool) -> &[ItemComment] {
    let key = |item_comment: &ItemComment| (item_comment.open, item_comment.is_foot);
    let start = item_comments.partition_point(|item_comment| key(item_comment) < (open, is_foot));
    let end = item_comments.partition_point(|item_comment| key(item_comment) <= (open, is_foot));
    &item_comments[start..end]
}
