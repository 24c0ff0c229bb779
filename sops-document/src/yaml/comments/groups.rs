//! Groups the comments between two tokens, and decides which token each group belongs to.

use std::ops::Range;

use super::tokens::{Columns, Token, TokenKind};
use crate::Span;

/// How many bytes Go's library looks ahead for the next comment.
const LOOK_AHEAD: usize = 512;

/// The position of a group relative to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupRole {
    /// Above the node.
    Head,
    /// After the node, on the same line.
    Line,
    /// Below the node.
    Foot,
    /// After a directive, where Go's library ignores it.
    Lost,
}

/// Comments that belong to the same node.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) role: GroupRole,
    /// The first token that starts at or after this offset receives the group.
    pub(super) from: u32,
    /// Indexes of the comments.
    pub(super) comments: Range<u32>,
}

/// What follows the comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextToken {
    /// A token, in this column.
    Content(usize),
    /// The bracket that closes a flow collection.
    FlowEnd,
    /// The end of the text.
    End,
}

/// Two adjacent tokens and the comments between them.
pub(super) struct Gap<'t> {
    pub(super) text: &'t str,
    /// All comments of the text.
    pub(super) comments: &'t [Span],
    /// The indexes of the comments between the tokens, at least one.
    pub(super) here: Range<usize>,
    /// The previous token, and the one before it.
    pub(super) last: Token,
    pub(super) previous: Token,
    pub(super) in_flow: bool,
    /// The column of the innermost block collection.
    pub(super) indent: usize,
    /// Where the next token starts.
    pub(super) end: usize,
    pub(super) next: NextToken,
    /// Whether the next token always counts as coming after a blank line.
    pub(super) ends_blank: bool,
    /// Where the first line of the text ends.
    pub(super) first_break: usize,
}

/// The facts that determine where a block collection ends in the gap.
#[derive(Debug)]
pub(super) struct GapLayout {
    /// Where the gap starts, after a comment on the line of the previous token.
    pub(super) start: usize,
    /// The column and offset of the first comment of each group.
    pub(super) groups: Vec<(usize, usize)>,
    /// The end of the last group. It includes the following line break if nothing else comes before
    /// the next token.
    pub(super) reach: usize,
}

impl GapLayout {
    /// The value for a gap without comments.
    pub(super) fn after(last: Token) -> Self {
        Self {
            start: last.end,
            groups: Vec::new(),
            reach: 0,
        }
    }
}

impl Gap<'_> {
    /// Divides the comments into groups.
    pub(super) fn divide(&self, columns: &mut Columns<'_>, groups: &mut Vec<Group>) -> GapLayout {
        let mut layout = GapLayout::after(self.last);
        let mut next = self.here.start;
        if self.is_after_token(next) {
            groups.push(Group {
                role: GroupRole::Line,
                from: self.line_from() as u32,
                comments: next as u32..next as u32 + 1,
            });
            layout.start = self.span(next).end;
            next += 1;
        }
        while next < self.here.end {
            next = Run::start(self, next, columns, groups, &mut layout).divide();
        }
        layout
    }

    /// Whether the comment follows the last token on its line and can belong to it.
    fn is_after_token(&self, comment: usize) -> bool {
        let start = self.span(comment).start;
        !matches!(self.last.kind, TokenKind::Marker | TokenKind::Dash)
            && start < self.last.end + LOOK_AHEAD
            && self.breaks_before(start) == 0
    }

    /// How many line breaks are between the last token or comment and `at`.
    fn breaks_before(&self, at: usize) -> usize {
        let (text, own) = match self.last.kind {
            TokenKind::OneLine if self.last.end <= at => (&self.text[self.last.end..at], 1),
            _ => (&self.text[..at], 0),
        };
        own + breaks_at_end(text)
    }

    /// The start of the node that a comment on the line belongs to: after a comma, the node before
    /// the comma; after a `:` in block style, the key.
    fn line_from(&self) -> usize {
        match self.last.kind {
            TokenKind::Comma => self.previous.start,
            TokenKind::Colon if !self.in_flow => self.previous.start,
            _ => self.last.start,
        }
    }

    fn span(&self, comment: usize) -> Range<usize> {
        self.comments[comment].range()
    }
}

/// The group that the next comments are added to.
struct OpenGroup {
    first: usize,
    start: usize,
    column: usize,
    /// The line where Go's library sees its start, counted from the first line of the run.
    line: isize,
}

/// Comments that Go's library reads in one run.
struct Run<'r, 't> {
    gap: &'r Gap<'r>,
    first: usize,
    group: Option<OpenGroup>,
    /// Whether there has been no blank line since the previous token.
    unbroken: bool,
    /// The line on which a group counts as below the previous token, counted as in
    /// [`OpenGroup::line`].
    foot_line: Option<isize>,
    /// The token of a foot comment: the one before the gap or, after the first group, the next
    /// token.
    from: usize,
    columns: &'r mut Columns<'t>,
    groups: &'r mut Vec<Group>,
    layout: &'r mut GapLayout,
}

impl<'r, 't> Run<'r, 't> {
    fn start(
        gap: &'r Gap<'r>,
        first: usize,
        columns: &'r mut Columns<'t>,
        groups: &'r mut Vec<Group>,
        layout: &'r mut GapLayout,
    ) -> Self {
        let start = gap.span(first).start;
        let breaks = gap.breaks_before(start);
        let anchor = if gap.last.kind == TokenKind::Comma {
            gap.previous
        } else {
            gap.last
        };
        // The white space after a scalar without a closing mark is read with the scalar.
        let read = match gap.last.kind {
            TokenKind::OpenEnded | TokenKind::OneLine if layout.start == gap.last.end => start,
            _ => layout.start,
        };
        let foot_line = match breaks {
            0 if columns.of(start) > 1 => 2,
            breaks => 1 - breaks as isize,
        };
        // Nothing counts as below text on the first line of the file, or below a `:`.
        let has_foot = read > gap.first_break && anchor.kind != TokenKind::Colon;
        Self {
            gap,
            first,
            group: None,
            unbroken: breaks <= 1,
            foot_line: has_foot.then_some(foot_line),
            from: anchor.start,
            columns,
            groups,
            layout,
        }
    }

    /// Divides the run, and returns the index of the comment after it.
    fn divide(mut self) -> usize {
        let here = self.gap.here.clone();
        for comment in self.first..here.end {
            self.add(comment);
            let end = self.gap.span(comment).end;
            let (at, next) = if comment + 1 == here.end {
                (self.gap.end, self.gap.next)
            } else {
                let at = self.gap.span(comment + 1).start;
                (at, NextToken::Content(self.columns.of(at)))
            };
            let seen = at.min(end + LOOK_AHEAD);
            let ends_blank = self.gap.ends_blank && at == self.gap.end && seen == at;
            self.blank_line(comment + 1, end, seen, ends_blank);
            if seen < at {
                self.close(GroupRole::Head, comment + 1, seen - 1);
                return comment + 1;
            }
            match next {
                NextToken::FlowEnd => self.foot(comment + 1, at),
                NextToken::Content(column) if self.is_left(column) => {
                    self.close(GroupRole::Foot, comment + 1, at);
                }
                _ => {}
            }
        }
        self.close(GroupRole::Head, here.end, self.gap.end.saturating_sub(1));
        here.end
    }

    fn add(&mut self, comment: usize) {
        if self.group.is_some() {
            return;
        }
        let start = self.gap.span(comment).start;
        let column = self.columns.of(start);
        self.layout.groups.push((column, start));
        self.group = Some(OpenGroup {
            first: comment,
            start,
            column,
            // A later group counts as starting on the line of the comment before it.
            line: comment.saturating_sub(self.first + 1) as isize,
        });
    }

    /// At the first blank line between a comment's `end` and the text `seen` after it, ends the
    /// group if it is below the last token or to the left of the block.
    fn blank_line(&mut self, until: usize, end: usize, seen: usize, ends_blank: bool) {
        // The byte after a comment ends its line; of CR LF, the second byte counts as a blank line.
        let space = self.gap.text.get(end + 1..seen).unwrap_or_default();
        let blank = match space.find(['\n', '\r']) {
            Some(found) => end + 1 + found,
            None if ends_blank => seen,
            None => return,
        };
        let is_foot = |group: &OpenGroup| {
            Some(group.line) == self.foot_line || group.column < self.gap.indent
        };
        if self.unbroken && self.group.as_ref().is_some_and(is_foot) {
            self.foot(until, blank);
        }
        self.unbroken = false;
    }

    /// Whether text in this column is to the left of the block and not aligned with the group.
    fn is_left(&self, column: usize) -> bool {
        let left = |group: &OpenGroup| column < self.gap.indent && column != group.column;
        self.group.as_ref().is_some_and(left)
    }

    /// Ends the group as a foot comment. A group to the left of the block does not belong to the
    /// previous token.
    fn foot(&mut self, until: usize, reach: usize) {
        if let Some(group) = &self.group
            && group.column < self.gap.indent
        {
            self.from = group.start;
        }
        self.close(GroupRole::Foot, until, reach);
    }

    /// Ends the group before the comment `until`.
    fn close(&mut self, role: GroupRole, until: usize, reach: usize) {
        let Some(group) = self.group.take() else {
            return;
        };
        let from = match role {
            GroupRole::Foot => self.from,
            _ => group.start,
        };
        self.groups.push(Group {
            role,
            from: from as u32,
            comments: group.first as u32..until as u32,
        });
        self.layout.reach = reach;
        self.from = reach;
    }
}

/// The number of line breaks in the white space at the end of `text`.
fn breaks_at_end(text: &str) -> usize {
    let mut breaks = 0;
    let mut after = None;
    for byte in text.bytes().rev() {
        match byte {
            b' ' | b'\t' => {}
            b'\n' => breaks += 1,
            b'\r' => breaks += usize::from(after != Some(b'\n')),
            _ => break,
        }
        after = Some(byte);
    }
    breaks
}
