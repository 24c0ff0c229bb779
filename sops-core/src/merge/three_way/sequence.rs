//! Merges lists: item by item if all have the same length, otherwise around the items that did not
//! change. Where both sides changed the items between those, they are merged by identity
//! (`identity.rs`), or as the additions of both sides.
//!
//! A list of scalars conflicts as a whole, unless the sides changed different positions or only
//! added items.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use sops_document::{Component, KeyPath};

use super::identity::ids;
use super::item_name::identity;
use super::lists::{Lists, is_same};
use super::{Base, MergedPiece, ThreeWay, whole};
use crate::merge::alignment::{Region, Trio, align, changes};
use crate::merge::comments::{comment_lines, each_comment_of_text};
use crate::merge::layout::has_comment;
use crate::merge::outline::{Container, ContentHash, Piece};
use crate::merge::{Conflict, ConflictKind, SideName};

/// The items of a side between unchanged items.
type Items<'p, 't> = &'p [Piece<'t>];

impl ThreeWay<'_> {
    /// The documents of a stream.
    pub(super) fn stream<'p, 't>(
        &mut self,
        base: Base<&'p Container<'t>>,
        ours: &'p Container<'t>,
        theirs: &'p Container<'t>,
    ) -> Vec<MergedPiece<'p, 't>> {
        match (base, &ours.entries[..], &theirs.entries[..]) {
            // Both sides added the file.
            (Base::Known(None), [ours], [theirs]) => self
                .item(Base::Known(None), Some(ours), Some(theirs))
                .into_iter()
                .collect(),
            _ => self.sequence(base, ours, theirs),
        }
    }

    pub(super) fn sequence<'p, 't>(
        &mut self,
        base: Base<&'p Container<'t>>,
        ours: &'p Container<'t>,
        theirs: &'p Container<'t>,
    ) -> Vec<MergedPiece<'p, 't>> {
        let (in_ours, in_theirs) = (&ours.entries[..], &theirs.entries[..]);
        match base {
            Base::Unknown if in_ours.len() == in_theirs.len() => {
                self.pairs(Base::Unknown, in_ours, in_theirs)
            }
            Base::Unknown => self.either(in_ours, in_theirs),
            // Both sides added the list: each one may have meant it to be complete.
            Base::Known(None) if is_same(in_ours, in_theirs) => {
                self.pairs(Base::Known(None), in_ours, in_theirs)
            }
            Base::Known(None) => {
                let lists = Lists::new(&[], in_ours, in_theirs, !self.is_below_stream);
                match self.identified_in(&lists, &lists.all()) {
                    Some(items) => items,
                    None => self.either(in_ours, in_theirs),
                }
            }
            Base::Known(Some(base)) => {
                let are_documents = !self.is_below_stream;
                let lists = Lists::new(&base.entries, in_ours, in_theirs, are_documents);
                if lists.are_changed_scalars() {
                    return self.scalars(&lists);
                }
                match lists.are_same_items(&lists.all()) {
                    true => self.items(&base.entries, in_ours, in_theirs),
                    false => self.aligned(&lists),
                }
            }
        }
    }

    /// Merges the items of a region by their identities; `None` if they have none.
    fn identified_in<'p, 't>(
        &mut self,
        lists: &Lists<'p, 't>,
        region: &Trio<Range<usize>>,
    ) -> Option<Vec<MergedPiece<'p, 't>>> {
        let items = lists.items(region);
        let ids = ids(&items, region, lists.counterparts(), lists.are_documents)?;
        self.identified(&items, &ids)
    }

    /// Merges items with the same number on all sides.
    fn items<'p, 't>(
        &mut self,
        base: Items<'p, 't>,
        ours: Items<'p, 't>,
        theirs: Items<'p, 't>,
    ) -> Vec<MergedPiece<'p, 't>> {
        let mut merged = Vec::new();
        for ((base, ours), theirs) in base.iter().zip(ours).zip(theirs) {
            merged.extend(self.item(Base::Known(Some(base)), Some(ours), Some(theirs)));
        }
        merged
    }

    /// Merges items with the same number on both sides, which the base does not have.
    fn pairs<'p, 't>(
        &mut self,
        base: Base<&'p Piece<'t>>,
        ours: Items<'p, 't>,
        theirs: Items<'p, 't>,
    ) -> Vec<MergedPiece<'p, 't>> {
        let mut merged = Vec::new();
        for (ours, theirs) in ours.iter().zip(theirs) {
            merged.extend(self.item(base, Some(ours), Some(theirs)));
        }
        merged
    }

    pub(super) fn item<'p, 't>(
        &mut self,
        base: Base<&'p Piece<'t>>,
        ours: Option<&'p Piece<'t>>,
        theirs: Option<&'p Piece<'t>>,
    ) -> Option<MergedPiece<'p, 't>> {
        let index = ours.or(theirs).map_or(0, |item| item.index);
        let is_document = !self.is_below_stream;
        match is_document {
            true => self.document = index,
            false => self.path.push(Component::Index(index)),
        }
        let merged = self.entry(base, ours, theirs);
        if !is_document {
            self.path.pop();
        }
        merged
    }

    /// Merges lists to which items were added, or from which some were removed.
    fn aligned<'p, 't>(&mut self, lists: &Lists<'p, 't>) -> Vec<MergedPiece<'p, 't>> {
        let Trio { base, ours, theirs } = lists.lists;
        let regions = align(&hashes(base), &hashes(ours), &hashes(theirs));
        if lists.has_moved_item(&regions) {
            return self.either(ours, theirs);
        }
        let mut merged = Vec::new();
        for region in regions {
            match region {
                Region::Stable(at) => {
                    let base = Base::Known(Some(&base[at.base]));
                    let (ours, theirs) = (&ours[at.ours], &theirs[at.theirs]);
                    merged.extend(self.item(base, Some(ours), Some(theirs)));
                }
                Region::Changed(region) => merged.extend(self.changed(lists, &region)),
            }
        }
        merged
    }

    /// Merges scalars that both sides changed. Unless the sides changed different positions or only
    /// added items, the whole list conflicts: one with items of each side may be one that no one
    /// wants.
    fn scalars<'p, 't>(&mut self, lists: &Lists<'p, 't>) -> Vec<MergedPiece<'p, 't>> {
        let Trio { base, ours, theirs } = lists.lists;
        if lists.have_changes_in_other_positions() {
            return self.items(base, ours, theirs);
        }
        if !lists.have_only_additions() {
            return self.either(ours, theirs);
        }
        let conflict = Conflict {
            document: self.document,
            path: KeyPath::new(self.path.iter().cloned()),
            kind: ConflictKind::Value,
        };
        let merged = self.aligned(lists);
        match self.recorded.contains(&conflict) {
            true => self.either(ours, theirs),
            false => merged,
        }
    }

    /// Merges items that at least one side changed.
    fn changed<'p, 't>(
        &mut self,
        lists: &Lists<'p, 't>,
        region: &Trio<Range<usize>>,
    ) -> Vec<MergedPiece<'p, 't>> {
        let Trio { base, ours, theirs } = lists.items(region);
        if lists.are_same_items(region) {
            return self.items(base, ours, theirs);
        }
        if is_same(ours, theirs) {
            return self.pairs(Base::Known(None), ours, theirs);
        }
        if self.is_unchanged(base, ours) {
            return wholes(SideName::Theirs, theirs);
        }
        if self.is_unchanged(base, theirs) {
            return wholes(SideName::Ours, ours);
        }
        let merged = self.identified_in(lists, region);
        let merged = merged.or_else(|| match base {
            [] => self.additions(ours, theirs),
            _ => None,
        });
        let Some(mut merged) = merged else {
            return self.either(ours, theirs);
        };
        let comments = ours.iter().map(|item| comment_lines(item.lead));
        let comments: Vec<&str> = comments.filter(|lines| !lines.is_empty()).collect();
        for piece in merged.iter_mut().filter(|piece| piece.in_ours.is_none()) {
            self.drop_shared_comment(piece, &comments);
        }
        merged
    }

    /// Removes a comment of the base above an item that theirs added, if an item that ours added is
    /// below it too: both sides added their items below that comment. `of_ours` are the comments
    /// above the items of ours.
    fn drop_shared_comment(&self, piece: &mut MergedPiece<'_, '_>, of_ours: &[&str]) {
        let lines = comment_lines(&piece.lead);
        let mut is_old = None;
        each_comment_of_text(lines, &mut |comment| {
            is_old.get_or_insert_with(|| !self.is_new_comment(comment));
        });
        // Nothing is dropped, so it need not be compared with all items.
        if is_old != Some(true) {
            return;
        }
        let shared = of_ours.iter().map(|of_ours| {
            let same = lines
                .split_inclusive('\n')
                .zip(of_ours.split_inclusive('\n'));
            let same = same.take_while(|(line, other)| line == other);
            same.map(|(line, _)| line.len()).sum()
        });
        let length = shared.max().unwrap_or(0);
        let mut is_old = true;
        each_comment_of_text(&lines[..length], &mut |comment| {
            is_old &= !self.is_new_comment(comment);
        });
        if is_old && has_comment(&lines[..length]) {
            piece.lead = Cow::Owned(piece.lead[length..].to_owned());
        }
    }

    /// Merges items that both sides added in one position: those of ours, then those of theirs, and
    /// those that both added only once. `None` if both added the same items in another order, or
    /// different items under one name.
    fn additions<'p, 't>(
        &mut self,
        ours: Items<'p, 't>,
        theirs: Items<'p, 't>,
    ) -> Option<Vec<MergedPiece<'p, 't>>> {
        let changes = changes(&hashes(ours), &hashes(theirs));
        let are_documents = !self.is_below_stream;
        let mut seen = HashSet::new();
        for item in changes
            .iter()
            .flat_map(|(of_ours, _)| &ours[of_ours.clone()])
        {
            seen.insert(item.hash);
            seen.extend(identity(item, are_documents));
        }
        let is_seen = |item: &Piece<'_>| {
            let identity = identity(item, are_documents);
            seen.contains(&item.hash) || identity.is_some_and(|identity| seen.contains(&identity))
        };
        let mut of_theirs = changes.iter().flat_map(|(_, range)| &theirs[range.clone()]);
        if of_theirs.any(is_seen) {
            return None;
        }
        let mut merged = Vec::new();
        let (mut in_ours, mut in_theirs) = (0, 0);
        let end = (ours.len()..ours.len(), theirs.len()..theirs.len());
        for (of_ours, of_theirs) in changes.into_iter().chain([end]) {
            let both = (
                &ours[in_ours..of_ours.start],
                &theirs[in_theirs..of_theirs.start],
            );
            merged.extend(self.pairs(Base::Known(None), both.0, both.1));
            (in_ours, in_theirs) = (of_ours.end, of_theirs.end);
            merged.extend(wholes(SideName::Ours, &ours[of_ours]));
            merged.extend(wholes(SideName::Theirs, &theirs[of_theirs]));
        }
        Some(merged)
    }

    /// Whether a side has the values of the base and no new comments, so that nothing is lost
    /// without its items.
    fn is_unchanged(&self, base: Items<'_, '_>, side: Items<'_, '_>) -> bool {
        is_same(base, side) && !side.iter().any(|item| self.has_new_comment(item))
    }

    /// Records a conflict of these items as a whole, and returns those of the side to take.
    fn either<'p, 't>(
        &mut self,
        ours: Items<'p, 't>,
        theirs: Items<'p, 't>,
    ) -> Vec<MergedPiece<'p, 't>> {
        if !self.is_below_stream {
            self.document = 0;
        }
        let side = self.conflict(ConflictKind::Value);
        match side {
            SideName::Ours => wholes(side, ours),
            SideName::Theirs => wholes(side, theirs),
        }
    }
}

fn wholes<'p, 't>(side: SideName, items: Items<'p, 't>) -> Vec<MergedPiece<'p, 't>> {
    items.iter().map(|item| whole(side, item)).collect()
}

fn hashes(items: Items<'_, '_>) -> Vec<ContentHash> {
    items.iter().map(|item| item.hash).collect()
}
