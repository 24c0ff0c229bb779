//! Text that is parsed as a document of its own, and how its positions map to the file.

use std::cell::Cell;
use std::ops::Range;

use crate::source_map::SourceMap;

/// Text in a file, or text that the file refers to.
#[derive(Clone)]
pub(crate) struct TextFrame {
    /// The parsed text.
    text: String,
    origin: FrameOrigin,
    /// The path to the text.
    path: Vec<String>,
}

/// The position of the text in the file.
#[derive(Clone)]
enum FrameOrigin {
    /// The text is the value of a scalar, whose source text is `source` at `start`.
    Scalar {
        source: String,
        start: usize,
        /// The position up to which the text and the source were compared.
        compared: Cell<Option<(usize, usize)>>,
    },
    /// The text is the whole file.
    File,
    /// The text is elsewhere: all findings in it have this range.
    At(Range<usize>),
}

impl TextFrame {
    /// The frame for the value of a scalar.
    pub(crate) fn of_scalar(text: &str, source: &str, start: usize, path: Vec<String>) -> Self {
        Self {
            text: text.to_owned(),
            origin: FrameOrigin::Scalar {
                source: source.to_owned(),
                start,
                compared: Cell::new(None),
            },
            path,
        }
    }

    /// The frame for a whole file.
    pub(crate) fn of_file(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            origin: FrameOrigin::File,
            path: Vec::new(),
        }
    }

    /// The frame for text that is not literally in the file, with the range that refers to it.
    pub(crate) fn at(text: &str, span: Range<usize>, path: Vec<String>) -> Self {
        Self {
            text: text.to_owned(),
            origin: FrameOrigin::At(span),
            path,
        }
    }

    /// The text that is parsed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Converts a range of the text to a range of the file.
    pub(crate) fn in_file(&self, span: &Range<usize>) -> Range<usize> {
        match &self.origin {
            FrameOrigin::Scalar {
                source,
                start,
                compared,
            } => {
                let mut map = SourceMap::new(source, &self.text);
                if let Some(compared) = compared.get().filter(|(text, _)| *text <= span.start) {
                    map.go_on_from(compared);
                }
                let range = map.range(span);
                compared.set(Some(map.compared()));
                start + range.start..start + range.end
            }
            FrameOrigin::File => span.clone(),
            FrameOrigin::At(span) => span.clone(),
        }
    }

    /// Converts a path in the text to a path in the file.
    pub(crate) fn path(&self, inner: Vec<String>) -> Vec<String> {
        match &self.origin {
            FrameOrigin::At(_) => self.path.clone(),
            _ => self.path.iter().cloned().chain(inner).collect(),
        }
    }
}
