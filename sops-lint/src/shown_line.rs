//! The masked line of a file that a finding or an error shows.

use std::ops::Range;

/// A line of a file, masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The text of the line, or of the part of a long line around the position.
    pub text: String,
    /// The part that the finding or error is about, in bytes of the text.
    pub span: Range<usize>,
}
