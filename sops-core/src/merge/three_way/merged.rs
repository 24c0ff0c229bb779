//! The result of a merge: entries that are put together from pieces of the sides.

use std::borrow::Cow;

use crate::merge::SideName;
use crate::merge::outline::{Container, ContentHash, Piece, hash_of_container};

/// A merged entry, combined from the sides.
pub(in crate::merge) struct MergedPiece<'p, 't> {
    pub(in crate::merge) key: &'p str,
    pub(in crate::merge) lead: Cow<'t, str>,
    /// The number of the entry in the container of each side that has it.
    pub(in crate::merge) in_ours: Option<usize>,
    pub(in crate::merge) in_theirs: Option<usize>,
    /// The column of the entry on each side.
    pub(in crate::merge) columns: [Option<usize>; 2],
    pub(in crate::merge) content: Content<'p, 't>,
}

pub(in crate::merge) enum Content<'p, 't> {
    /// The whole entry of one side.
    Whole(SideName, &'p Piece<'t>),
    /// An entry with parts from both sides.
    Parts {
        head: Cow<'t, str>,
        body: MergedBody<'p, 't>,
        tail: Cow<'t, str>,
    },
}

pub(in crate::merge) enum MergedBody<'p, 't> {
    Scalar(SideName, &'p Piece<'t>),
    Container(MergedContainer<'p, 't>),
}

pub(in crate::merge) struct MergedContainer<'p, 't> {
    /// The container whose style the entries have.
    pub(in crate::merge) like: &'p Container<'t>,
    /// The side that the container is from.
    pub(in crate::merge) like_side: SideName,
    pub(in crate::merge) entries: Vec<MergedPiece<'p, 't>>,
    pub(in crate::merge) close: Cow<'t, str>,
}

impl MergedPiece<'_, '_> {
    /// The column of the entry on a side, if that side has the entry.
    pub(in crate::merge) fn column(&self, side: SideName) -> Option<usize> {
        match side {
            SideName::Ours => self.columns[0],
            SideName::Theirs => self.columns[1],
        }
    }

    /// Whether the entry was the first one of its container on each side that has it.
    pub(in crate::merge) fn was_first(&self) -> bool {
        let mut numbers = self.in_ours.iter().chain(&self.in_theirs);
        numbers.all(|number| *number == 0)
    }

    fn hash(&self) -> ContentHash {
        match &self.content {
            Content::Whole(_, piece) => piece.hash,
            Content::Parts { body, .. } => match body {
                MergedBody::Scalar(_, piece) => piece.hash,
                MergedBody::Container(container) => container.hash(),
            },
        }
    }
}

impl MergedContainer<'_, '_> {
    /// The side that all entries come from, in the same order.
    pub(in crate::merge) fn only_side(
        &self,
        ours: &Piece<'_>,
        theirs: &Piece<'_>,
    ) -> Option<SideName> {
        let sides = [(SideName::Ours, ours), (SideName::Theirs, theirs)];
        let is_whole = |(side, piece): &(SideName, &Piece<'_>)| {
            let entries = piece.container().map_or(&[][..], |piece| &piece.entries);
            let mut pairs = self.entries.iter().zip(entries);
            self.entries.len() == entries.len()
                && pairs.all(|(merged, own)| {
                    matches!(merged.content, Content::Whole(of, piece)
                        if of == *side && piece.index == own.index && merged.lead == own.lead)
                })
        };
        sides.into_iter().find(is_whole).map(|(side, _)| side)
    }

    /// The hash that the merged text must have.
    pub(in crate::merge) fn hash(&self) -> ContentHash {
        let entries = self.entries.iter().map(|entry| (entry.key, entry.hash()));
        hash_of_container(self.like.kind, entries)
    }
}

/// An entry as one side has it.
pub(in crate::merge) fn whole<'p, 't>(side: SideName, piece: &'p Piece<'t>) -> MergedPiece<'p, 't> {
    MergedPiece {
        key: &piece.key,
        lead: Cow::Borrowed(piece.lead),
        in_ours: (side == SideName::Ours).then_some(piece.index),
        in_theirs: (side == SideName::Theirs).then_some(piece.index),
        columns: [SideName::Ours, SideName::Theirs].map(|of| (of == side).then_some(piece.column)),
        content: Content::Whole(side, piece),
    }
}
