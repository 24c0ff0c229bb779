//! Replaces a node, or adds one to a collection, in the style of the collection.

use super::site::Site;
use super::text_edits::{Anchor, TextEdits};
use super::{block, flow, tree_edit};
use crate::Item;
use crate::error::Result;
use crate::format::Format;
use crate::key_path::Component;
use crate::tree::Node;

/// Replaces a node with `new`.
pub(super) fn replace(
    site: &Site,
    new: &Node,
    anchor: Anchor<'_>,
    edits: &mut TextEdits<'_, '_>,
) -> Result<()> {
    if site.flow {
        return flow::replace(site, new, anchor, edits);
    }
    block::replace(site, new, anchor, edits);
    Ok(())
}

/// Appends an entry or item to a container.
pub(super) fn append(
    container: usize,
    key: Option<&str>,
    value: &Node,
    edits: &mut TextEdits<'_, '_>,
) -> Result<()> {
    let document = edits.document;
    let Item::Open { flow, span, .. } = &document.tape[container] else {
        return Ok(());
    };
    if !flow {
        block::append(container, key, value, edits);
        return Ok(());
    }
    let source = document.source(*span);
    let inner = source.get(1..source.len() - 1).unwrap_or_default();
    if document.format == Format::Yaml && inner.trim().is_empty() {
        // An empty collection is `{}` or `[]` even among blocks.
        let component = key.map_or(Component::Index(0), |key| Component::Key(key.to_owned()));
        let node = tree_edit::nest(&[component], value);
        if document.top(0) == Some(container) {
            block::replace_top(span.range(), &node, edits);
            return Ok(());
        }
        let site = Site::of(document, container);
        if !site.flow {
            block::replace(&site, &node, Anchor::Keep, edits);
            return Ok(());
        }
    }
    flow::append(container, key, value, edits)
}
