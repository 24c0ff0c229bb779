//! Puts comments on the tape.

use super::nodes::{OfItem, Place, Places, Rank};
use crate::error::{Error, Location, Result};
use crate::{Document, Item, MAX_EXPANDED, PathId, ROOT, Span};

/// Puts the comments before the items that they belong before, and once more into what aliases repeat.
///
/// # Errors
/// [`Error::Limit`] where aliases repeat more than [`MAX_EXPANDED`].
pub(super) fn insert(document: &mut Document<'_>, comments: &[Span], places: Places) -> Result<()> {
    let places = repeat(document, places)?;
    let tape = &mut document.tape;
    let length = tape.len();
    let moved = moves(length, &places);
    tape.reserve_exact(places.len());
    tape.extend(places.iter().map(|_| Item::Close { open: 0 }));
    // From the end on, so that every item is moved once, and those before it still stand where they stood.
    let mut places = places.into_iter().rev().peekable();
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
        while let Some(place) = places.next_if(|place| place.before as usize == index) {
            end -= 1;
            tape[end] = Item::Comment {
                path,
                span: comments[place.comment as usize],
                lost: place.lost,
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

/// For each of `length` items, by how many places it moves.
fn moves(length: usize, places: &[Place]) -> Vec<u32> {
    let mut moved = vec![0; length];
    for place in places {
        moved[place.before as usize] += 1;
    }
    let mut sum = 0;
    for by in &mut moved {
        sum += *by;
        *by = sum;
    }
    moved
}

/// Adds the comments within what aliases stand for.
fn repeat(document: &Document<'_>, places: Places) -> Result<Vec<Place>> {
    let Places { places, of_items } = places;
    if !document
        .tape
        .iter()
        .any(|item| matches!(item, Item::Alias { .. }))
    {
        return Ok(places);
    }
    let mut out: Vec<Place> = Vec::with_capacity(places.len());
    let mut places = places.into_iter().peekable();
    let mut repeated = 0;
    for (index, item) in document.written_items() {
        let Item::Alias { span, target, .. } = item else {
            continue;
        };
        let (target, site) = (*target, index as u32);
        let Some(Item::Open { close, .. }) = document.tape.get(target as usize) else {
            continue;
        };
        while let Some(place) = places.next_if(|place| place.before <= site) {
            out.push(place);
        }
        // The copy of the target's first item is behind that of the alias.
        let shift = site + 1 - target;
        let first = out.partition_point(|place| place.before <= target);
        let last = out.partition_point(|place| place.before <= *close);
        let of_item = |is_foot| own(&of_items, target, is_foot);
        let (heads, feet) = (of_item(false), of_item(true));
        repeated += last - first + heads.len() + feet.len();
        if repeated > MAX_EXPANDED {
            return Err(Error::Limit {
                location: Some(Location::of(document.text, span.range().start)),
                message: format!("aliases repeat more than {MAX_EXPANDED} comments"),
            });
        }
        let own = |of_item: &OfItem, before: u32| Place {
            before,
            rank: Rank::Rest,
            comment: of_item.comment,
            lost: false,
        };
        out.extend(heads.iter().map(|head| own(head, site + 2)));
        for index in first..last {
            let place = out[index];
            out.push(Place {
                before: place.before + shift,
                ..place
            });
        }
        out.extend(feet.iter().map(|foot| own(foot, close + shift)));
    }
    out.extend(places);
    Ok(out)
}

/// The comments above or below the collection at `open` that the sequence around it lists.
fn own(of_items: &[OfItem], open: u32, is_foot: bool) -> &[OfItem] {
    let key = |of_item: &OfItem| (of_item.open, of_item.is_foot);
    let start = of_items.partition_point(|of_item| key(of_item) < (open, is_foot));
    let end = of_items.partition_point(|of_item| key(of_item) <= (open, is_foot));
    &of_items[start..end]
}
