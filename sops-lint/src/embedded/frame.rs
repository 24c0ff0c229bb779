//! The text of a scalar that is parsed as a document, and how its positions map to the file.

use std::cell::Cell;
use std::ops::Range;

use crate::source_map::SourceMap;

/// A text in a file.
pub(crate) struct Frame {
    /// The parsed text.
    text: String,
    /// The scalar in the file as it is written, and where that begins; a whole file is no scalar.
    source: String,
    start: usize,
    is_scalar: bool,
    /// How far the text and the source were compared.
    compared: Cell<Option<(usize, usize)>>,
    /// How many bytes at the beginning of the text are not in the file.
    added: usize,
    /// The path to the scalar.
    path: Vec<String>,
}

impl Frame {
    /// The value of a scalar.
    pub(crate) fn of_scalar(text: String, source: &str, start: usize, path: Vec<String>) -> Self {
        Self {
            text,
            source: source.to_owned(),
            start,
            is_scalar: true,
            compared: Cell::new(None),
            added: 0,
            path,
        }
    }

    /// A whole file.
    pub(crate) fn of_file(text: String, source: &str) -> Self {
        Self {
            is_scalar: false,
            ..Self::of_scalar(text, source, 0, Vec::new())
        }
    }

    /// The same of a text that begins with a key that is not in the file.
    pub(crate) fn with_key(self, key: &str) -> Self {
        Self {
            added: key.len(),
            ..self
        }
    }

    /// The text that is parsed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The place in the file of a place in the text.
    pub(crate) fn in_file(&self, span: &Range<usize>) -> Range<usize> {
        let mut map = match self.is_scalar {
            true => SourceMap::new(&self.source, &self.text),
            false => SourceMap::of_text(&self.source, &self.text),
        };
        map.skip(self.added);
        if let Some(compared) = self.compared.get().filter(|(text, _)| *text <= span.start) {
            map.go_on_from(compared);
        }
        let range = map.range(span);
        self.compared.set(Some(map.compared()));
        self.start + range.start..self.start + range.end
    }

    /// The path in the file of a path in the text.
    pub(crate) fn path(&self, inner: Vec<String>) -> Vec<String> {
        let inner = inner.into_iter().skip(usize::from(self.added > 0));
        self.path.iter().cloned().chain(inner).collect()
    }
}
