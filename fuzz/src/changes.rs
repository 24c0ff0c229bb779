//! A change gives the document that has it, and is what it was in all else.

use sops_core::document::Error;
use sops_core::tree::{Entry, Node};
use sops_core::{Component, Format, KeyPath, parse_document};

use crate::trees;

/// Makes one change. The first line of `text` says which: `s` or `u` for set and unset, then the path, a digit a level that
/// picks what is there or, from its end on, something that is not, then the value in JSON. The rest is the document.
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
                "set what cannot be"
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
                "unset what was not there"
            );
            check(&changed, &expected);
        }
        Err(error) => check_refusal(&error),
    }
}

fn check(changed: &[u8], expected: &[Node]) {
    let document = parse_document(changed, Format::Yaml).expect("a changed document is one");
    assert!(
        trees(&document) == expected,
        "changed more, or less, than was asked for"
    );
}

fn check_refusal(error: &Error) {
    assert!(matches!(
        error,
        Error::Path { .. } | Error::NotFound { .. } | Error::Reserved { .. }
    ));
}

/// The path that the digits pick.
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

/// As SOPS sets a value: what is missing is added, and a scalar on the way gives way. Whether it can be.
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

/// Takes away what is at a path. Whether it was there.
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
