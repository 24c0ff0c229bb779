//! Keeps the values of aliases when the node that they refer to changes or is removed.
//!
//! Go's library treats an alias as a copy, so a change to the original does not affect it. The
//! first remaining alias is therefore expanded and takes over the anchor for the others. An alias
//! whose copy changes in the same way stays.

use std::collections::BTreeMap;
use std::ops::Range;

use super::collection::replace;
use super::site::Site;
use super::text_edits::{Anchor, TextEdits};
use crate::Item;
use crate::error::Result;

/// Expands the first alias of each node that the change of `node` affects; `changed` are the tape
/// items that are replaced. Returns whether the node at the start of `changed` is among the
/// affected nodes, so that its anchor must be dropped.
pub(super) fn keep_values(
    node: usize,
    changed: &Range<usize>,
    edits: &mut TextEdits<'_, '_>,
) -> Result<bool> {
    let document = edits.document;
    // For each affected node, the first remaining alias and whether there are more.
    let mut affected: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
    for (index, target) in edits.aliases() {
        let holds_change =
            target < changed.start && document.node_items(target).contains(&changed.start);
        let is_affected = holds_change || changed.contains(&target);
        if changed.contains(&index) || !is_affected || edits.follows(index, target, node) {
            continue;
        }
        affected
            .entry(target)
            .and_modify(|(_, more)| *more = true)
            .or_insert((index, false));
    }
    for (target, (alias, more)) in &affected {
        let name = match &document.tape[*alias] {
            Item::Alias { span, .. } => document.source(*span).trim_start_matches('*'),
            _ => continue,
        };
        let anchor = if *more {
            Anchor::Add(name)
        } else {
            Anchor::Keep
        };
        replace(
            &Site::of(document, *alias),
            &document.tree(*target),
            anchor,
            edits,
        )?;
        if !changed.contains(target)
            && let Some(anchor) = Site::of(document, *target).properties.anchor
        {
            edits.remove_property(anchor);
        }
    }
    Ok(affected.contains_key(&changed.start) && !changed.is_empty())
}
