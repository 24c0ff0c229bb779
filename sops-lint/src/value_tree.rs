//! The values of a tree of settings, such as Helm values or a Compose file, with the secrets in
//! them.

use std::collections::HashSet;
use std::ops::Range;

use sops_document::{NodeRef, Shape};

use crate::secret_detection::{FoundSecret, KeyName, in_text, in_words};

/// Keys of lists that are commands, even without flags.
const COMMANDS: [&str; 4] = ["command", "args", "entrypoint", "test"];

/// The length in bytes up to which a string is checked for each of its aliases.
const LONGEST: usize = 1_000;

/// A value of a tree.
pub(crate) struct TreeValue<'d, 'a> {
    /// The key of the mapping or list that the value is in; empty at the top.
    pub(crate) parent: &'d str,
    /// The name by which the value is judged: its key, the key of its list, or the `name` next to
    /// `value`.
    pub(crate) key: &'d str,
    pub(crate) node: NodeRef<'d, 'a>,
    pub(crate) secrets: Vec<FoundSecret>,
}

/// The scalars below a node that has a key and a parent, except in nodes that `is_skipped`
/// excludes.
pub(crate) fn values<'d, 'a>(
    (parent, key): (&'d str, &'d str),
    top: NodeRef<'d, 'a>,
    is_skipped: impl Fn(NodeRef<'d, 'a>) -> bool,
) -> Vec<TreeValue<'d, 'a>> {
    let mut values = Vec::new();
    // Aliases may repeat a part of the tree any number of times.
    let mut seen = HashSet::new();
    let mut open = vec![(parent, key, KeyName::No, top)];
    while let Some((parent, key, key_name, node)) = open.pop() {
        let key_name = key_name.below(key, node);
        let of_values = |mut secrets: Vec<FoundSecret>| {
            secrets.retain(|secret| key_name.allows(secret.likeness));
            secrets
        };
        if node.shape() == Shape::Scalar {
            let text = new_text(node, &mut seen);
            let secrets = of_values(in_text(key, text));
            values.push(TreeValue {
                parent,
                key,
                node,
                secrets,
            });
            continue;
        }
        if is_reference(key, node) || is_skipped(node) || !seen.insert(node.origin().span()) {
            continue;
        }
        match list_of_texts(key, node, &mut seen) {
            Some(words) => values.extend(words.into_iter().map(|(node, secrets)| TreeValue {
                parent,
                key,
                node,
                secrets: of_values(secrets),
            })),
            None => {
                open.extend(node.items().map(|item| (parent, key, key_name, item)));
                open.extend(named_entries(key, node).map(|(parent, key, child)| {
                    let key_name = key_name.of_entry(node, key);
                    (parent, key, key_name, child)
                }));
            }
        }
    }
    values
}

/// The scalars below a node that has this key, each with the name that it is judged by.
pub(crate) fn scalars<'d, 'a>(
    key: &'d str,
    top: NodeRef<'d, 'a>,
) -> Vec<(&'d str, NodeRef<'d, 'a>)> {
    let mut scalars = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(key, top)];
    while let Some((key, node)) = open.pop() {
        let mut is_new = || seen.insert(node.origin().span());
        if node.shape() == Shape::Scalar {
            scalars.push((key, node));
        } else if !is_reference(key, node) && is_new() {
            let begin = open.len();
            open.extend(node.items().map(|item| (key, item)));
            open.extend(named_entries(key, node).map(|(_, key, child)| (key, child)));
            // The stack yields them in the order of the text.
            open[begin..].reverse();
        }
    }
    scalars
}

/// Whether the value of this key contains the name of a Secret and of a key in it.
fn is_reference(key: &str, node: NodeRef<'_, '_>) -> bool {
    node.shape() == Shape::Mapping && key.ends_with("KeyRef")
}

/// The text of a scalar; empty for a repeated alias of a long text.
fn new_text<'d>(node: NodeRef<'d, '_>, seen: &mut HashSet<Range<usize>>) -> &'d str {
    let text = node.scalar_text().unwrap_or_default();
    let (span, origin) = (node.span(), node.origin().span());
    let is_repeated = text.len() > LONGEST && span != origin && !seen.insert(origin);
    if is_repeated { "" } else { text }
}

/// The entries of a mapping. In a mapping with `name` and `value`, the value has that name.
fn named_entries<'d, 'a>(
    parent: &'d str,
    mapping: NodeRef<'d, 'a>,
) -> impl Iterator<Item = (&'d str, &'d str, NodeRef<'d, 'a>)> {
    let name = ["name", "key"].into_iter();
    let name = name.filter_map(|key| mapping.get(key)?.as_str()).next();
    mapping.entries().map(move |(key, child)| match key {
        "value" => (parent, name.unwrap_or(key), child),
        key => (parent, key, child),
    })
}

/// The items of a list of strings, each with its secrets: the words of a command line, variables,
/// or values.
fn list_of_texts<'d, 'a>(
    key: &str,
    list: NodeRef<'d, 'a>,
    seen: &mut HashSet<Range<usize>>,
) -> Option<Vec<(NodeRef<'d, 'a>, Vec<FoundSecret>)>> {
    let items: Vec<_> = list.items().collect();
    let is_scalar = |item: &NodeRef<'_, '_>| item.shape() == Shape::Scalar;
    if items.is_empty() || !items.iter().all(is_scalar) {
        return None;
    }
    let texts: Vec<_> = items.iter().map(|item| new_text(*item, seen)).collect();
    let has_flag = texts.iter().any(|text| text.starts_with('-'));
    let secrets = match has_flag || COMMANDS.contains(&key) {
        true => in_words(&texts),
        false => texts.iter().map(|text| in_assignment(text)).collect(),
    };
    let secrets = secrets.into_iter().zip(&texts);
    let secrets = secrets.map(|(secrets, text)| match secrets.is_empty() {
        true => in_text(key, text),
        false => secrets,
    });
    Some(items.into_iter().zip(secrets).collect())
}

/// The secrets in `NAME=value`.
fn in_assignment(text: &str) -> Vec<FoundSecret> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let (name, value) = text.split_once('=').unwrap_or_default();
    if name.is_empty() || !name.chars().all(is_part) {
        return Vec::new();
    }
    let start = text.len() - value.len();
    let mut secrets = in_text(name, value);
    for secret in &mut secrets {
        secret.range = start + secret.range.start..start + secret.range.end;
        secret.name = match secret.name.as_str() {
            "" => name.to_owned(),
            inner => format!("{name}: {inner}"),
        };
    }
    secrets
}
