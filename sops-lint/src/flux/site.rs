//! The parts of a file that problems may be about.

use std::ops::Range;

use sops_document::NodeRef;

/// A part of a file that a problem may be about.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) span: Range<usize>,
    /// The key path.
    pub(crate) path: Vec<String>,
    /// The kind and name of the object.
    pub(crate) object: Option<String>,
}

/// The index of a [`Site`] in its file.
pub(super) type SiteId = usize;

/// The sites of a file.
#[derive(Debug, Default)]
pub(super) struct Sites(Vec<Site>);

impl Site {
    pub(super) fn of(node: NodeRef<'_, '_>) -> Self {
        Self {
            span: node.span(),
            path: node.path(),
            object: None,
        }
    }
}

impl Sites {
    pub(super) fn all(&self) -> &[Site] {
        &self.0
    }

    pub(super) fn add(&mut self, site: Site) -> SiteId {
        self.0.push(site);
        self.0.len() - 1
    }
}
