//! Binds an encrypted value to its key path. The additional data consists of the keys, each
//! followed by a colon. Sequences add nothing, so all items of a list have the additional data of
//! the list. This is what `sops` 3.13 passes to AES-GCM.

use sops_document::{PathId, Paths, ROOT};

/// Replaces the content of `out` with the additional data for a value at `path`. For the top level,
/// that is a single colon.
pub(crate) fn write_additional_data(paths: &Paths<'_>, path: PathId, out: &mut Vec<u8>) {
    out.clear();
    if path == ROOT {
        out.push(b':');
        return;
    }
    let mut length = 0;
    let mut at = path;
    while at != ROOT {
        length += paths.key(at).len() + 1;
        at = paths.parent(at);
    }
    out.resize(length, b':');
    at = path;
    while at != ROOT {
        let key = paths.key(at).as_bytes();
        length -= 1 + key.len();
        out[length..length + key.len()].copy_from_slice(key);
        at = paths.parent(at);
    }
}

#[cfg(test)]
mod tests {
    use sops_document::{Format, Item};

    use super::*;
    use crate::parse_document;

    #[test]
    fn additional_data_is_each_key_followed_by_a_colon() {
        let document = parse_document("a:\n  bé: [x, {c: y}]\n# z\n", Format::Yaml)
            .expect("the text is valid YAML");
        let mut out = Vec::new();
        let mut found = Vec::new();
        for item in document.tape() {
            if let Item::Leaf(leaf) = item {
                write_additional_data(document.paths(), leaf.path, &mut out);
                found.push(String::from_utf8_lossy(&out).into_owned());
            }
        }
        assert_eq!(found, ["a:bé:", "a:bé:c:"]);
        write_additional_data(document.paths(), ROOT, &mut out);
        assert_eq!(out, b":");
    }
}
