//! Locates a part of the `sops` metadata in the text: the metadata is read as a tree, which has no
//! locations.

use sops_document::{Component, Document, Format, KeyPath, Location, NodeRef, ReservedEntry};

use crate::error::Error;
use crate::metadata::METADATA_KEY;
use crate::metadata::flat::name;

/// Adds the location to an error about a part of the metadata.
pub(crate) fn located(error: Error, document: &Document<'_>) -> Error {
    match error {
        Error::Metadata {
            location: None,
            path,
            message,
        } => Error::Metadata {
            location: location(document, path.as_ref()),
            path,
            message,
        },
        Error::NoDataKey {
            message,
            missing,
            damaged: Some(path),
            ..
        } => Error::NoDataKey {
            message,
            missing,
            location: location(document, Some(&path)),
            damaged: Some(path),
        },
        Error::MacMissing { .. } => Error::MacMissing {
            location: location(document, None),
        },
        Error::MacUnreadable { .. } => Error::MacUnreadable {
            location: location(document, Some(&Component::Key("mac".into()).into())),
        },
        other => other,
    }
}

/// Where a part of the metadata is or, if it is missing, its nearest existing parent.
pub(crate) fn location(document: &Document<'_>, path: Option<&KeyPath>) -> Option<Location> {
    let block = document.reserved_entries().first()?;
    let text = &document.text()[block.entry.clone()];
    // The range of an entry to remove may begin before its key.
    let before = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n', ',']).len();
    let part = path.and_then(|path| match document.format().is_flat() {
        true => flat_offset(document, path.components()),
        false => offset(document, block, path.components()),
    });
    let offset = part.unwrap_or(block.entry.start + before);
    Some(Location::of(document.text(), offset))
}

/// The offsets of parts of the metadata, or of their nearest existing parents. Reads the metadata
/// once.
pub(super) fn offsets(document: &Document<'_>, paths: &[&[Component]]) -> Vec<Option<usize>> {
    let entry = match document.reserved_entries().first() {
        Some(entry) if !document.format().is_flat() => entry,
        _ => {
            let paths = paths.iter();
            return paths.map(|path| flat_offset(document, path)).collect();
        }
    };
    let (text, added) = document.reserved_source(entry);
    let Some(parsed) = parse(document, &text) else {
        return vec![None; paths.len()];
    };
    let offset = |path: &&[Component]| offset_in(&parsed, path)?.checked_sub(added);
    let offsets = paths.iter().map(offset);
    let start = entry.value.start;
    offsets.map(|offset| Some(start + offset?)).collect()
}

/// Where the key of the entry at the path is, or that of its nearest existing parent.
fn offset(document: &Document<'_>, entry: &ReservedEntry, path: &[Component]) -> Option<usize> {
    let (text, added) = document.reserved_source(entry);
    let parsed = parse(document, &text)?;
    Some(entry.value.start + offset_in(&parsed, path)?.checked_sub(added)?)
}

/// The metadata as a document of its own.
fn parse<'t>(document: &Document<'_>, text: &'t str) -> Option<Document<'t>> {
    let format = match document.format() {
        Format::Yaml => Format::Yaml,
        _ => Format::Json,
    };
    crate::parse_document(text, format).ok()
}

fn offset_in(parsed: &Document<'_>, path: &[Component]) -> Option<usize> {
    let mut node = parsed.tops().next()??;
    let mut found = None;
    for component in path {
        let next: Option<NodeRef<'_, '_>> = match component {
            Component::Key(key) => node
                .entries()
                .find(|entry| entry.0 == key)
                .map(|entry| entry.1),
            Component::Index(index) => node.items().nth(*index),
        };
        let Some(next) = next else { break };
        node = next;
        found = Some(match component {
            Component::Key(_) => node.key_offset(),
            Component::Index(_) => node.span().start,
        });
    }
    found
}

/// The offset of the first line whose name matches the path, or the longest existing part of it.
fn flat_offset(document: &Document<'_>, path: &[Component]) -> Option<usize> {
    let prefix = match document.format() {
        Format::Dotenv => format!("{METADATA_KEY}_"),
        _ => String::new(),
    };
    let lengths = (1..=path.len()).rev();
    lengths
        .map(|length| format!("{prefix}{}", name(&path[..length])))
        .find_map(|name| line_of(document, &name))
}

fn line_of(document: &Document<'_>, name: &str) -> Option<usize> {
    let mut blocks = document
        .reserved_entries()
        .iter()
        .map(|block| block.value.clone());
    blocks.find_map(|range| {
        let mut at = range.start;
        document.text()[range]
            .split_inclusive('\n')
            .find_map(|line| {
                let start = at + line.len() - line.trim_start().len();
                at += line.len();
                let rest = line.trim_start().strip_prefix(name)?;
                let is_name = rest.starts_with("__") || rest.trim_start().starts_with(['=', ':']);
                is_name.then_some(start)
            })
    })
}

#[cfg(test)]
mod tests {
    use crate::error::Error;
    use crate::keys::age::generate_x25519;
    use crate::keys::{Identities, KeyService};
    use crate::metadata_entry::{parse_document, read};
    use crate::{EncryptedDocument, Encryption, encrypt};
    use sops_document::Format;

    /// The text at the location of the error that opening a changed document returns.
    fn pointed_at(format: Format, plaintext: &str, change: (&str, &str)) -> String {
        let pair = generate_x25519();
        let encryption = Encryption::to([pair.recipient.clone()]);
        let encrypted =
            encrypt(plaintext, format, &encryption).unwrap_or_else(|error| panic!("{error}"));
        let text = encrypted.replace(change.0, change.1);
        assert_ne!(text, encrypted, "{change:?}");
        let identities: &dyn KeyService = &Identities::new();
        let error = EncryptedDocument::parse(&text, format)
            .and_then(|document| document.data_key(identities).map(drop))
            .expect_err("the document is damaged");
        let location = match error {
            Error::Metadata { location, .. } | Error::NoDataKey { location, .. } => location,
            other => panic!("{other}"),
        };
        let rest = &text[location.expect("the error has a location").offset..];
        rest.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    }

    #[test]
    fn a_part_of_the_metadata_is_located_in_every_format() {
        let time = ("lastmodified", "lastmodifyed");
        let enc = ("BEGIN AGE ENCRYPTED", "BEGIN AGE BROKEN");
        for (format, plaintext, change, expected) in [
            (Format::Yaml, "a: b\n", enc, "enc"),
            (
                Format::Yaml,
                "a: b\n",
                ("recipient: ", "recipient: [x]\n          y: "),
                "recipient",
            ),
            (Format::Yaml, "a: b\n", ("age:", "kms: [b]\n    age:"), "b"),
            (
                Format::Yaml,
                "{a: b}\n",
                ("version: ", "version: x"),
                "version",
            ),
            (Format::Json, "{\n\t\"a\": 1\n}\n", enc, ""),
            (Format::Dotenv, "A=b\n", enc, "sops_age__list_0__map_enc"),
            (
                Format::Dotenv,
                "A=b\n",
                ("sops_version=", "sops_version=x"),
                "sops_version",
            ),
            (Format::Ini, "[a]\nb = c\n", enc, "age__list_0__map_enc"),
            // A missing part has no location, so that of the metadata is used.
            (Format::Yaml, "a: b\n", time, "sops"),
            (Format::Dotenv, "A=b\n", time, "sops_age__list_0__map_enc"),
        ] {
            assert_eq!(
                pointed_at(format, plaintext, change),
                expected,
                "{format:?} {change:?}"
            );
        }
    }

    #[test]
    fn of_two_equal_items_the_second_is_located() {
        for (format, text, line, column) in [
            (Format::Dotenv, "sops_mac=x\nA=b\nsops_mac=y\n", 3, 1),
            (Format::Dotenv, "sops_a__map_b=x\nsops_a=y\n", 2, 1),
            (Format::Ini, "[a]\nb=c\n[sops]\nmac=x\nv=1\n mac=y\n", 6, 2),
            (
                Format::Ini,
                "[sops]\nmac=x\n[a]\nb=c\n[sops]\nmac=x\n",
                5,
                1,
            ),
        ] {
            let document = parse_document(text, format).expect(text);
            let error = read(&document).expect_err(text);
            let Error::Metadata { location, .. } = error else {
                panic!("{error}");
            };
            let position = location.map(|at| (at.line, at.column));
            assert_eq!(position, Some((line, column)), "{text}");
        }
    }
}
