//! Reads `.sops-lint.yaml`. Its messages name keys, and never quote a value, which may be a secret in the wrong file.

use std::collections::BTreeMap;

use sops_document::{Document, Format, Location, NodeRef, Shape};
use sops_printable::escaped;

use crate::rule::Severity;
use crate::settings::{Settings, SettingsError};

type Result<T> = std::result::Result<T, SettingsError>;

/// Reads the settings from their only document.
pub(crate) fn parse(text: &[u8]) -> Result<Settings> {
    let yaml = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let is_content = |line: &[u8]| !matches!(line.trim_ascii().first(), None | Some(b'#'));
    if !yaml.split(|byte| *byte == b'\n').any(is_content) {
        return Ok(Settings::default());
    }
    let document =
        Document::parse(yaml, Format::Yaml).map_err(|error| SettingsError(error.to_string()))?;
    let file = SettingsFile(&document);
    let mut settings = Settings::default();
    let mut tops = document.tops().flatten();
    let top = tops.next();
    if let Some(second) = tops.next() {
        return Err(file.fault(second.span().start, "take out the second document"));
    }
    for (key, node) in file.entries(top, "the file")? {
        match key {
            "select" => settings.select = file.texts(key, node)?,
            "ignore" => settings.ignore = file.texts(key, node)?,
            "severity" => settings.severity = file.severities(key, node)?,
            "exclude" => settings.exclude = file.texts(key, node)?,
            "baseline" => settings.baseline = Some(file.text(key, node)?.into()),
            "images" => {
                for (list, node) in file.entries(Some(node), "`images`")? {
                    match list {
                        "public" => settings.images.public = file.texts(list, node)?,
                        "private" => settings.images.private = file.texts(list, node)?,
                        _ => return Err(file.unknown(list, node, "`public` and `private`")),
                    }
                }
            }
            _ => {
                let known = "`select`, `ignore`, `severity`, `exclude`, `images` and `baseline`";
                return Err(file.unknown(key, node, known));
            }
        }
    }
    Ok(settings)
}

struct SettingsFile<'d>(&'d Document<'d>);

impl<'d> SettingsFile<'d> {
    fn fault(&self, offset: usize, message: &str) -> SettingsError {
        let location = Location::of(self.0.text(), offset);
        SettingsError(format!("{location}: {message}"))
    }

    fn unknown(&self, key: &str, node: NodeRef<'d, 'd>, known: &str) -> SettingsError {
        let message = format!("there is no key `{}`, only {known}", escaped(key));
        self.fault(node.key_offset(), &message)
    }

    /// The entries of a mapping that have a value.
    fn entries(
        &self,
        node: Option<NodeRef<'d, 'd>>,
        what: &str,
    ) -> Result<impl Iterator<Item = (&'d str, NodeRef<'d, 'd>)> + use<'d>> {
        if let Some(node) = node.filter(|node| node.shape() != Shape::Mapping && !is_null(*node)) {
            return Err(self.fault(node.span().start, &format!("{what} must be a mapping")));
        }
        let entries = node.into_iter().flat_map(NodeRef::entries);
        Ok(entries.filter(|(_, node)| !is_null(*node)))
    }

    fn text(&self, key: &str, node: NodeRef<'d, 'd>) -> Result<String> {
        node.as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.fault(node.span().start, &format!("`{key}` must be text")))
    }

    fn texts(&self, key: &str, node: NodeRef<'d, 'd>) -> Result<Vec<String>> {
        let wrong = |node: NodeRef<'_, '_>| {
            self.fault(
                node.span().start,
                &format!("`{key}` must be a list of text"),
            )
        };
        if node.shape() != Shape::Sequence {
            return Err(wrong(node));
        }
        let text =
            |item: NodeRef<'d, 'd>| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item));
        node.items().map(text).collect()
    }

    fn severities(&self, key: &str, node: NodeRef<'d, 'd>) -> Result<BTreeMap<String, Severity>> {
        let severity = |(rule, node): (&str, NodeRef<'d, 'd>)| {
            let severity = match node.as_str() {
                Some("error") => Severity::Error,
                Some("warning") => Severity::Warning,
                _ => {
                    let message = "a severity must be `error` or `warning`";
                    return Err(self.fault(node.span().start, message));
                }
            };
            Ok((rule.to_owned(), severity))
        };
        let entries = self.entries(Some(node), &format!("`{key}`"))?;
        entries.map(severity).collect()
    }
}

fn is_null(node: NodeRef<'_, '_>) -> bool {
    node.shape() == Shape::Scalar && node.value().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_without_content_are_the_defaults() {
        let defaults = format!("{:?}", Settings::default());
        for text in [
            "",
            "# nothing yet\n",
            "---\n",
            "\u{feff}",
            "{}",
            "select:\nimages:\n",
        ] {
            let settings =
                parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(format!("{settings:?}"), defaults, "{text:?}");
        }
    }

    #[test]
    fn each_key_is_read() {
        let text = "select: [SL001]\nignore: [SL002]\nseverity: {SL003: warning, SL004: error}\n\
            exclude:\n  - vendor/**\nimages: {public: [a/*], private: [b/*]}\nbaseline: known.json\n";
        let settings = parse(text.as_bytes()).expect("it is valid");
        assert_eq!(settings.select, ["SL001"]);
        assert_eq!(settings.ignore, ["SL002"]);
        assert_eq!(settings.severity["SL003"], Severity::Warning);
        assert_eq!(settings.severity["SL004"], Severity::Error);
        assert_eq!(settings.exclude, ["vendor/**"]);
        assert_eq!(settings.images.public, ["a/*"]);
        assert_eq!(settings.images.private, ["b/*"]);
        assert_eq!(settings.baseline, Some("known.json".into()));
    }

    #[test]
    fn what_is_wrong_has_a_place_and_shows_no_value() {
        for (text, expected) in [
            ("hunter2\n", "line 1, column 1: "),
            ("- hunter2\n", "line 1, column 1: "),
            ("select: [a\n", "line 1, column 9: "),
            (
                "\u{feff}slect: [hunter2]\n",
                "line 1, column 1: there is no key `slect`, only `select`, ",
            ),
            (
                "images:\n  publik: []\n",
                "line 2, column 3: there is no key `publik`, only `public` and `private`",
            ),
            (
                "select: hunter2\n",
                "line 1, column 9: `select` must be a list of text",
            ),
            (
                "exclude: [a, {hunter2: b}]\n",
                "line 1, column 14: `exclude` must be a list of text",
            ),
            (
                "images: hunter2\n",
                "line 1, column 9: `images` must be a mapping",
            ),
            (
                "baseline: [hunter2]\n",
                "line 1, column 11: `baseline` must be text",
            ),
            (
                "severity: [hunter2]\n",
                "line 1, column 11: `severity` must be a mapping",
            ),
            (
                "severity: {SL001: hunter2}\n",
                "line 1, column 19: a severity must be `error` or `warning`",
            ),
            (
                "select: []\n---\nignore: []\n",
                "line 3, column 1: take out the second document",
            ),
        ] {
            let error = parse(text.as_bytes()).expect_err(text).to_string();
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert!(!error.contains("hunter2"), "{text:?}: {error}");
        }
    }
}
