//! Keeps the values of aliases when the node that they refer to changes or is removed.
//!
//! Go's library treats an alias as a copy, so a change to the original does not affect it. The
//! aliases are therefore expanded, and the anchor stays with the changed node. If the node is
//! removed or has many copies, the first alias is expanded and takes over the anchor for the
//! others. An alias whose copy changes in the same way stays.

use std::collections::BTreeMap;
use std::ops::Range;

use super::change::Change;
use super::collection::replace;
use super::path_target::PathTarget;
use super::site::Site;
use super::text_edits::{Anchor, TextEdits};
use crate::error::Result;
use crate::key_path::{Component, KeyPath};
use crate::node_ref::NodeRef;
use crate::{Document, Item};

/// How many nodes the expanded copies of one node may have in total.
const MAX_COPIED: usize = 1000;

/// Expands the aliases of each node that `change` affects, or only the first one. Returns whether
/// the changed node is among the affected nodes, so that its anchor must be dropped.
pub(super) fn keep_values(change: &Change<'_>, edits: &mut TextEdits<'_, '_>) -> Result<bool> {
    let document = edits.document;
    let (changed, _) = change.effect(document);
    let affected = affected(change.node(), &changed, edits);
    let mut loses_anchor = false;
    for (target, aliases) in affected {
        let stays = match change {
            Change::Replace(node, _) | Change::Spell(node, ..) => target <= *node,
            _ => !changed.contains(&target),
        };
        let copied = document.node_items(target).len() * aliases.len();
        let moves = !stays || copied > MAX_COPIED;
        let value = document.tree(target);
        for (number, alias) in aliases.iter().enumerate() {
            let anchor = match &document.tape[*alias] {
                _ if !moves || aliases.len() == 1 => Anchor::Keep,
                Item::Alias { span, .. } if number == 0 => {
                    Anchor::Add(document.source(*span).trim_start_matches('*'))
                }
                _ => break,
            };
            replace(&Site::of(document, *alias), &value, anchor, edits)?;
        }
        if !moves {
            continue;
        }
        loses_anchor |= target == changed.start && !changed.is_empty();
        if !changed.contains(&target)
            && let Some(anchor) = Site::of(document, target).properties.anchor
        {
            edits.remove_property(anchor);
        }
    }
    Ok(loses_anchor)
}

/// The aliased nodes that a change of `node` affects, with their aliases. `changed` are the tape
/// items that are replaced.
fn affected(
    node: usize,
    changed: &Range<usize>,
    edits: &TextEdits<'_, '_>,
) -> BTreeMap<usize, Vec<usize>> {
    let document = edits.document;
    let mut affected: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, target) in edits.aliases() {
        let holds_change =
            target < changed.start && document.node_items(target).contains(&changed.start);
        let is_affected = holds_change || changed.contains(&target);
        if changed.contains(&index) || !is_affected || edits.follows(index, target, node) {
            continue;
        }
        affected.entry(target).or_default().push(index);
    }
    affected
}

impl Document<'_> {
    /// The key paths of the aliases that refer to the value at `path` of the first document, or to
    /// a container that holds it. They keep their values when it changes.
    ///
    /// ```
    /// use sops_document::{Document, Format};
    ///
    /// let document = Document::parse("a: &x 1\nb: [*x]\n", Format::Yaml)?;
    /// assert_eq!(document.copies_of(&r#"["a"]"#.parse()?), [r#"["b"][0]"#]);
    /// # Ok::<(), sops_document::Error>(())
    /// ```
    pub fn copies_of(&self, path: &KeyPath) -> Vec<String> {
        let node = match PathTarget::follow(self, path) {
            PathTarget::Node(node)
            | PathTarget::Alias(node, _)
            | PathTarget::Leaf(node, _)
            | PathTarget::Container(node, _) => node,
            PathTarget::Nothing => return Vec::new(),
        };
        let edits = TextEdits::new(self);
        let aliases = edits.aliases().filter(|(_, target)| {
            *target == node || *target < node && self.node_items(*target).contains(&node)
        });
        aliases.map(|(alias, _)| self.shown_path(alias)).collect()
    }

    /// The path of a node in the form that `set` takes.
    fn shown_path(&self, node: usize) -> String {
        let lineage = NodeRef::new(self, node).lineage();
        let components = lineage.into_iter().skip(1).map(|node| match node.number() {
            Some(number) => Component::Index(number),
            None => Component::Key(node.step()),
        });
        components.map(|component| component.to_string()).collect()
    }
}
