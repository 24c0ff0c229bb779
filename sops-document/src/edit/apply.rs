//! Applies a change to the text and checks that the result has the intended meaning.

use zeroize::Zeroizing;

use super::change::Change;
use super::site::Site;
use super::text_edits::{Anchor, TextEdits};
use super::{anchors, block, check, collection, flat, flow};
use crate::error::{Error, Result};
use crate::key_path::KeyPath;
use crate::{Document, Item};

impl Change<'_> {
    /// The text of the document with this change, which the user requested for `path`.
    ///
    /// # Errors
    /// [`Error::Path`] if the text can't be changed there.
    pub(super) fn apply(
        &self,
        document: &Document<'_>,
        path: &KeyPath,
    ) -> Result<Zeroizing<Vec<u8>>> {
        if !self.is_mergeable(document) {
            return Err(Error::Path {
                message: format!(
                    "`{path}` is under the merge key `<<`, which allows only mappings"
                ),
            });
        }
        let mut edits = TextEdits::new(document);
        self.edits(&mut edits)?;
        let text = edits.apply();
        if check::is_changed(&text, document, [self.effect(document)]) {
            return Ok(Zeroizing::new(text.as_bytes().to_vec()));
        }
        Err(Error::Path {
            message: format!(
                "`{path}` cannot be changed without changing the meaning of the text around it; edit the whole file instead"
            ),
        })
    }

    /// Adds the splices for this change.
    pub(super) fn edits(&self, edits: &mut TextEdits<'_, '_>) -> Result<()> {
        let document = edits.document;
        if document.format.is_flat() {
            return flat::edits(self, edits);
        }
        let drop_anchor = anchors::keep_values(self, edits)?;
        match self {
            Self::Create(value) => {
                if let Item::Document { end, .. } = document.tape[0] {
                    block::create(end as usize, value, edits);
                }
            }
            Self::Replace(node, value) => {
                let anchor = if drop_anchor {
                    Anchor::Drop
                } else {
                    Anchor::Keep
                };
                collection::replace(&Site::of(document, *node), value, anchor, edits)?;
            }
            Self::Spell(node, _, text) => edits.replace(Site::of(document, *node).content, *text),
            Self::Append(container, key, value) => {
                collection::append(*container, *key, value, edits)?
            }
            Self::Remove(node) => {
                let site = Site::of(document, *node);
                if site.flow {
                    flow::remove(&site, edits);
                } else {
                    block::remove(&site, edits);
                }
            }
        }
        Ok(())
    }
}
