//! What Go's parser meets in a text, in order: events, and the comments between them.

use super::groups::Group;

/// What the parser meets. Indexes are those of the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TraceEvent {
    /// A token that takes no comments.
    Pass,
    /// `-`.
    Dash,
    /// The key of the entry whose value is at that index.
    Key(u32),
    /// The key of a reserved entry before the item at that index.
    Reserved(u32),
    /// The scalar or alias at that index.
    Node(u32),
    /// The collection at that index begins.
    Enter(u32),
    /// The same, where no token says so.
    EnterUnseen(u32),
    /// The collection at that index ends.
    Leave(u32),
    /// The same, where no token says so.
    LeaveUnseen(u32),
    /// The document ends whose container ends before the item at that index.
    DocumentEnd(u32),
}

/// An event and the offset of its token.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceStep {
    pub(super) at: u32,
    pub(super) event: TraceEvent,
}

/// The events of a text and the comments between its tokens.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) steps: Vec<TraceStep>,
    pub(super) groups: Vec<Group>,
}
