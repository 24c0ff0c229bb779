//! Merges three outlines by key path: a change of one side is taken from that side, and different
//! changes of both sides are a conflict.

mod mapping;
mod sequence;

use std::borrow::Cow;

use sops_document::{Collection, Component, KeyPath};

use super::comments::{self, MergedComments};
use super::outline::{Body, Container, ContentHash, Piece, hash_of_container};
use super::{Conflict, ConflictKind, SideName};

/// A merged entry, combined from the sides.
pub(super) struct MergedPiece<'p, 't> {
    pub(super) key: &'p str,
    pub(super) lead: Cow<'t, str>,
    /// The number of the entry in the container of each side that has it.
    pub(super) in_ours: Option<usize>,
    pub(super) in_theirs: Option<usize>,
    pub(super) content: Content<'p, 't>,
}

pub(super) enum Content<'p, 't> {
    /// The whole entry of one side.
    Whole(SideName, &'p Piece<'t>),
    /// An entry with parts from both sides.
    Parts {
        head: Cow<'t, str>,
        body: MergedBody<'p, 't>,
        tail: Cow<'t, str>,
    },
}

pub(super) enum MergedBody<'p, 't> {
    Scalar(SideName, &'p Piece<'t>),
    Container(MergedContainer<'p, 't>),
}

pub(super) struct MergedContainer<'p, 't> {
    /// The container whose style the entries have.
    pub(super) like: &'p Container<'t>,
    pub(super) entries: Vec<MergedPiece<'p, 't>>,
    pub(super) close: Cow<'t, str>,
}

impl MergedPiece<'_, '_> {
    /// Whether it was the first entry of its container on each side that has it.
    pub(super) fn was_first(&self) -> bool {
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
    /// The hash that the merged text must have.
    pub(super) fn hash(&self) -> ContentHash {
        let entries = self.entries.iter().map(|entry| (entry.key, entry.hash()));
        hash_of_container(self.like.kind, entries)
    }
}

/// The common ancestor of a node.
#[derive(Clone, Copy)]
pub(super) enum Base<T> {
    /// The node, or `None` if the ancestor had none.
    Known(Option<T>),
    /// The ancestor cannot be read: any difference is a conflict.
    Unknown,
}

impl<T> Base<T> {
    fn known(self) -> Option<T> {
        match self {
            Self::Known(node) => node,
            Self::Unknown => None,
        }
    }

    fn then<U>(self, child: impl FnOnce(T) -> Option<U>) -> Base<U> {
        match self {
            Self::Known(node) => Base::Known(node.and_then(child)),
            Self::Unknown => Base::Unknown,
        }
    }
}

/// Decides which side a conflict is resolved to for the text.
pub(super) type Choice<'c> = dyn Fn(&Conflict) -> SideName + 'c;

/// A merged stream of documents.
pub(super) struct MergedStream<'p, 't> {
    pub(super) documents: MergedContainer<'p, 't>,
    pub(super) conflicts: Vec<Conflict>,
    /// Whether a collection is in lines on one side and in brackets on the other, so that the pieces
    /// of both do not fit together.
    pub(super) has_mixed_styles: bool,
}

/// Merges the documents of three outlines.
pub(super) fn three_way<'p, 't>(
    base: Base<&'p Container<'t>>,
    ours: &'p Container<'t>,
    theirs: &'p Container<'t>,
    choice: &Choice<'_>,
) -> MergedStream<'p, 't> {
    let mut merge = ThreeWay {
        choice,
        conflicts: Vec::new(),
        path: Vec::new(),
        document: 0,
        is_below_stream: false,
        has_mixed_styles: false,
    };
    let entries = merge.stream(base, ours, theirs);
    let close = merge.text(base.then(|base| Some(base.close)), ours.close, theirs.close);
    MergedStream {
        documents: MergedContainer {
            like: ours,
            entries,
            close,
        },
        conflicts: merge.conflicts,
        has_mixed_styles: merge.has_mixed_styles,
    }
}

struct ThreeWay<'c> {
    choice: &'c Choice<'c>,
    conflicts: Vec<Conflict>,
    path: Vec<Component>,
    document: usize,
    /// Whether the current node is in a document, not the stream of documents.
    is_below_stream: bool,
    has_mixed_styles: bool,
}

impl ThreeWay<'_> {
    /// Records a conflict at the current path, and returns the side to take.
    fn conflict(&mut self, kind: ConflictKind) -> SideName {
        let conflict = Conflict {
            document: self.document,
            path: KeyPath::new(self.path.iter().cloned()),
            kind,
        };
        let side = (self.choice)(&conflict);
        // A comment belongs to the value below or before it, so both sides have the same value.
        if self.conflicts.last() != Some(&conflict) {
            self.conflicts.push(conflict);
        }
        side
    }

    /// Merges text other than values: comments and layout.
    fn text<'t>(&mut self, base: Base<&'t str>, ours: &'t str, theirs: &'t str) -> Cow<'t, str> {
        match comments::merge(base.known(), ours, theirs) {
            MergedComments::Text(text) => text,
            MergedComments::Conflict => match self.conflict(ConflictKind::Comment) {
                SideName::Ours => Cow::Borrowed(ours),
                SideName::Theirs => Cow::Borrowed(theirs),
            },
        }
    }

    /// Merges an entry; `None` if the result does not have it.
    fn entry<'p, 't>(
        &mut self,
        base: Base<&'p Piece<'t>>,
        ours: Option<&'p Piece<'t>>,
        theirs: Option<&'p Piece<'t>>,
    ) -> Option<MergedPiece<'p, 't>> {
        let (ours, theirs) = match (ours, theirs) {
            (Some(ours), Some(theirs)) => (ours, theirs),
            (Some(ours), None) => return self.one_sided(base, ours, SideName::Ours),
            (None, Some(theirs)) => return self.one_sided(base, theirs, SideName::Theirs),
            (None, None) => return None,
        };
        let content =
            if is_alike(ours, theirs) || base.known().is_some_and(|base| is_alike(base, theirs)) {
                Content::Whole(SideName::Ours, ours)
            } else if base.known().is_some_and(|base| is_alike(base, ours)) {
                Content::Whole(SideName::Theirs, theirs)
            } else {
                self.parts(base, ours, theirs)
            };
        let lead = self.text(base.then(|base| Some(base.lead)), ours.lead, theirs.lead);
        Some(MergedPiece {
            key: &ours.key,
            lead,
            in_ours: Some(ours.index),
            in_theirs: Some(theirs.index),
            content,
        })
    }

    /// An entry that only one side has: the side added it, or the other side removed it.
    fn one_sided<'p, 't>(
        &mut self,
        base: Base<&'p Piece<'t>>,
        piece: &'p Piece<'t>,
        side: SideName,
    ) -> Option<MergedPiece<'p, 't>> {
        let is_kept = match base {
            Base::Known(None) => true,
            Base::Known(Some(base)) if base.hash == piece.hash => false,
            _ => self.conflict(ConflictKind::Removed) == side,
        };
        is_kept.then(|| whole(side, piece))
    }

    /// An entry that both sides have, and both changed.
    fn parts<'p, 't>(
        &mut self,
        base: Base<&'p Piece<'t>>,
        ours: &'p Piece<'t>,
        theirs: &'p Piece<'t>,
    ) -> Content<'p, 't> {
        if let (Some(in_ours), Some(in_theirs)) = (ours.container(), theirs.container())
            && in_ours.kind == in_theirs.kind
        {
            let in_base = base.then(Piece::container);
            let in_base = in_base.then(|base| (base.kind == in_ours.kind).then_some(base));
            let container = self.container(in_base, in_ours, in_theirs);
            return Content::Parts {
                head: self.text(base.then(|base| Some(base.head)), ours.head, theirs.head),
                body: MergedBody::Container(container),
                tail: self.text(base.then(|base| Some(base.tail)), ours.tail, theirs.tail),
            };
        }
        let hash = base.known().map(|base| base.hash);
        let side = if ours.hash == theirs.hash {
            let is_layout_of_base = base
                .known()
                .is_some_and(|base| scalar(base) == scalar(ours));
            if is_layout_of_base {
                SideName::Theirs
            } else {
                SideName::Ours
            }
        } else if hash == Some(ours.hash) {
            SideName::Theirs
        } else if hash == Some(theirs.hash) {
            SideName::Ours
        } else {
            self.conflict(ConflictKind::Value)
        };
        let piece = match side {
            SideName::Ours => ours,
            SideName::Theirs => theirs,
        };
        let ends_line = |piece: &Piece<'_>| scalar(piece).map(|text| text.ends_with('\n'));
        if ends_line(ours).is_none() || ends_line(ours) != ends_line(theirs) {
            // The head and the tail depend on the form of the value.
            return Content::Whole(side, piece);
        }
        Content::Parts {
            head: self.text(base.then(|base| Some(base.head)), ours.head, theirs.head),
            body: MergedBody::Scalar(side, piece),
            tail: self.text(base.then(|base| Some(base.tail)), ours.tail, theirs.tail),
        }
    }

    fn container<'p, 't>(
        &mut self,
        base: Base<&'p Container<'t>>,
        ours: &'p Container<'t>,
        theirs: &'p Container<'t>,
    ) -> MergedContainer<'p, 't> {
        self.has_mixed_styles |= ours.flow != theirs.flow;
        let has_theirs_new_style = base.known().is_some_and(|base| base.flow == ours.flow);
        let like = match ours.flow != theirs.flow && has_theirs_new_style {
            true => theirs,
            false => ours,
        };
        let was_below_stream = std::mem::replace(&mut self.is_below_stream, true);
        let entries = match ours.kind {
            Collection::Mapping => self.mapping(base, ours, theirs),
            Collection::Sequence => self.sequence(base, ours, theirs),
        };
        self.is_below_stream = was_below_stream;
        let close = self.text(base.then(|base| Some(base.close)), ours.close, theirs.close);
        MergedContainer {
            like,
            entries,
            close,
        }
    }
}

fn whole<'p, 't>(side: SideName, piece: &'p Piece<'t>) -> MergedPiece<'p, 't> {
    MergedPiece {
        key: &piece.key,
        lead: Cow::Borrowed(piece.lead),
        in_ours: (side == SideName::Ours).then_some(piece.index),
        in_theirs: (side == SideName::Theirs).then_some(piece.index),
        content: Content::Whole(side, piece),
    }
}

/// Whether both have the same text and, where that has aliases, the same content.
fn is_alike(left: &Piece<'_>, right: &Piece<'_>) -> bool {
    left.text == right.text && left.hash == right.hash
}

fn scalar<'t>(piece: &Piece<'t>) -> Option<&'t str> {
    match piece.body {
        Body::Scalar(text) => Some(text),
        Body::Container(_) => None,
    }
}
