//! Checks that changed text means the same as before, except for the changes.

use std::ops::Range;

use super::change::Effect;
use crate::tree::Node;
use crate::{Collection, Document, Item};

/// Whether `text` has the keys and values of `old`, except for the effects of the changes.
/// `effects` must be in the order of the tape.
pub(super) fn is_changed<'e>(
    text: &str,
    old: &Document<'_>,
    effects: impl IntoIterator<Item = Effect<'e>>,
) -> bool {
    let Ok(new) = Document::parse_with(text.as_bytes(), old.format, old.reserved_key) else {
        return false;
    };
    let mut remaining = RemainingItems {
        document: &new,
        next: 0,
    };
    let mut done = 0;
    effects.into_iter().all(|(changed, node)| {
        let before = std::mem::replace(&mut done, changed.end)..changed.start;
        before.start <= before.end
            && remaining.begins_with(old, before)
            && node.is_none_or(|(key, node)| remaining.begins_with_node(key, node))
    }) && remaining.begins_with(old, done..old.tape.len())
        && remaining.next_item().is_none()
}

/// The unread rest of a tape.
struct RemainingItems<'d, 'a> {
    document: &'d Document<'a>,
    next: usize,
}

impl<'d, 'a> RemainingItems<'d, 'a> {
    /// The next item of the tree. An alias is replaced by the node that it refers to.
    fn next_item(&mut self) -> Option<(usize, &'d Item<'a>)> {
        loop {
            let index = self.next;
            let item = self.document.tape.get(index)?;
            self.next += 1;
            if is_content(self.document, item) {
                return Some((index, item));
            }
        }
    }

    fn begins_with(&mut self, old: &Document<'_>, items: Range<usize>) -> bool {
        items
            .filter(|at| is_content(old, &old.tape[*at]))
            .all(|at| {
                let Some((index, item)) = self.next_item() else {
                    return false;
                };
                let same = match (item, &old.tape[at]) {
                    (Item::Leaf(new), Item::Leaf(old)) => new.value == old.value,
                    (Item::Open { kind: new, .. }, Item::Open { kind: old, .. }) => new == old,
                    (Item::Close { .. }, Item::Close { .. })
                    | (Item::Document { .. }, Item::Document { .. }) => true,
                    _ => false,
                };
                same && self.document.key(index) == old.key(at)
            })
    }

    fn begins_with_node(&mut self, key: Option<&str>, node: &Node) -> bool {
        let Some((index, item)) = self.next_item() else {
            return false;
        };
        if key.is_some_and(|key| key != self.document.key(index)) {
            return false;
        }
        let closes =
            |remaining: &mut Self| matches!(remaining.next_item(), Some((_, Item::Close { .. })));
        match (item, node) {
            (Item::Leaf(leaf), Node::Scalar(value)) => leaf.value == *value,
            (
                Item::Open {
                    kind: Collection::Mapping,
                    ..
                },
                Node::Mapping(entries),
            ) => {
                entries
                    .iter()
                    .all(|entry| self.begins_with_node(Some(&entry.key), &entry.value))
                    && closes(self)
            }
            (
                Item::Open {
                    kind: Collection::Sequence,
                    ..
                },
                Node::Sequence(items),
            ) => items.iter().all(|item| self.begins_with_node(None, item)) && closes(self),
            _ => false,
        }
    }
}

fn is_content(document: &Document<'_>, item: &Item<'_>) -> bool {
    match item {
        Item::Comment { .. } | Item::Alias { .. } => false,
        Item::Close { open } => !matches!(document.tape[*open as usize], Item::Alias { .. }),
        _ => true,
    }
}
