//! Sets merged values in the text of one side, if the pieces of both sides do not fit together
//! because both changed the layout around them.

use std::collections::HashSet;

use sops_document::tree::{Entry, Node};
use sops_document::{Collection, Component, Document, Editor, Format, KeyPath};
use zeroize::Zeroizing;

use super::SideName;
use super::comments::{below_key, each_comment, each_comment_inside, each_comment_of_text};
use super::layout;
use super::outline::{Container, Piece, outline};
use super::three_way::{Content, MergedBody, MergedContainer, MergedPiece};
use crate::metadata_entry::parse_document;

/// The total number of bytes that edits may parse: each edit parses the document again.
const MAX_PARSED: usize = 64 * 1024 * 1024;

/// The merged documents, each with the text of a side and the merged values: of the side that
/// `choice` names or, without a choice, of a side that has all merged comments. `None` if neither
/// side has all comments, if that takes too many edits, or if the format cannot express one of the
/// values.
pub(super) fn edited(
    stream: &MergedContainer<'_, '_>,
    ours: &Container<'_>,
    theirs: &Container<'_>,
    format: Format,
    newline: &str,
    choice: Option<SideName>,
) -> Option<Zeroizing<Vec<u8>>> {
    let mut texts = Vec::new();
    for document in &stream.entries {
        texts.push(match &document.content {
            Content::Whole(_, piece) => Zeroizing::new(piece.text.as_bytes().to_vec()),
            Content::Parts { .. } => {
                let text = |container: &Container<'_>, number: Option<usize>| {
                    Some(container.entries.get(number?)?.text.to_owned())
                };
                let ours = Zeroizing::new(text(ours, document.in_ours)?);
                let theirs = Zeroizing::new(text(theirs, document.in_theirs)?);
                edited_document(document, [&ours, &theirs], format, choice)?
            }
        });
    }
    let length = texts.iter().map(|text| text.len() + "---\r\n\r\n".len());
    let mut whole = Zeroizing::new(Vec::with_capacity(
        length.sum::<usize>() + stream.close.len(),
    ));
    for text in texts {
        if !whole.is_empty() && !whole.ends_with(b"\n") {
            whole.extend_from_slice(newline.as_bytes());
        }
        if !whole.is_empty() && layout::document_header(str::from_utf8(&text).ok()?) == 0 {
            whole.extend_from_slice(b"---");
            whole.extend_from_slice(newline.as_bytes());
        }
        whole.extend_from_slice(&text);
    }
    whole.extend_from_slice(stream.close.as_bytes());
    Some(whole)
}

fn edited_document(
    merged: &MergedPiece<'_, '_>,
    [ours, theirs]: [&str; 2],
    format: Format,
    choice: Option<SideName>,
) -> Option<Zeroizing<Vec<u8>>> {
    let ours = parse_document(ours, format).ok()?;
    let theirs = parse_document(theirs, format).ok()?;
    let (in_ours, in_theirs) = (ours.trees().next()?, theirs.trees().next()?);
    let values = node(merged, Some(&in_ours), Some(&in_theirs))?;
    let with_merged_comments = |text: Zeroizing<Vec<u8>>| {
        let text = without_old_comments(merged, text, format)?;
        has_all_comments(merged, &text, format).then_some(text)
    };
    let (on_ours, on_theirs) = (
        || edit(&ours, &in_ours, &values),
        || edit(&theirs, &in_theirs, &values),
    );
    match choice {
        None => on_ours()
            .and_then(with_merged_comments)
            .or_else(|| on_theirs().and_then(with_merged_comments)),
        Some(SideName::Ours) => on_ours(),
        Some(SideName::Theirs) => on_theirs(),
    }
}

/// The text of a document with other values.
fn edit(document: &Document<'_>, from: &Node, to: &Node) -> Option<Zeroizing<Vec<u8>>> {
    let mut edits = Vec::new();
    collect(from, to, &mut Vec::new(), &mut edits);
    if edits.len().saturating_mul(document.text().len()) > MAX_PARSED {
        return None;
    }
    let mut editor = Editor::new(document.text(), document.format()).ok()?;
    for (path, value) in edits {
        match value {
            Some(value) => editor.set(&path, value).map(drop),
            None => editor.unset(&path),
        }
        .ok()?;
    }
    Some(editor.into_bytes())
}

/// Whether `text` has every comment of the merged pieces.
fn has_all_comments(merged: &MergedPiece<'_, '_>, text: &[u8], format: Format) -> bool {
    let Ok(document) = parse_document(text, format) else {
        return false;
    };
    let mut known = HashSet::new();
    let outline = outline(&document);
    let mut add = |comment| {
        known.insert(comment);
    };
    for document in &outline.entries {
        each_comment(document, &mut add);
    }
    each_comment_of_text(outline.close, &mut add);
    let mut has_all = true;
    each_merged_comment(merged, &mut |comment| has_all &= known.contains(comment));
    has_all
}

/// The text without the comment lines that no merged piece has: those of removed entries, which
/// stay when a key is removed, and those that the other side removed.
fn without_old_comments(
    merged: &MergedPiece<'_, '_>,
    text: Zeroizing<Vec<u8>>,
    format: Format,
) -> Option<Zeroizing<Vec<u8>>> {
    let mut known = HashSet::new();
    each_merged_comment(merged, &mut |comment| {
        known.insert(comment.to_owned());
    });
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    {
        let document = parse_document(&**text, format).ok()?;
        let outline = outline(&document);
        for document in &outline.entries {
            copy_piece(document, &known, &mut out);
        }
        copy_lines(outline.close, &known, &mut out);
    }
    Some(Zeroizing::new(std::mem::take(&mut *out).into_bytes()))
}

/// Appends an entry without its lead, and without the comment lines in it that are not `known`.
fn copy_piece(piece: &Piece<'_>, known: &HashSet<String>, out: &mut String) {
    let Some(container) = piece.container().filter(|container| !container.flow) else {
        return out.push_str(piece.text);
    };
    out.push_str(piece.head);
    out.push_str(container.open);
    for entry in &container.entries {
        copy_lines(entry.lead, known, out);
        copy_piece(entry, known, out);
    }
    copy_lines(container.close, known, out);
    out.push_str(piece.tail);
}

/// Appends the text between two values, without comment lines that are not `known`.
fn copy_lines(text: &str, known: &HashSet<String>, out: &mut String) {
    for line in text.split_inclusive('\n') {
        let mut is_old = false;
        if line.trim_start().starts_with(['#', ';']) {
            each_comment_of_text(line, &mut |comment| is_old |= !known.contains(comment));
        }
        if !is_old {
            out.push_str(line);
        }
    }
}

fn each_merged_comment(entry: &MergedPiece<'_, '_>, visit: &mut impl FnMut(&str)) {
    each_comment_of_text(&entry.lead, visit);
    match &entry.content {
        Content::Whole(_, piece) => each_comment_inside(piece, visit),
        Content::Parts { head, body, tail } => {
            each_comment_of_text(below_key(head), visit);
            each_comment_of_text(tail, visit);
            if let MergedBody::Container(container) = body {
                each_comment_of_text(&container.close, visit);
                for entry in &container.entries {
                    each_merged_comment(entry, visit);
                }
            }
        }
    }
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

/// Adds the edits that turn `from` into `to`; `None` as a value removes the entry.
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
