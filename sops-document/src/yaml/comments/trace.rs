//! The events that Go's parser sees in YAML, and the comments between them, in order.

use super::groups::Group;

/// An event. Indexes refer to the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TraceEvent {
    /// A token that takes no comments.
    Pass,
    /// `-`.
    Dash,
    /// The key of the entry whose value is at this index.
    Key(u32),
    /// The key of a reserved entry before the item at this index.
    Reserved(u32),
    /// The scalar or alias at this index.
    Node(u32),
    /// The collection at this index begins.
    Enter(u32),
    /// The collection at this index begins without a token.
    EnterUnseen(u32),
    /// The collection at this index ends.
    Leave(u32),
    /// The collection at this index ends without a token.
    LeaveUnseen(u32),
    /// The document ends whose container ends before the item at this index.
    DocumentEnd(u32),
}

/// An event and the offset of its token.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceStep {
    pub(super) at: u32,
    pub(super) event: TraceEvent,
}

/// The events in a document and the comments between its tokens.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) steps: Vec<TraceStep>,
    pub(super) groups: Vec<Group>,
}
