//! The state of a walk through one document.

use std::collections::HashSet;
use std::ops::Range;

use sops_document::NodeRef;

use crate::context::Context;
use crate::frame::TextFrame;

/// The state of a walk through one document.
#[derive(Default)]
pub(super) struct Traversal {
    /// The patches that were already checked, each with the kind of its target: aliases may repeat
    /// a patch endlessly.
    pub(super) patches: HashSet<(Range<usize>, &'static str)>,
    /// The patch files that were already checked, each with the kind of its target.
    pub(super) files: HashSet<(String, &'static str)>,
    /// The range and the path of the text that contains the document, if that is not the whole
    /// file.
    pub(super) outer: Option<(Range<usize>, Vec<String>)>,
    /// How many bytes of patch files were read so far.
    pub(super) read: usize,
    /// Whether the document is the text of a plugin.
    pub(super) is_plugin: bool,
}

impl Traversal {
    /// Whether a patch was not yet checked with that kind of target.
    pub(super) fn is_new(&mut self, node: NodeRef<'_, '_>, kind: &'static str) -> bool {
        self.patches.insert((node.origin().span(), kind))
    }

    /// Makes nodes refer to the document or again to the file itself.
    pub(super) fn frame_nodes(&self, is_within: bool, context: &mut Context<'_>) {
        let outer = self.outer.as_ref().filter(|_| is_within);
        context.set_frame(outer.map(|(span, path)| TextFrame::at("", span.clone(), path.clone())));
    }

    /// The frame for the text of a scalar.
    pub(super) fn frame(
        &self,
        text: &str,
        node: NodeRef<'_, '_>,
        context: &Context<'_>,
    ) -> TextFrame {
        if let Some((span, path)) = &self.outer {
            return TextFrame::at(text, span.clone(), path.clone());
        }
        let span = node.span();
        let source = context.text().get(span.clone()).unwrap_or_default();
        TextFrame::of_scalar(text, source, span.start, node.path())
    }
}
