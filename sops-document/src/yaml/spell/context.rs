//! What surrounds a value that is written, and how the value turned out.

/// What surrounds a scalar in block or flow style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScalarContext {
    /// What it is in.
    pub(crate) container: ParentKind,
    /// The column of the container's keys or dashes, in characters from 0; of no meaning outside of block collections.
    pub(crate) column: usize,
    /// The columns a level is indented by, 2 to 9.
    pub(crate) step: usize,
}

/// What a scalar is directly in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParentKind {
    /// The document itself.
    Document,
    /// A block mapping, as the value of a key.
    Mapping,
    /// A block sequence.
    Sequence,
    /// A flow collection, in which everything stays on one line.
    Flow,
}

impl ScalarContext {
    /// The column in which a collection or the lines of a block scalar begin here.
    pub(crate) fn content_column(self) -> usize {
        match self.container {
            ParentKind::Document | ParentKind::Flow => self.step,
            ParentKind::Mapping => (self.column / self.step + 1) * self.step,
            ParentKind::Sequence => self.column + 2,
        }
    }
}

/// How a value was spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpelledForm {
    /// On the line that it begins on.
    Line,
    /// As a block scalar, or with line breaks in it.
    MultiLine {
        /// The offset in the output after the first line, where a comment of that line has its place. After a header
        /// that ends in `+`, blank lines that follow the value would become part of it.
        first_line_end: usize,
    },
}
