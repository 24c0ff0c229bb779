//! Applies several edits to a document, one after the other.

use zeroize::Zeroizing;

use crate::Document;
use crate::error::Result;
use crate::format::Format;
use crate::key_path::KeyPath;
use crate::tree::Node;

/// A document that is edited in several steps. Each step changes one entry and nothing else.
///
/// Each step parses the document again, so the time grows with the number of steps. To set many
/// entries of a large document, use [`Document::with_entries`].
///
/// ```
/// use sops_document::{Editor, Format};
///
/// let mut editor = Editor::new("replicas: 1   # per zone\nimage: {tag: '1.2'}\n", Format::Yaml)?;
/// editor.set(&r#"["image"]["tag"]"#.parse()?, "1.3")?;
/// editor.set(&r#"["replicas"]"#.parse()?, 2)?;
/// assert_eq!(editor.bytes(), b"replicas: 2   # per zone\nimage: {tag: '1.3'}\n");
/// # Ok::<(), sops_document::Error>(())
/// ```
pub struct Editor {
    bytes: Zeroizing<Vec<u8>>,
    format: Format,
}

impl Editor {
    /// Starts editing `text`.
    ///
    /// # Errors
    /// The errors of [`Document::parse`].
    pub fn new(text: impl Into<Vec<u8>>, format: Format) -> Result<Self> {
        let bytes = Zeroizing::new(text.into());
        Document::parse(&*bytes, format)?;
        Ok(Self { bytes, format })
    }

    /// Sets the value at `path`, like [`Document::set`], and returns whether that changed the text.
    ///
    /// # Errors
    /// The errors of [`Document::set`]. The text is then unchanged.
    pub fn set(&mut self, path: &KeyPath, value: impl Into<Node>) -> Result<bool> {
        let changed = Document::parse(&*self.bytes, self.format)?.set(path, &value.into())?;
        let is_changed = changed.is_some();
        if let Some(bytes) = changed {
            self.bytes = bytes;
        }
        Ok(is_changed)
    }

    /// Removes the entry at `path`, like [`Document::unset`].
    ///
    /// # Errors
    /// The errors of [`Document::unset`]. The text is then unchanged.
    pub fn unset(&mut self, path: &KeyPath) -> Result<()> {
        self.bytes = Document::parse(&*self.bytes, self.format)?.unset(path)?;
        Ok(())
    }

    /// The current text. It is UTF-8 in every format except binary.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The edited text, in memory that is wiped on drop.
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}
