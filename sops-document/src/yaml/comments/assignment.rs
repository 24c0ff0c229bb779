//! Assigns each group of comments to a node, which determines the position of its comments on the
//! tape.

use std::ops::Range;

use super::groups::{Group, GroupRole};
use super::trace::{Trace, TraceEvent, TraceStep};
use crate::{Collection, Item};

/// The order of comments before the same item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Comments of the collection that starts before the item.
    Collection,
    /// Comments below the value before the item.
    ValueFoot,
    /// Comments below the entry before the item.
    EntryFoot,
    /// All other comments, in the order in which they are pending.
    Rest,
}

/// A comment and the item that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CommentPosition {
    pub(super) before: u32,
    pub(super) rank: Rank,
    /// The index of the comment.
    pub(super) comment: u32,
    /// Whether Go's library loses the comment.
    pub(super) lost: bool,
}

/// A comment of a collection in a sequence. It is listed in the sequence, but in an alias's copy of
/// the collection it is listed in the collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ItemComment {
    /// The index of the collection's `Open`.
    pub(super) open: u32,
    /// Whether the comment comes after the collection's items.
    pub(super) is_foot: bool,
    pub(super) comment: u32,
}

/// The positions of all comments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CommentPositions {
    /// The positions in the order of the tape.
    pub(super) positions: Vec<CommentPosition>,
    /// The comments of collections in sequences, sorted by collection.
    pub(super) item_comments: Vec<ItemComment>,
}

/// Assigns each group to a node.
pub(super) fn assign(tape: &[Item<'_>], tokens: &Trace) -> CommentPositions {
    let mut assigner = Assigner::new(tape, tokens);
    assigner.steps(tokens);
    assigner.finish();
    assigner.out.sorted()
}

/// Assigns the groups up to a key at the top level, after which no group is pending.
pub(super) fn assign_before(tape: &[Item<'_>], tokens: &Trace) -> CommentPositions {
    let mut assigner = Assigner::new(tape, tokens);
    assigner.steps(tokens);
    assigner.out
}

/// Assigns the groups after a key in the mapping at the top level, whose index is `top`.
pub(super) fn assign_after(tape: &[Item<'_>], tokens: &Trace, top: u32) -> CommentPositions {
    let mut assigner = Assigner::new(tape, tokens);
    assigner.push_frame(top);
    assigner.steps(tokens);
    assigner.finish();
    assigner.out
}

/// Assigns the groups of a part of the text: after a key in the mapping `top`, and up to a key at
/// the top level unless the part `is_last`.
pub(super) fn assign_part(
    tape: &[Item<'_>],
    tokens: &Trace,
    top: Option<u32>,
    is_last: bool,
) -> CommentPositions {
    let mut assigner = Assigner::new(tape, tokens);
    if let Some(top) = top {
        assigner.push_frame(top);
    }
    assigner.steps(tokens);
    if is_last {
        assigner.finish();
    }
    assigner.out.sorted()
}

impl CommentPositions {
    /// All positions, in the order of the tape.
    pub(super) fn joined(mut self, after: Self) -> Self {
        self.positions.extend(after.positions);
        self.item_comments.extend(after.item_comments);
        self.sorted()
    }

    fn sorted(mut self) -> Self {
        self.positions
            .sort_by_key(|position| (position.before, position.rank));
        self.item_comments
            .sort_by_key(|item_comment| (item_comment.open, item_comment.is_foot));
        self
    }
}

/// Groups that are not assigned yet, as indexes of comments.
#[derive(Debug, Default)]
struct PendingGroups {
    head: Vec<Range<u32>>,
    line: Vec<Range<u32>>,
    foot: Vec<Range<u32>>,
}

impl PendingGroups {
    fn is_empty(&self) -> bool {
        self.head.is_empty() && self.line.is_empty() && self.foot.is_empty()
    }

    /// All groups, in document order.
    fn all(self) -> Vec<Range<u32>> {
        let mut all = [self.head, self.line, self.foot].concat();
        all.sort_by_key(|comments| comments.start);
        all
    }
}

/// An open collection.
struct Frame {
    open: u32,
    kind: Collection,
    flow: bool,
    /// The positions of the comments below the current entry: those below its key, or else those
    /// below its value.
    foot: Range<usize>,
    /// Whether the current entry is a reserved entry.
    is_reserved: bool,
}

struct Assigner<'t, 'a> {
    tape: &'t [Item<'a>],
    groups: &'t [Group],
    next: usize,
    pending: PendingGroups,
    /// Comments that are always lost.
    discarded: Vec<Range<u32>>,
    /// How many head groups are above the `-` if that was the last token.
    above_dash: usize,
    frames: Vec<Frame>,
    out: CommentPositions,
}

impl<'t, 'a> Assigner<'t, 'a> {
    fn new(tape: &'t [Item<'a>], tokens: &'t Trace) -> Self {
        Self {
            tape,
            groups: &tokens.groups,
            next: 0,
            pending: PendingGroups::default(),
            discarded: Vec::new(),
            above_dash: 0,
            frames: Vec::new(),
            out: CommentPositions::default(),
        }
    }

    fn steps(&mut self, tokens: &Trace) {
        for step in &tokens.steps {
            self.step(*step);
        }
    }
}

impl Assigner<'_, '_> {
    fn step(&mut self, step: TraceStep) {
        let above_dash = std::mem::take(&mut self.above_dash);
        // Most tokens have no comments around them.
        if self.has_nothing_for(step.at) {
            match step.event {
                TraceEvent::Pass | TraceEvent::Dash | TraceEvent::Node(_) => return,
                TraceEvent::Key(_) => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.is_reserved = false;
                        frame.foot = 0..0;
                    }
                    return;
                }
                _ => {}
            }
        }
        match step.event {
            TraceEvent::Pass => self.meet(step.at, false),
            TraceEvent::Dash => {
                self.meet(step.at, false);
                self.above_dash = self.pending.head.len();
            }
            TraceEvent::Key(value) => {
                self.meet(step.at, false);
                self.key(value);
            }
            TraceEvent::Reserved(before) => {
                self.meet(step.at, false);
                self.reserved(before);
            }
            TraceEvent::Node(node) => {
                self.meet(step.at, false);
                let PendingGroups { head, line, foot } = self.take();
                self.put(node, Rank::Rest, head);
                self.put(node, Rank::Rest, line);
                self.put_entry_foot(self.after(node), Rank::ValueFoot, foot);
            }
            TraceEvent::Enter(open) => {
                self.meet(step.at, false);
                self.enter(open, above_dash);
            }
            TraceEvent::EnterUnseen(open) => self.push_frame(open),
            TraceEvent::Leave(open) => self.leave(open, step.at),
            TraceEvent::LeaveUnseen(_) => {
                self.frames.pop();
            }
            TraceEvent::DocumentEnd(end) => {
                self.meet(step.at, false);
                self.end_document(end);
            }
        }
    }

    /// Gives groups to the token at `at`. A head comment waits for a token that does not end a
    /// block collection, and the comments after it wait with it.
    fn meet(&mut self, at: u32, ends_block: bool) {
        while let Some(group) = self.groups.get(self.next) {
            if group.from > at || ends_block && group.role == GroupRole::Head {
                break;
            }
            let pending = match group.role {
                GroupRole::Head => &mut self.pending.head,
                GroupRole::Line => &mut self.pending.line,
                GroupRole::Foot => &mut self.pending.foot,
                GroupRole::Lost => &mut self.discarded,
            };
            pending.push(group.comments.clone());
            self.next += 1;
        }
    }

    /// Whether no group is pending or received by the token at `at`.
    fn has_nothing_for(&self, at: u32) -> bool {
        let next = self.groups.get(self.next);
        next.is_none_or(|group| group.from > at)
            && self.pending.is_empty()
            && self.discarded.is_empty()
    }

    fn take(&mut self) -> PendingGroups {
        std::mem::take(&mut self.pending)
    }

    fn put(&mut self, before: u32, rank: Rank, groups: Vec<Range<u32>>) {
        if groups.is_empty() && self.discarded.is_empty() {
            return;
        }
        let discarded = std::mem::take(&mut self.discarded);
        if !discarded.is_empty() {
            self.put_lost(before, rank, discarded);
        }
        let comments = groups.into_iter().flatten();
        self.out
            .positions
            .extend(comments.map(|comment| CommentPosition {
                before,
                rank,
                comment,
                lost: false,
            }));
    }

    /// Leaves comments that Go's library loses where they are.
    fn put_lost(&mut self, before: u32, rank: Rank, groups: Vec<Range<u32>>) {
        let first = self.out.positions.len();
        self.put(before, rank, groups);
        self.lose(first..self.out.positions.len());
    }

    fn lose(&mut self, positions: Range<usize>) {
        for position in &mut self.out.positions[positions] {
            position.lost = true;
        }
    }

    /// Adds a foot comment of the current entry, which can have one; a value keeps its own in
    /// addition to that of the key.
    fn put_entry_foot(&mut self, before: u32, rank: Rank, foot: Vec<Range<u32>>) {
        let first = self.out.positions.len();
        self.put(before, rank, foot);
        let positions = first..self.out.positions.len();
        if let Some(frame) = self.frames.last_mut()
            && frame.foot.is_empty()
        {
            frame.foot = positions;
        }
    }

    /// Adds comments that are below an entry but belong to the next token: they take the position
    /// of the entry's foot comment.
    fn put_late_foot(&mut self, replaced: Range<usize>, before: u32, foot: Vec<Range<u32>>) {
        if !foot.is_empty() {
            self.lose(replaced);
        }
        self.put(before, Rank::EntryFoot, foot);
    }

    /// Puts the pending comments at the end of a document, which has no line comment. A comment
    /// above the end is its foot if there is no other.
    fn end_document(&mut self, end: u32) {
        let PendingGroups { head, line, foot } = self.take();
        let first = self.out.positions.len();
        if foot.is_empty() {
            self.put(end, Rank::Rest, head);
        } else {
            self.put_lost(end, Rank::Rest, head);
        }
        self.put_lost(end, Rank::Rest, line);
        self.put(end, Rank::Rest, foot);
        self.out.positions[first..].sort_by_key(|position| position.comment);
    }

    fn key(&mut self, value: u32) {
        let PendingGroups { head, line, foot } = self.take();
        let after = self.after(value);
        let Some(frame) = self.frames.last_mut() else {
            return self.put(value, Rank::Rest, [foot, head, line].concat());
        };
        let is_reserved = std::mem::take(&mut frame.is_reserved);
        let of_previous = std::mem::take(&mut frame.foot);
        let is_first = value == frame.open + 1 && !is_reserved;
        // In block style, comments below and to the left of an entry belong to the key of the next
        // one.
        let below_previous = !frame.flow && !is_first;
        match (below_previous, is_reserved) {
            (true, true) => self.put(value, Rank::Rest, foot),
            (true, false) => self.put_late_foot(of_previous, value, foot),
            (false, _) => self.put_entry_foot(after, Rank::EntryFoot, foot),
        }
        self.put(value, Rank::Rest, head);
        self.put(value, Rank::Rest, line);
    }

    fn reserved(&mut self, before: u32) {
        let PendingGroups { head, line, foot } = self.take();
        let previous = self.frames.last_mut().and_then(|frame| {
            frame.is_reserved = true;
            let is_below = !frame.flow && before != frame.open + 1;
            is_below.then(|| std::mem::take(&mut frame.foot))
        });
        match previous {
            Some(of_previous) => {
                self.put_late_foot(of_previous, before, foot);
                self.put(before, Rank::Rest, [head, line].concat());
            }
            None => self.put(before, Rank::Rest, [head, line, foot].concat()),
        }
    }

    fn enter(&mut self, open: u32, above_dash: usize) {
        let is_flow = matches!(self.tape[open as usize], Item::Open { flow: true, .. });
        if is_flow {
            let PendingGroups { head, line, foot } = self.take();
            self.put_of_collection(open, head);
            // Go's library overwrites the line and foot comments when the collection ends.
            self.put_lost(open + 1, Rank::Collection, [line, foot].concat());
        } else if above_dash > 0 {
            let rest = self
                .pending
                .head
                .split_off(above_dash.min(self.pending.head.len()));
            let head = std::mem::replace(&mut self.pending.head, rest);
            self.put_of_collection(open, head);
        }
        self.push_frame(open);
    }

    fn push_frame(&mut self, open: u32) {
        if let Item::Open { kind, flow, .. } = self.tape[open as usize] {
            self.frames.push(Frame {
                open,
                kind,
                flow,
                foot: 0..0,
                is_reserved: false,
            });
        }
    }

    fn leave(&mut self, open: u32, at: u32) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.meet(at, !frame.flow);
        if !frame.flow && frame.kind == Collection::Sequence {
            return;
        }
        let PendingGroups { head, line, foot } = self.take();
        let close = self.after(open) - 1;
        match (frame.flow, frame.is_reserved) {
            (true, _) => self.put_below_collection(open, close, foot),
            (false, true) => self.put(close, Rank::Rest, foot),
            (false, false) => self.put_late_foot(frame.foot, close, foot),
        }
        self.put_of_collection(open, line);
        self.put_lost(close, Rank::Rest, head);
    }

    /// Adds comments above or after a collection.
    fn put_of_collection(&mut self, open: u32, groups: Vec<Range<u32>>) {
        if self.is_item() {
            self.repeat(open, false, &groups);
            self.put(open, Rank::Rest, groups);
        } else {
            self.put(open + 1, Rank::Collection, groups);
        }
    }

    /// Adds comments below a flow collection.
    fn put_below_collection(&mut self, open: u32, close: u32, groups: Vec<Range<u32>>) {
        if self.is_item() {
            self.repeat(open, true, &groups);
        }
        match self.frames.last() {
            Some(entry) if entry.foot.is_empty() => {
                self.put_entry_foot(close + 1, Rank::ValueFoot, groups);
            }
            _ => self.put(close, Rank::Rest, groups),
        }
    }

    fn repeat(&mut self, open: u32, is_foot: bool, groups: &[Range<u32>]) {
        let comments = groups.iter().cloned().flatten();
        self.out
            .item_comments
            .extend(comments.map(|comment| ItemComment {
                open,
                is_foot,
                comment,
            }));
    }

    /// Whether the innermost open collection is a sequence.
    fn is_item(&self) -> bool {
        let frame = self.frames.last();
        frame.is_some_and(|frame| frame.kind == Collection::Sequence)
    }

    /// The index after the node at `index`.
    fn after(&self, index: u32) -> u32 {
        match self.tape[index as usize] {
            Item::Open { close, .. } | Item::Alias { close, .. } => close + 1,
            Item::Leaf(_) => index + 1,
            _ => index,
        }
    }

    /// Puts the remaining comments, which have no node and are lost, at the end of the last
    /// document.
    fn finish(&mut self) {
        self.meet(u32::MAX, false);
        let rest = self.take().all();
        let end = self.out_end();
        self.put_lost(end, Rank::Rest, rest);
    }

    fn out_end(&self) -> u32 {
        let last = self.tape.len().saturating_sub(1);
        let is_top = |item: &Item<'_>| match item {
            Item::Close { open } => matches!(self.tape[*open as usize], Item::Open { .. }),
            _ => false,
        };
        match last.checked_sub(1) {
            Some(top) if is_top(&self.tape[top]) => top as u32,
            _ => last as u32,
        }
    }
}
