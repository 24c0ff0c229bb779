//! Which items of a document its rule selects for encryption.

use crate::document::{Document, Item, Leaf, ROOT};
use crate::error::Result;
use crate::rules::{ActiveComments, CompiledRule};

/// One bool for each item of the tape: whether it is a leaf or comment that is encrypted.
pub(crate) struct Selection(Vec<bool>);

impl Selection {
    /// Walks the document as SOPS walks it.
    pub(crate) fn of(document: &Document<'_>, rule: &CompiledRule) -> Result<Self> {
        let by_path = path_matches(document, rule);
        let mut comments = ActiveComments::new(rule);
        let mut selected = vec![false; document.tape.len()];
        for (index, item) in document.tape.iter().enumerate() {
            match item {
                // For SOPS a document and its mapping are one container.
                Item::Open { path, .. } if *path == ROOT => {}
                Item::Document { .. } | Item::Open { .. } => comments.enter(),
                Item::Close { open } => match &document.tape[*open as usize] {
                    Item::Document { .. } => comments.leave(),
                    Item::Open { path, .. } if *path != ROOT => {
                        comments.leave();
                        comments.passed();
                    }
                    _ => {}
                },
                Item::Alias { .. } => {}
                Item::Comment { path, span } => {
                    let text = document.source(*span);
                    selected[index] = comments.comment(
                        by_path[path.index()],
                        text.strip_prefix('#').unwrap_or(text),
                    );
                }
                Item::Leaf(Leaf { path, .. }) => {
                    selected[index] = comments.value(by_path[path.index()]);
                    comments.passed();
                }
            }
        }
        Ok(Self(selected))
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0[index]
    }
}

/// For each path of the document whether a key on it matches the rule.
fn path_matches(document: &Document<'_>, rule: &CompiledRule) -> Vec<bool> {
    let paths = &document.paths;
    let mut matches = vec![false; paths.len()];
    for id in paths.ids().skip(1) {
        // A parent's index is below its children's.
        matches[id.index()] = matches[paths.parent(id).index()] || rule.key_matches(paths.key(id));
    }
    matches
}
