//! Records tokens, the comments between them, and where block collections end.

use std::collections::HashMap;
use std::ops::Range;

use super::groups::{Gap, GapLayout, Group, GroupRole, NextToken};
use super::lexis;
use super::tokens::{Columns, Token, TokenKind};
use super::trace::{Trace, TraceEvent, TraceStep};
use crate::{Collection, Span};

/// What follows a gap.
#[derive(Clone, Copy)]
pub(super) enum Ahead {
    Content,
    /// A reserved entry that will be added, in this column.
    Reserved(usize),
    FlowEnd,
    End,
}

/// The tokens seen so far.
pub(super) struct Recorder<'r, 'a> {
    text: &'a str,
    comments: &'r [Span],
    first_break: usize,
    /// The index of the next comment.
    comment: usize,
    /// The offset of the next comment; `usize::MAX` after the last one.
    comment_start: usize,
    pub(super) last: Token,
    previous: Token,
    pub(super) columns: Columns<'a>,
    /// Whether the innermost open collection is in flow style.
    pub(super) in_flow: bool,
    /// The columns of the open block collections; a sequence in the column of its mapping has none.
    indents: Vec<usize>,
    /// Block collections that have ended, with their columns, until the next token shows where.
    ended: Vec<(u32, Option<usize>)>,
    pub(super) tokens: Trace,
    /// The number of groups before the last step.
    groups_met: usize,
}

impl<'r, 'a> Recorder<'r, 'a> {
    /// Starts at the offset `at`, with room for the tokens of `items` items.
    pub(super) fn new(text: &'a str, comments: &'r [Span], at: usize, items: usize) -> Self {
        let start = Token {
            kind: TokenKind::Marker,
            start: 0,
            end: at,
        };
        Self {
            text,
            comments,
            first_break: lexis::line_end(text, 0),
            comment: 0,
            comment_start: start_of(comments, 0),
            last: start,
            previous: start,
            columns: Columns::new(text, at),
            in_flow: false,
            indents: Vec::new(),
            ended: Vec::new(),
            tokens: Trace {
                // Most items are values, with a key or a dash.
                steps: Vec::with_capacity(2 * items),
                groups: Vec::with_capacity(comments.len()),
            },
            groups_met: 0,
        }
    }

    /// Continues after a key in the first column of the mapping at the top level, without what is
    /// before it.
    pub(super) fn resume(&mut self, key: Token) {
        self.comment = self
            .comments
            .partition_point(|comment| comment.range().start < key.end);
        self.comment_start = start_of(self.comments, self.comment);
        self.last = key;
        self.previous = key;
        self.columns = Columns::new(self.text, key.start);
        self.indents.push(0);
    }

    /// Whether the next comment starts before `at`.
    pub(super) fn has_comment_before(&self, at: usize) -> bool {
        self.comment_start < at
    }

    /// Records that the block collection `open` begins at `at`. Returns its column, and whether it
    /// begins with its own token.
    pub(super) fn enter_block(&mut self, open: u32, kind: Collection, at: usize) -> (usize, bool) {
        self.gap(at, Ahead::Content);
        let column = self.columns.of(at);
        let above = self.indents.last();
        let unseen = kind == Collection::Sequence && above.is_some_and(|above| *above >= column);
        if unseen {
            self.step(at, TraceEvent::EnterUnseen(open));
        } else {
            self.indents.push(column);
            self.step(at, TraceEvent::Enter(open));
        }
        (column, !unseen)
    }

    /// Records that the block collection `open` ends before the next token. `column` is its column
    /// if it has its own tokens.
    pub(super) fn leave_block(&mut self, open: u32, column: Option<usize>) {
        self.ended.push((open, column));
    }

    /// Records that a reserved entry will be added at `at`, before the item at `index`.
    pub(super) fn future_reserved(&mut self, at: usize, ahead: Ahead, index: usize) {
        self.gap(at, ahead);
        // The text at this offset will follow the entry.
        self.step(at.saturating_sub(1), TraceEvent::Reserved(index as u32));
        self.previous = self.last;
        self.last = Token {
            kind: TokenKind::Other,
            start: at,
            end: at,
        };
    }

    /// Records a token, after the comments before it.
    pub(super) fn token(&mut self, kind: TokenKind, start: usize, end: usize, event: TraceEvent) {
        self.gap(start, Ahead::Content);
        // Nothing waits for a colon unless comments come before it.
        if kind != TokenKind::Colon || self.tokens.groups.len() > self.groups_met {
            self.step(start, event);
        }
        self.previous = self.last;
        self.last = Token { kind, start, end };
        self.inner_comments(start, end);
    }

    /// Records the comments within a token: after the header of a block scalar, where they belong
    /// to the scalar, or on a directive's line.
    fn inner_comments(&mut self, start: usize, end: usize) {
        if self.comment_start >= end {
            return;
        }
        let here = self.comments_before(end);
        let comments = here.start as u32..here.end as u32;
        if !comments.is_empty() {
            let role = match self.last.kind {
                TokenKind::Marker => GroupRole::Lost,
                _ => GroupRole::Line,
            };
            self.tokens.groups.push(Group {
                role,
                from: start as u32,
                comments,
            });
        }
    }

    /// Records an event at `at`.
    pub(super) fn step(&mut self, at: usize, event: TraceEvent) {
        let at = at as u32;
        self.tokens.steps.push(TraceStep { at, event });
        self.groups_met = self.tokens.groups.len();
    }

    /// Divides the comments between the last token and the one at `at`, and determines where block
    /// collections end.
    pub(super) fn gap(&mut self, at: usize, ahead: Ahead) {
        if self.comment_start >= at && self.ended.is_empty() {
            return;
        }
        let here = self.comments_before(at);
        let column = match ahead {
            Ahead::Reserved(column) => column,
            _ => self.columns.of(at),
        };
        let mut layout = GapLayout::after(self.last);
        if !here.is_empty() {
            let gap = Gap {
                text: self.text,
                comments: self.comments,
                here,
                last: self.last,
                previous: self.previous,
                in_flow: self.in_flow,
                indent: self.indents.last().copied().unwrap_or(0),
                end: at,
                next: match ahead {
                    Ahead::FlowEnd => NextToken::FlowEnd,
                    Ahead::End => NextToken::End,
                    _ => NextToken::Content(column),
                },
                ends_blank: match ahead {
                    Ahead::End => true,
                    Ahead::Reserved(_) => self.adds_blank_line(at),
                    _ => false,
                },
                first_break: self.first_break,
            };
            layout = gap.divide(&mut self.columns, &mut self.tokens.groups);
        }
        self.end_blocks(at, column, &layout);
    }

    /// Whether a CR LF is added so that a reserved entry at `at` is on its own line: the LF counts
    /// as a blank line.
    fn adds_blank_line(&self, at: usize) -> bool {
        let is_open = at == self.text.len() && !self.text.ends_with(['\n', '\r']);
        is_open && self.text.contains("\r\n")
    }

    /// Ends the block collections before the token at `at`, in `column`. Each ends at the first
    /// group of comments in its own column or, without such a group, where the collection in it
    /// ended.
    fn end_blocks(&mut self, at: usize, column: usize, layout: &GapLayout) {
        let mut first = HashMap::new();
        if !self.ended.is_empty() {
            for &(column, start) in &layout.groups {
                first.entry(column).or_insert(start);
            }
        }
        let mut position = layout.start.saturating_sub(1);
        let mut by_column = true;
        for (open, indent) in std::mem::take(&mut self.ended) {
            let Some(indent) = indent else {
                self.step(position, TraceEvent::LeaveUnseen(open));
                continue;
            };
            if by_column && indent <= column {
                // The end of the document ends every collection that its column does not end.
                by_column = false;
                position = at.saturating_sub(1);
                if layout.reach < position {
                    first.clear();
                }
            }
            if let Some(&start) = first.get(&indent) {
                position = start;
            }
            self.indents.pop();
            self.step(position, TraceEvent::Leave(open));
        }
    }

    /// Takes the comments that start before `at`.
    fn comments_before(&mut self, at: usize) -> Range<usize> {
        let first = self.comment;
        let comments = self.comments[first..].iter();
        self.comment += comments
            .take_while(|comment| comment.range().start < at)
            .count();
        self.comment_start = start_of(self.comments, self.comment);
        first..self.comment
    }
}

/// The offset of the comment with this index; `usize::MAX` after the last comment.
fn start_of(comments: &[Span], number: usize) -> usize {
    let comment = comments.get(number);
    comment.map_or(usize::MAX, |comment| comment.range().start)
}
