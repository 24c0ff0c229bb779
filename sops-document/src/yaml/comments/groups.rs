//! Groups of comments: which of those between two tokens belong together, and to which token.

use std::ops::Range;

use super::tokens::{Columns, Token, TokenKind};
use crate::Span;

/// How many bytes Go's library looks ahead for the next comment.
const LOOK_AHEAD: usize = 512;

/// How a group relates to the node that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupRole {
    /// Above it.
    Head,
    /// After it, on its line.
    Line,
    /// Below it.
    Foot,
    /// After a directive, where Go's library passes over it.
    Lost,
}

/// Comments that go to the same node.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) role: GroupRole,
    /// The first token that starts here or further on receives the group.
    pub(super) from: u32,
    /// Indexes of the comments.
    pub(super) comments: Range<u32>,
}

/// What comes after the comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextToken {
    /// A token, in that column.
    Content(usize),
    /// The bracket that closes a flow collection.
    FlowEnd,
    /// The end of the text.
    End,
}

/// Two neighbouring tokens and the comments between them.
pub(super) struct Gap<'t> {
    pub(super) text: &'t str,
    /// All comments of the text.
    pub(super) comments: &'t [Span],
    /// The indexes of those between the tokens; there is one at least.
    pub(super) here: Range<usize>,
    /// The token before, and the one before that.
    pub(super) last: Token,
    pub(super) previous: Token,
    pub(super) in_flow: bool,
    /// The column of the innermost block collection.
    pub(super) indent: usize,
    /// Where the next token starts.
    pub(super) end: usize,
    pub(super) next: NextToken,
    /// Whether the next token counts as coming after a blank line whatever is before it.
    pub(super) ends_blank: bool,
    /// Where the first line of the text ends.
    pub(super) first_break: usize,
}

/// What the end of a block collection in the gap depends on.
#[derive(Debug)]
pub(super) struct GapLayout {
    /// Where the gap starts, a comment on the line of the token before it left out.
    pub(super) start: usize,
    /// The column and offset of the first comment of each group.
    pub(super) groups: Vec<(usize, usize)>,
    /// How far the last group goes, the break before what follows included if nothing else is between.
    pub(super) reach: usize,
}

impl GapLayout {
    /// That of a gap without comments.
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
        if self.is_behind_token(next) {
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

    /// Whether the comment follows the last token on its line, where it can be that token's.
    fn is_behind_token(&self, comment: usize) -> bool {
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

    /// A comment after a comma is for what precedes the comma, one after a `:` in block style for the key.
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

/// The group that the comments that come next are added to.
struct OpenGroup {
    first: usize,
    start: usize,
    column: usize,
    /// The line that Go's library takes it to start on, counted from the first of the run.
    line: isize,
}

/// Comments that Go's library reads in one go.
struct Run<'r, 't> {
    gap: &'r Gap<'r>,
    first: usize,
    group: Option<OpenGroup>,
    /// No blank line yet since the token before.
    unbroken: bool,
    /// The line on which a group is below that token, counted as [`OpenGroup::line`].
    foot_line: Option<isize>,
    /// Which token a foot is for: the one before the gap or, once there was a group, what comes next.
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
        // Nothing counts as below what is on the first line of the text, or below a `:`.
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

    /// Divides the run; the result is the comment after it.
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

    /// At the first blank line between a comment's `end` and what is `seen` after it, ends the group if it is below the last
    /// token or left of the block.
    fn blank_line(&mut self, until: usize, end: usize, seen: usize, ends_blank: bool) {
        // The byte after a comment ends its line; of CR LF, the second one counts as a blank line.
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

    /// Whether what comes in that column is left of the block and not in line with the group.
    fn is_left(&self, column: usize) -> bool {
        let left = |group: &OpenGroup| column < self.gap.indent && column != group.column;
        self.group.as_ref().is_some_and(left)
    }

    /// Ends the group as a foot. One that is left of the block has nothing to do with the token before.
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

/// How many line breaks the white space at the end of a text has.
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
