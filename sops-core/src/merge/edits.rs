//! Sets merged values in the text of one side, if the pieces of both sides do not fit together
//! because both changed the layout around them.

use sops_document::tree::{Entry, Node};
use sops_document::{Collection, Component, Document, Editor, Format, KeyPath};
use zeroize::Zeroizing;

use super::SideName;
use super::three_way::{Content, MergedBody, MergedContainer, MergedPiece};
use crate::metadata_entry::parse_document;

/// Each edit parses the text again, so their number is limited.
const MAX_EDITS: usize = 200;

/// The text of ours with the merged values; `None` if that needs too many edits, or the format has
/// no text for one of the values.
pub(super) fn edited(
    stream: &MergedContainer<'_, '_>,
    ours: &Document<'_>,
    theirs: &Document<'_>,
) -> Option<Zeroizing<Vec<u8>>> {
    let [document] = &stream.entries[..] else {
        return None;
    };
    let (in_ours, in_theirs) = (ours.trees().next()?, theirs.trees().next()?);
    if ours.trees().nth(1).is_some() {
        return None;
    }
    let merged = node(document, Some(&in_ours), Some(&in_theirs))?;
    let mut edits = Vec::new();
    collect(&in_ours, &merged, &mut Vec::new(), &mut edits);
    if edits.len() > MAX_EDITS {
        return None;
    }
    let mut editor = Editor::new(ours.text(), ours.format()).ok()?;
    for (path, value) in edits {
        match value {
            Some(value) => editor.set(&path, value).map(drop),
            None => editor.unset(&path),
        }
        .ok()?;
    }
    let text = editor.into_bytes();
    is_valid(&text, ours.format()).then_some(text)
}

fn is_valid(text: &[u8], format: Format) -> bool {
    parse_document(text, format).is_ok()
}

/// The value of a merged entry. `ours` and `theirs` are those of the sides.
fn node(piece: &MergedPiece<'_, '_>, ours: Option<&Node>, theirs: Option<&Node>) -> Option<Node> {
    let of = |side: SideName| match side {
        SideName::Ours => ours,
        SideName::Theirs => theirs,
    };
    match &piece.content {
        Content::Whole(side, _) => of(*side).cloned(),
        Content::Parts { body, .. } => match body {
            MergedBody::Scalar(side, _) => of(*side).cloned(),
            MergedBody::Container(container) => match container.like.kind {
                Collection::Mapping => {
                    let entries = container.entries.iter().map(|entry| {
                        let child = |node: Option<&'_ Node>| node?.get(entry.key).cloned();
                        let (ours, theirs) = (child(ours), child(theirs));
                        Some(Entry {
                            key: entry.key.to_owned(),
                            value: node(entry, ours.as_ref(), theirs.as_ref())?,
                        })
                    });
                    Some(Node::Mapping(entries.collect::<Option<_>>()?))
                }
                Collection::Sequence => {
                    let child = |node: Option<&Node>, number: Option<usize>| match node? {
                        Node::Sequence(items) => items.get(number?).cloned(),
                        _ => None,
                    };
                    let items = container.entries.iter().map(|item| {
                        let in_ours = child(ours, item.in_ours);
                        let in_theirs = child(theirs, item.in_theirs);
                        node(item, in_ours.as_ref(), in_theirs.as_ref())
                    });
                    Some(Node::Sequence(items.collect::<Option<_>>()?))
                }
            },
        },
    }
}

/// The edits that turn `from` into `to`; `None` as a value removes the entry.
fn collect(
    from: &Node,
    to: &Node,
    path: &mut Vec<Component>,
    edits: &mut Vec<(KeyPath, Option<Node>)>,
) {
    if from == to {
        return;
    }
    let at = |path: &[Component]| KeyPath::new(path.iter().cloned());
    if let (Node::Mapping(entries), Node::Mapping(merged)) = (from, to)
        && (!merged.is_empty() || path.is_empty())
    {
        for entry in merged {
            path.push(Component::Key(entry.key.clone()));
            match from.get(&entry.key) {
                Some(old) => collect(old, &entry.value, path, edits),
                None => edits.extend(at(path).map(|path| (path, Some(entry.value.clone())))),
            }
            path.pop();
        }
        for entry in entries.iter().filter(|entry| to.get(&entry.key).is_none()) {
            path.push(Component::Key(entry.key.clone()));
            edits.extend(at(path).map(|path| (path, None)));
            path.pop();
        }
        return;
    }
    edits.extend(at(path).map(|path| (path, Some(to.clone()))));
}
