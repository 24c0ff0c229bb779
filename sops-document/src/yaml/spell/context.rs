//! The context in which a value is written, and the form of the result.

/// The context of a scalar in block or flow style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScalarContext {
    /// The surrounding container.
    pub(crate) container: ParentKind,
    /// The column of the container's keys or dashes, in characters from 0; unused outside block
    /// collections.
    pub(crate) column: usize,
    /// The number of columns per level, 2 to 9.
    pub(crate) step: usize,
}

/// The direct container of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParentKind {
    /// The document itself.
    Document,
    /// A block mapping, as the value of a key.
    Mapping,
    /// A block sequence.
    Sequence,
    /// A flow collection, where everything stays on one line.
    Flow,
}

impl ScalarContext {
    /// The column in which a collection or the lines of a block scalar begin in this context.
    pub(crate) fn content_column(self) -> usize {
        match self.container {
            ParentKind::Document | ParentKind::Flow => self.step,
            ParentKind::Mapping => (self.column / self.step + 1) * self.step,
            ParentKind::Sequence => self.column + 2,
        }
    }
}

/// The form of a spelled value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpelledForm {
    /// On the line that it begins on.
    Line,
    /// As a block scalar, or with line breaks in it.
    MultiLine {
        /// The offset in the output after the first line, where a comment for that line goes. After
        /// a header that ends in `+`, blank lines after the value would become part of it.
        first_line_end: usize,
    },
}
