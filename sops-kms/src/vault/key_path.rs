//! The path of a key's requests. A file chooses the engine and the name, so neither may lead to
//! another part of the server's API.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::provider::Outcome;

/// The characters that are escaped in a segment of a path: all except those in RFC 3986, section
/// 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The engine and the name of a key.
#[derive(Clone, Debug)]
pub(super) struct KeyPath {
    engine: String,
    name: String,
}

impl KeyPath {
    /// The engine's path may have several segments, such as a namespace; the name is one.
    ///
    /// # Errors
    ///
    /// The message says which part is invalid.
    pub(super) fn new(engine: &str, name: &str) -> Outcome<Self> {
        let engine = engine.trim_matches('/');
        if !engine.split('/').all(is_segment) {
            return Err("the path of its transit engine is invalid".to_owned());
        }
        if !is_segment(name) || name.contains('/') {
            return Err("its name is invalid".to_owned());
        }
        Ok(Self {
            engine: engine.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The URL path of an operation with the key, from `/v1/`.
    pub(super) fn of(&self, operation: &str) -> String {
        url_path(self.engine.split('/').chain([operation, &*self.name]))
    }

    /// The URL path of the key itself.
    pub(super) fn of_key(&self) -> String {
        self.of("keys")
    }

    /// The path as policies and `vault` write it.
    pub(super) fn words(&self, operation: &str) -> String {
        format!("{}/{operation}/{}", self.engine, self.name)
    }

    pub(super) fn engine(&self) -> &str {
        &self.engine
    }
}

/// Whether the text is a segment of a path that leads to no other path.
pub(super) fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
}

/// The URL path of these segments, from `/v1/`.
pub(super) fn url_path<'a>(segments: impl Iterator<Item = &'a str>) -> String {
    let escaped = segments.map(|segment| utf8_percent_encode(segment, ESCAPED).to_string());
    let escaped: Vec<String> = escaped.collect();
    format!("/v1/{}", escaped.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_part_leads_to_another_path() {
        for (engine, name, path) in [
            ("transit", "k", Some("/v1/transit/encrypt/k")),
            ("ns/a/", "k.1", Some("/v1/ns/a/encrypt/k.1")),
            ("a b", "k?x#y%2f", Some("/v1/a%20b/encrypt/k%3Fx%23y%252f")),
            ("../sys", "k", None),
            ("a/../sys", "k", None),
            ("a//b", "k", None),
            ("", "k", None),
            ("transit", "..", None),
            ("transit", "a/b", None),
            ("transit", "", None),
        ] {
            let given = KeyPath::new(engine, name).ok();
            let given = given.map(|key| key.of("encrypt"));
            assert_eq!(given.as_deref(), path, "{engine} {name}");
        }
    }
}
