//! A text that is parsed as a document of its own, and how its positions map to the file.

use std::cell::Cell;
use std::ops::Range;

use crate::source_map::SourceMap;

/// A text in a file, or one that the file refers to.
#[derive(Clone)]
pub(crate) struct TextFrame {
    /// The parsed text.
    text: String,
    origin: FrameOrigin,
    /// The path to the text.
    path: Vec<String>,
}

/// Where a text is in the file.
#[derive(Clone)]
enum FrameOrigin {
    /// It is the value of a scalar, which is written as `source` at `start`.
    Scalar {
        source: String,
        start: usize,
        /// How far the text and the source were compared.
        compared: Cell<Option<(usize, usize)>>,
    },
    /// It is the whole file.
    File,
    /// It is elsewhere: all of it is found at this place.
    At(Range<usize>),
}

impl TextFrame {
    /// The value of a scalar.
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

    /// A whole file.
    pub(crate) fn of_file(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            origin: FrameOrigin::File,
            path: Vec::new(),
        }
    }

    /// A text that is not in the file as it is, with the place that brings it in.
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

    /// The place in the file of a place in the text.
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

    /// The path in the file of a path in the text.
    pub(crate) fn path(&self, inner: Vec<String>) -> Vec<String> {
        match &self.origin {
            FrameOrigin::At(_) => self.path.clone(),
            _ => self.path.iter().cloned().chain(inner).collect(),
        }
    }
}
