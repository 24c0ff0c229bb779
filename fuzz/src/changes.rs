//! A change to a document is made as requested and changes nothing else.

use sops_core::document::Error;
use sops_core::tree::{Entry, Node};
use sops_core::{Component, Format, KeyPath, parse_document};

use crate::trees;

/// Makes one change. The first line of `text` is `s` (set) or `u` (unset), then the path, then for
/// `s` the value in JSON. Each digit of the path selects a child or, if it is too large, a child
/// that does not exist. The rest of `text` is the document.
pub fn change(text: &str) {
    let Some((line, text)) = text.split_once('\n') else {
        return;
    };
    let Some(sets) = line.strip_prefix('s') else {
        if let Some(picks) = line.strip_prefix('u') {
            check_unset(text, picks);
        }
        return;
    };
    let picks = sets.trim_start_matches(|pick: char| pick.is_ascii_digit());
    if let Ok(value) = serde_json::from_str(picks) {
        check_set(
            text,
            &sets[..sets.len() - picks.len()],
            &Node::from_json(&value),
        );
    }
}

fn check_set(text: &str, picks: &str, value: &Node) {
    let Ok(document) = parse_document(text, Format::Yaml) else {
        return;
    };
    let mut expected = trees(&document);
    let Some(path) = path(&expected[0], picks) else {
        return;
    };
    match document.set(&path, value) {
        Ok(changed) => {
            assert!(
                put(&mut expected[0], path.components(), value),
                "an impossible change was accepted"
            );
            check(
                changed
                    .as_ref()
                    .map_or(text.as_bytes(), |changed| changed.as_slice()),
                &expected,
            );
        }
        Err(error) => check_refusal(&error),
    }
}

fn check_unset(text: &str, picks: &str) {
    let Ok(document) = parse_document(text, Format::Yaml) else {
        return;
    };
    let mut expected = trees(&document);
    let Some(path) = path(&expected[0], picks) else {
        return;
    };
    match document.unset(&path) {
        Ok(changed) => {
            assert!(
                take(&mut expected[0], path.components()),
                "a missing value was removed"
            );
            check(&changed, &expected);
        }
        Err(error) => check_refusal(&error),
    }
}

fn check(changed: &[u8], expected: &[Node]) {
    let document = parse_document(changed, Format::Yaml).expect("a changed document is valid");
    assert!(
        trees(&document) == expected,
        "the change differs from the request"
    );
}

fn check_refusal(error: &Error) {
    assert!(matches!(
        error,
        Error::Path { .. } | Error::NotFound { .. } | Error::Reserved { .. }
    ));
}

/// The path that the digits select.
fn path(tree: &Node, picks: &str) -> Option<KeyPath> {
    let mut node = Some(tree);
    let component = |pick: u8| {
        let pick = usize::from(pick.wrapping_sub(b'0'));
        let (component, child) = match node {
            Some(Node::Mapping(entries)) => match entries.get(pick) {
                Some(entry) => (Component::Key(entry.key.clone()), Some(&entry.value)),
                None => (Component::Key(format!("new {pick}")), None),
            },
            Some(Node::Sequence(items)) => (Component::Index(pick), items.get(pick)),
            _ if pick % 2 == 0 => (Component::Key(format!("new {pick}")), None),
            _ => (Component::Index(pick), None),
        };
        node = child;
        component
    };
    KeyPath::new(picks.bytes().map(component).collect::<Vec<_>>())
}

/// Sets a value as SOPS does: adds missing keys and items, and replaces a scalar on the path.
/// Returns whether that is possible.
fn put(node: &mut Node, path: &[Component], value: &Node) -> bool {
    let Some((component, rest)) = path.split_first() else {
        *node = value.clone();
        return true;
    };
    if matches!(node, Node::Scalar(_)) {
        *node = match component {
            Component::Key(_) => Node::Mapping(Vec::new()),
            Component::Index(_) => Node::Sequence(Vec::new()),
        };
    }
    let null = || Node::Scalar(None);
    match (node, component) {
        (Node::Mapping(entries), Component::Key(key)) => {
            let at = entries.iter().position(|entry| entry.key == *key);
            let at = at.unwrap_or_else(|| {
                entries.push(Entry {
                    key: key.clone(),
                    value: null(),
                });
                entries.len() - 1
            });
            put(&mut entries[at].value, rest, value)
        }
        (Node::Sequence(items), Component::Index(index)) => {
            if *index >= items.len() {
                items.push(null());
            }
            let at = items.len().saturating_sub(1).min(*index);
            put(&mut items[at], rest, value)
        }
        _ => false,
    }
}

/// Removes the value at a path. Returns whether it existed.
fn take(node: &mut Node, path: &[Component]) -> bool {
    let Some((component, rest)) = path.split_first() else {
        return false;
    };
    match (node, component) {
        (Node::Mapping(entries), Component::Key(key)) => {
            match entries.iter().position(|entry| entry.key == *key) {
                Some(at) if rest.is_empty() => {
                    entries.remove(at);
                    true
                }
                Some(at) => take(&mut entries[at].value, rest),
                None => false,
            }
        }
        (Node::Sequence(items), Component::Index(index)) if *index < items.len() => {
            if rest.is_empty() {
                items.remove(*index);
                return true;
            }
            take(&mut items[*index], rest)
        }
        _ => false,
    }
}
