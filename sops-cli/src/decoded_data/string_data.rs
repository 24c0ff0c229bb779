//! Moves the values under `data` of Secrets to `stringData`, decoded. Values that are not text stay
//! under `data`.

use std::collections::HashSet;

use sops_core::document::{Editor, NewEntry, Shape};
use sops_core::tree::Node;
use sops_core::{Component, Format, KeyPath, parse_document};
use sops_lint::secrets;
use zeroize::Zeroizing;

use super::entry::{as_text, entries};

/// The text with decoded Secrets, each of which means the same to Kubernetes.
///
/// # Errors
/// The errors of the parser, and those of edits that the text does not allow.
pub(crate) fn to_string_data(text: &[u8], format: Format) -> sops_core::Result<Zeroizing<Vec<u8>>> {
    if !matches!(format, Format::Yaml | Format::Json) {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    let document = parse_document(text, format)?;
    let source = document.text();
    // Edits change the first document of a stream, so each document is a stream of its own.
    let starts = document.tops().flatten().skip(1).map(|top| {
        let before = &source[..top.span().start];
        before.rfind("\n---").map_or(0, |at| at + 1)
    });
    let mut bounds: Vec<usize> = starts.filter(|start| *start > 0).collect();
    bounds.insert(0, 0);
    bounds.push(source.len());
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    for bound in bounds.windows(2) {
        let part = &source[bound[0]..bound[1]];
        decoded.extend_from_slice(&one_document(part, format)?);
    }
    Ok(decoded)
}

/// A value to move.
struct Move {
    /// The path of the Secret.
    secret: Vec<Component>,
    key: String,
    text: Zeroizing<String>,
    /// Whether `stringData` has the key, and so replaces the value.
    is_replaced: bool,
}

fn one_document(text: &str, format: Format) -> sops_core::Result<Zeroizing<Vec<u8>>> {
    let text = with_renamed_fields(text, format)?;
    let moves = moves(&text, format)?;
    if moves.is_empty() {
        return Ok(Zeroizing::new(text.as_bytes().to_vec()));
    }
    let mut editor = Editor::new(text.as_bytes(), format)?;
    for Move {
        secret,
        key,
        text,
        is_replaced,
    } in &moves
    {
        let path = |field: &str, key: Option<&str>| {
            let last = [Some(field), key].into_iter().flatten();
            let last = last.map(|key| Component::Key(key.to_owned()));
            KeyPath::new(secret.iter().cloned().chain(last))
        };
        let (Some(old), Some(new), Some(data)) = (
            path("data", Some(key)),
            path("stringData", Some(key)),
            path("data", None),
        ) else {
            continue;
        };
        editor.unset(&old)?;
        if !is_replaced {
            editor.set(&new, Node::from(text.as_str()))?;
        }
        let tree = parse_document(editor.bytes(), format)?.to_tree(0);
        if tree.is_some_and(|tree| is_empty(&tree, &data)) {
            editor.unset(&data)?;
        }
    }
    Ok(editor.into_bytes())
}

/// The text in which `data` of a Secret is renamed to `stringData` if all of its values are text
/// and the Secret has no `stringData` yet. The layout stays.
fn with_renamed_fields(text: &str, format: Format) -> sops_core::Result<Zeroizing<String>> {
    let document = parse_document(text, format)?;
    let mut changes = Vec::new();
    let mut renamed = Vec::new();
    let all = entries(&document);
    for secret in secrets(&document) {
        let path = secret.path();
        let own: Vec<_> = all
            .iter()
            .filter(|entry| entry.path.secret == path)
            .collect();
        let texts: Option<Vec<_>> = own
            .iter()
            .map(|entry| {
                let decoded = entry.decoded().filter(|_| entry.is_own())?;
                let text = Node::from(as_text(&decoded)?);
                Some(entry.data.new_entry(&entry.path.key, text))
            })
            .collect();
        if let Some(texts) = texts.filter(|texts| !texts.is_empty())
            && secret.get("stringData").is_none()
        {
            changes.extend(texts);
            renamed.push(path);
        }
    }
    let changes: Vec<&NewEntry> = changes.iter().collect();
    let (decoded, is_set) = document.with_entries(&changes);
    if is_set.contains(&false) {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    let document = parse_document(decoded.as_str(), format)?;
    let mut offsets = Vec::new();
    for secret in secrets(&document) {
        let data = secret.entries().find(|(name, _)| *name == "data");
        if let Some((_, data)) = data.filter(|_| renamed.contains(&secret.path())) {
            let offset = data.key_offset();
            let is_quoted = decoded[offset..].starts_with(['"', '\'']);
            offsets.push(offset + usize::from(is_quoted));
        }
    }
    let mut text = decoded.clone();
    for offset in offsets.into_iter().rev() {
        if text[offset..].starts_with("data") {
            text.replace_range(offset..offset + "data".len(), "stringData");
        }
    }
    Ok(text)
}

/// Whether the mapping at the path has no entries.
fn is_empty(tree: &Node, path: &KeyPath) -> bool {
    let mut node = tree;
    for component in path.components() {
        let next = match (node, component) {
            (_, Component::Key(key)) => node.get(key),
            (Node::Sequence(items), Component::Index(index)) => items.get(*index),
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return false,
        }
    }
    matches!(node, Node::Mapping(entries) if entries.is_empty())
}

/// The values that are text, in the order of the document.
fn moves(text: &str, format: Format) -> sops_core::Result<Vec<Move>> {
    let document = parse_document(text, format)?;
    let mut string_data = HashSet::new();
    for secret in secrets(&document) {
        let field = secret.get("stringData");
        let field = field.filter(|field| field.shape() == Shape::Mapping);
        let keys = field.iter().flat_map(|field| field.entries());
        string_data.extend(keys.map(|(key, _)| (secret.path(), key.to_owned())));
    }
    let moves = entries(&document).into_iter().filter_map(|entry| {
        let decoded = entry.decoded()?;
        let secret = entry.data.lineage();
        let secret = secret.get(secret.len().checked_sub(2)?)?;
        Some(Move {
            secret: secret.components().collect(),
            text: Zeroizing::new(as_text(&decoded)?.to_owned()),
            is_replaced: string_data.contains(&(secret.path(), entry.path.key.clone())),
            key: entry.path.key,
        })
    });
    Ok(moves.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let decoded = to_string_data(text.as_bytes(), Format::Yaml).expect(text);
        String::from_utf8(decoded.to_vec()).expect("the text is UTF-8")
    }

    #[test]
    fn text_is_under_string_data_and_everything_else_stays() {
        let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n";
        for (fields, expected) in [
            ("data:\n  a: YQ==\n", "stringData:\n  a: a\n"),
            (
                "data:\n  a: YQ==\n  b: /w==\n",
                "data:\n  b: /w==\nstringData:\n  a: a\n",
            ),
            (
                "data:\n  a: YQ==\n  b: Yg==\nstringData:\n  b: c\n",
                "stringData:\n  b: c\n  a: a\n",
            ),
            ("data:\n  a: ${A}\n", "data:\n  a: ${A}\n"),
            ("data: {}\n", "data: {}\n"),
            (
                "data:\n  a: YQpiCg==\n",
                "stringData:\n  a: |\n    a\n    b\n",
            ),
        ] {
            assert_eq!(
                decoded(&format!("{head}{fields}")),
                format!("{head}{expected}")
            );
        }
    }

    #[test]
    fn every_document_of_a_stream_is_decoded() {
        let secret = "apiVersion: v1\nkind: Secret\ndata:\n  a: YQ==\n";
        let expected = "apiVersion: v1\nkind: Secret\nstringData:\n  a: a\n";
        let other = "kind: ConfigMap\ndata:\n  a: YQ==\n";
        assert_eq!(
            decoded(&format!("---\n{secret}---\n{other}--- # x\n{secret}")),
            format!("---\n{expected}---\n{other}--- # x\n{expected}")
        );
        let list = "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Secret\n    data: {a: YQ==}\n";
        assert_eq!(
            decoded(list),
            list.replace("data: {a: YQ==}", "stringData: {a: a}")
        );
    }
}
