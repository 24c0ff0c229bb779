//! Merges the entries of mappings by key.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use sops_document::Component;

use super::order::{is_in_order, key_order};
use super::{Base, MergedPiece, ThreeWay};
use crate::merge::layout::has_comment;
use crate::merge::outline::{Container, Piece};

impl ThreeWay<'_> {
    pub(super) fn mapping<'p, 't>(
        &mut self,
        base: Base<&'p Container<'t>>,
        ours: &'p Container<'t>,
        theirs: &'p Container<'t>,
    ) -> Vec<MergedPiece<'p, 't>> {
        let in_base = base.known().map(by_key).unwrap_or_default();
        let (in_ours, in_theirs) = (by_key(ours), by_key(theirs));
        let mut merged = HashMap::new();
        let added = theirs.entries.iter();
        let added = added.filter(|entry| !in_ours.contains_key(&*entry.key));
        for entry in ours.entries.iter().chain(added) {
            let key = &*entry.key;
            self.path.push(Component::Key(key.to_owned()));
            let of_base = match base {
                Base::Known(_) => Base::Known(in_base.get(key).copied()),
                Base::Unknown => Base::Unknown,
            };
            let (of_ours, of_theirs) = (in_ours.get(key).copied(), in_theirs.get(key).copied());
            if let Some(piece) = self.entry(of_base, of_ours, of_theirs) {
                merged.insert(key, piece);
            }
            self.path.pop();
        }
        let of_base = base.known().map(keys);
        let (of_ours, of_theirs) = (keys(ours), keys(theirs));
        let is_merged = |key: &&str| merged.contains_key(key);
        let order = match of_base {
            // Theirs changed the order of the entries.
            Some(base) if is_in_order(&base, &of_ours) && !is_in_order(&base, &of_theirs) => {
                key_order(&of_theirs, &of_ours, is_merged)
            }
            _ => key_order(&of_ours, &of_theirs, is_merged),
        };
        if let Some(base) = base.known() {
            let next = |side, entry| comment_of_next(base.close, &in_base, side, entry);
            let added = ours
                .entries
                .iter()
                .filter(|entry| !in_theirs.contains_key(&*entry.key));
            // Comments below which ours added an entry, so that they are now above that entry.
            let moved: HashSet<&str> = added
                .map(|entry| (entry, next(ours, entry)))
                .filter(|(entry, text)| has_comment(text) && entry.lead.starts_with(text))
                .map(|(_, text)| text)
                .collect();
            for entry in theirs
                .entries
                .iter()
                .filter(|entry| !in_ours.contains_key(&*entry.key))
            {
                let comment = next(theirs, entry);
                if let Some(piece) = merged.get_mut(&*entry.key)
                    && moved.contains(comment)
                    && let Some(lead) = entry.lead.strip_prefix(comment)
                {
                    piece.lead = Cow::Borrowed(lead);
                }
            }
        }
        order
            .into_iter()
            .filter_map(|key| merged.remove(key))
            .collect()
    }
}

/// The comment that the base has above the entry that follows `entry` in `side`, or at its end.
fn comment_of_next<'t>(
    close: &'t str,
    in_base: &HashMap<&str, &Piece<'t>>,
    side: &Container<'_>,
    entry: &Piece<'_>,
) -> &'t str {
    // Few entries are added on both sides.
    const LOOKED_AT: usize = 8;
    let next = side.entries.iter().skip(entry.index + 1).take(LOOKED_AT);
    let mut next = next.filter_map(|next| in_base.get(&*next.key));
    next.next().map_or(close, |next| next.lead)
}

fn by_key<'p, 't>(container: &'p Container<'t>) -> HashMap<&'p str, &'p Piece<'t>> {
    let entries = container.entries.iter();
    entries.map(|entry| (&*entry.key, entry)).collect()
}

/// The keys of a mapping, in order.
fn keys<'p>(container: &'p Container<'_>) -> Vec<&'p str> {
    container.entries.iter().map(|entry| &*entry.key).collect()
}
