//! Merges three outlines by key path: a change of one side is taken from that side, and different
//! changes of both sides are a conflict.

mod counterparts;
mod identity;
mod item_name;
mod lists;
mod mapping;
mod merged;
mod order;
mod sequence;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

use sops_document::{Collection, Component, KeyPath};

use self::merged::whole;
pub(super) use self::merged::{Content, MergedBody, MergedContainer, MergedPiece};
use super::comments::{
    self, MergedComments, each_comment, each_comment_inside, each_comment_of_text,
};
use super::outline::{Body, Container, Piece};
use super::{Conflict, ConflictKind, SideName};

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
    /// Whether a collection is in lines on one side and in brackets on the other, so that the
    /// pieces of both do not fit together.
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
        recorded: HashSet::new(),
        base: base.known(),
        base_comments: OnceCell::new(),
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
            like_side: SideName::Ours,
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
    recorded: HashSet<Conflict>,
    base: Option<&'c Container<'c>>,
    base_comments: OnceCell<HashSet<&'c str>>,
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
        // A comment can be above and after the same value, and a list can conflict in several
        // positions.
        if self.recorded.insert(conflict.clone()) {
            self.conflicts.push(conflict);
        }
        side
    }

    /// Whether this is a comment of a side that the base does not have, so that it must not be
    /// lost.
    fn is_new_comment(&self, comment: &str) -> bool {
        let known = self.base_comments.get_or_init(|| {
            let mut known = HashSet::new();
            let mut add = |comment| {
                known.insert(comment);
            };
            for document in self.base.iter().flat_map(|base| &base.entries) {
                each_comment(document, &mut add);
            }
            each_comment_of_text(self.base.map_or("", |base| base.close), &mut add);
            known
        });
        !known.contains(comment)
    }

    /// Whether an entry has a new comment.
    fn has_new_comment(&self, piece: &Piece<'_>) -> bool {
        let mut has_new = false;
        each_comment(piece, &mut |comment| {
            has_new |= self.is_new_comment(comment)
        });
        has_new
    }

    /// Whether an entry has a new comment inside, or in the line where it ends.
    fn has_new_comment_inside(&self, piece: &Piece<'_>) -> bool {
        let mut has_new = false;
        each_comment_inside(piece, &mut |comment| {
            has_new |= self.is_new_comment(comment)
        });
        has_new
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

    /// Merges the text of the keys. If both sides changed the anchor, the tag or the spelling of
    /// the key, the text is that of the side whose value is taken: only comments conflict.
    fn head<'t>(
        &mut self,
        base: Base<&Piece<'t>>,
        ours: &Piece<'t>,
        theirs: &Piece<'t>,
        side: SideName,
    ) -> Cow<'t, str> {
        let of_base = base.known().map(|base| base.head);
        let have_comments = [ours, theirs].iter().any(|piece| piece.head.contains('#'));
        let is_change_of_one_side = [ours.head, theirs.head].map(Some).contains(&of_base);
        if have_comments || is_change_of_one_side || ours.head == theirs.head {
            let of_base = base.then(|base| Some(base.head));
            return self.text(of_base, ours.head, theirs.head);
        }
        Cow::Borrowed(match side {
            SideName::Ours => ours.head,
            SideName::Theirs => theirs.head,
        })
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
            columns: [Some(ours.column), Some(theirs.column)],
            content,
        })
    }

    /// Merges an entry that only one side has: the side added it, or the other side removed it. A
    /// changed comment is a change too, as for Git.
    fn one_sided<'p, 't>(
        &mut self,
        base: Base<&'p Piece<'t>>,
        piece: &'p Piece<'t>,
        side: SideName,
    ) -> Option<MergedPiece<'p, 't>> {
        let is_kept = match base {
            Base::Known(None) => true,
            Base::Known(Some(base)) if base.hash == piece.hash && !self.has_new_comment(piece) => {
                false
            }
            _ => self.conflict(ConflictKind::Removed) == side,
        };
        is_kept.then(|| whole(side, piece))
    }

    /// Merges an entry that both sides have and both changed.
    fn parts<'p, 't>(
        &mut self,
        base: Base<&'p Piece<'t>>,
        ours: &'p Piece<'t>,
        theirs: &'p Piece<'t>,
    ) -> Content<'p, 't> {
        let of = |side: SideName| match side {
            SideName::Ours => ours,
            SideName::Theirs => theirs,
        };
        if let (Some(in_ours), Some(in_theirs)) = (ours.container(), theirs.container())
            && in_ours.kind == in_theirs.kind
        {
            let in_base = base.then(Piece::container);
            let in_base = in_base.then(|base| (base.kind == in_ours.kind).then_some(base));
            let had_mixed_styles = self.has_mixed_styles;
            let container = self.container(in_base, in_ours, in_theirs);
            if in_ours.flow != in_theirs.flow
                && let Some(side) = container.only_side(ours, theirs)
                && !self.has_new_comment_inside(of(side.other()))
            {
                self.has_mixed_styles = had_mixed_styles;
                return Content::Whole(side, of(side));
            }
            return Content::Parts {
                head: self.head(base, ours, theirs, container.like_side),
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
        let ends_line = |piece: &Piece<'_>| scalar(piece).map(|text| text.ends_with('\n'));
        if ends_line(ours).is_none() || ends_line(ours) != ends_line(theirs) {
            // The head and the tail depend on the form of the value.
            let loses_comment = self.has_new_comment_inside(of(side.other()));
            let side = match base.known().is_some() && loses_comment {
                true => self.conflict(ConflictKind::Value),
                false => side,
            };
            return Content::Whole(side, of(side));
        }
        let piece = of(side);
        Content::Parts {
            head: self.head(base, ours, theirs, side),
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
        let (like, like_side) = match ours.flow != theirs.flow && has_theirs_new_style {
            true => (theirs, SideName::Theirs),
            false => (ours, SideName::Ours),
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
            like_side,
            entries,
            close,
        }
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
