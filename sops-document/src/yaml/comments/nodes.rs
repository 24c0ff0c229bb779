//! Which node of the tape takes a group of comments, and where SOPS lists it.

use std::ops::Range;

use super::groups::{Group, Part};
use super::tokens::{Event, Step, Tokens};
use crate::{Collection, Item};

/// In which order SOPS lists comments that belong before the same item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Those of the collection that starts before it.
    Collection,
    /// Below the value before it.
    ValueFoot,
    /// Below the entry before it.
    EntryFoot,
    /// All others, as they are met.
    Rest,
}

/// A comment and the item that it belongs before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) before: u32,
    pub(super) rank: Rank,
    /// Its index.
    pub(super) comment: u32,
    /// Whether Go's library loses it.
    pub(super) lost: bool,
}

/// A comment of a collection in a sequence: SOPS lists it in the sequence but, where an alias stands for the collection,
/// in the collection.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfItem {
    /// The index of the collection's `Open`.
    pub(super) open: u32,
    /// Whether it comes after the collection's items.
    pub(super) is_foot: bool,
    pub(super) comment: u32,
}

/// Where all comments belong.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// In the order of the tape.
    pub(super) places: Vec<Place>,
    /// By collection.
    pub(super) of_items: Vec<OfItem>,
}

/// Gives each group to a node.
pub(super) fn assign(tape: &[Item<'_>], tokens: &Tokens) -> Places {
    let mut parser = Parser {
        tape,
        groups: &tokens.groups,
        next: 0,
        met: Met::default(),
        discarded: Vec::new(),
        above_dash: 0,
        frames: Vec::new(),
        out: Places::default(),
    };
    for step in &tokens.steps {
        parser.step(*step);
    }
    parser.finish();
    let Places {
        mut places,
        mut of_items,
    } = parser.out;
    places.sort_by_key(|place| (place.before, place.rank));
    of_items.sort_by_key(|of_item| (of_item.open, of_item.is_foot));
    Places { places, of_items }
}

/// Groups that no node has taken yet, as indexes of comments.
#[derive(Debug, Default)]
struct Met {
    head: Vec<Range<u32>>,
    line: Vec<Range<u32>>,
    foot: Vec<Range<u32>>,
}

impl Met {
    /// All of them in the order of the text.
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
    /// The places of the comments that are below the present entry: below its key or, if nothing is, below its value.
    foot: Range<usize>,
    /// Whether the present entry is a `sops` block.
    is_block: bool,
}

struct Parser<'t, 'a> {
    tape: &'t [Item<'a>],
    groups: &'t [Group],
    next: usize,
    met: Met,
    /// What is lost wherever it stands.
    discarded: Vec<Range<u32>>,
    /// How many head groups stand above the `-` that was the last token.
    above_dash: usize,
    frames: Vec<Frame>,
    out: Places,
}

impl Parser<'_, '_> {
    fn step(&mut self, step: Step) {
        let above_dash = std::mem::take(&mut self.above_dash);
        match step.event {
            Event::Pass => self.meet(step.at, false),
            Event::Dash => {
                self.meet(step.at, false);
                self.above_dash = self.met.head.len();
            }
            Event::Key(value) => {
                self.meet(step.at, false);
                self.key(value);
            }
            Event::Reserved(before) => {
                self.meet(step.at, false);
                self.block(before);
            }
            Event::Node(node) => {
                self.meet(step.at, false);
                let Met { head, line, foot } = self.take();
                self.put(node, Rank::Rest, head);
                self.put(node, Rank::Rest, line);
                self.put_entry_foot(self.after(node), Rank::ValueFoot, foot);
            }
            Event::Enter(open) => {
                self.meet(step.at, false);
                self.enter(open, above_dash);
            }
            Event::EnterUnseen(open) => self.push_frame(open),
            Event::Leave(open) => self.leave(open, step.at),
            Event::LeaveUnseen(_) => {
                self.frames.pop();
            }
            Event::DocumentEnd(end) => {
                self.meet(step.at, false);
                self.end_document(end);
            }
        }
    }

    /// The token at `at` receives groups. A head waits for a token that does not end a block collection, and what comes
    /// after it waits with it.
    fn meet(&mut self, at: u32, ends_block: bool) {
        while let Some(group) = self.groups.get(self.next) {
            if group.from > at || ends_block && group.part == Part::Head {
                break;
            }
            let met = match group.part {
                Part::Head => &mut self.met.head,
                Part::Line => &mut self.met.line,
                Part::Foot => &mut self.met.foot,
                Part::Lost => &mut self.discarded,
            };
            met.push(group.comments.clone());
            self.next += 1;
        }
    }

    fn take(&mut self) -> Met {
        std::mem::take(&mut self.met)
    }

    fn put(&mut self, before: u32, rank: Rank, groups: Vec<Range<u32>>) {
        let discarded = std::mem::take(&mut self.discarded);
        if !discarded.is_empty() {
            self.put_lost(before, rank, discarded);
        }
        let comments = groups.into_iter().flatten();
        self.out.places.extend(comments.map(|comment| Place {
            before,
            rank,
            comment,
            lost: false,
        }));
    }

    /// Puts what Go's library loses where it stands.
    fn put_lost(&mut self, before: u32, rank: Rank, groups: Vec<Range<u32>>) {
        let first = self.out.places.len();
        self.put(before, rank, groups);
        self.lose(first..self.out.places.len());
    }

    fn lose(&mut self, places: Range<usize>) {
        for place in &mut self.out.places[places] {
            place.lost = true;
        }
    }

    /// Puts a foot of the present entry, which has room for one; a value keeps its own beside that of the key.
    fn put_entry_foot(&mut self, before: u32, rank: Rank, foot: Vec<Range<u32>>) {
        let first = self.out.places.len();
        self.put(before, rank, foot);
        let places = first..self.out.places.len();
        if let Some(frame) = self.frames.last_mut()
            && frame.foot.is_empty()
        {
            frame.foot = places;
        }
    }

    /// Puts what is below an entry but comes with what follows: it takes the place of the entry's foot.
    fn put_late_foot(&mut self, replaced: Range<usize>, before: u32, foot: Vec<Range<u32>>) {
        if !foot.is_empty() {
            self.lose(replaced);
        }
        self.put(before, Rank::EntryFoot, foot);
    }

    /// The end of a document has no line comment, and what is above it is its foot if nothing else is.
    fn end_document(&mut self, end: u32) {
        let Met { head, line, foot } = self.take();
        let first = self.out.places.len();
        if foot.is_empty() {
            self.put(end, Rank::Rest, head);
        } else {
            self.put_lost(end, Rank::Rest, head);
        }
        self.put_lost(end, Rank::Rest, line);
        self.put(end, Rank::Rest, foot);
        self.out.places[first..].sort_by_key(|place| place.comment);
    }

    fn key(&mut self, value: u32) {
        let Met { head, line, foot } = self.take();
        let after = self.after(value);
        let Some(frame) = self.frames.last_mut() else {
            return self.put(value, Rank::Rest, [foot, head, line].concat());
        };
        let is_block = std::mem::take(&mut frame.is_block);
        let of_previous = std::mem::take(&mut frame.foot);
        let is_first = value == frame.open + 1 && !is_block;
        // In block style, what is below and left of an entry comes with the key of the next one.
        let below_previous = !frame.flow && !is_first;
        match (below_previous, is_block) {
            (true, true) => self.put(value, Rank::Rest, foot),
            (true, false) => self.put_late_foot(of_previous, value, foot),
            (false, _) => self.put_entry_foot(after, Rank::EntryFoot, foot),
        }
        self.put(value, Rank::Rest, head);
        self.put(value, Rank::Rest, line);
    }

    fn block(&mut self, before: u32) {
        let Met { head, line, foot } = self.take();
        let previous = self.frames.last_mut().and_then(|frame| {
            frame.is_block = true;
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
            let Met { head, line, foot } = self.take();
            self.put_of_collection(open, head);
            // These two are overwritten when the collection ends.
            self.put_lost(open + 1, Rank::Collection, [line, foot].concat());
        } else if above_dash > 0 {
            let rest = self.met.head.split_off(above_dash.min(self.met.head.len()));
            let head = std::mem::replace(&mut self.met.head, rest);
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
                is_block: false,
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
        let Met { head, line, foot } = self.take();
        let close = self.after(open) - 1;
        match (frame.flow, frame.is_block) {
            (true, _) => self.put_below_collection(open, close, foot),
            (false, true) => self.put(close, Rank::Rest, foot),
            (false, false) => self.put_late_foot(frame.foot, close, foot),
        }
        self.put_of_collection(open, line);
        self.put_lost(close, Rank::Rest, head);
    }

    /// Puts what is above or behind a collection.
    fn put_of_collection(&mut self, open: u32, groups: Vec<Range<u32>>) {
        if self.is_item() {
            self.repeat(open, false, &groups);
            self.put(open, Rank::Rest, groups);
        } else {
            self.put(open + 1, Rank::Collection, groups);
        }
    }

    /// Puts what is below a flow collection.
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
        self.out.of_items.extend(comments.map(|comment| OfItem {
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

    /// What is left is lost, as it has no node: it goes to the end of the last document.
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
