//! Files that were encrypted and are in plaintext now, whatever the creation rules say.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use sops_core::document::NodeRef;
use sops_core::{CIPHERTEXT_PREFIX, Document, Format};

use crate::claim::{has_only_comments, has_secret, is_protected_otherwise, text_of};
use crate::encoding::is_utf8;
use crate::finding::Finding;
use crate::linter::{Input, Linter};
use crate::report::Report;
use crate::rules::{PLAINTEXT_SECRET, Scrutiny};
use crate::suppress;

/// What objects are called, which is no secret even in files that are encrypted as a whole.
const NAMES: [&str; 4] = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

/// Parts of file names that say whether a file is encrypted.
const MARKS: [&str; 9] = [
    "enc",
    "encrypted",
    "sops",
    "crypt",
    "dec",
    "decrypted",
    "plain",
    "plaintext",
    "clear",
];

/// An encrypted version of a file.
pub struct Encrypted {
    path: PathBuf,
    format: Format,
    /// The key paths of its encrypted values.
    values: BTreeSet<String>,
    kind: Option<String>,
    /// Whether it stays beside the file.
    stays: bool,
}

/// A file as it is now.
enum Current {
    /// It has no keys.
    Other,
    Encrypted,
    Open {
        /// Where its plaintext values are, by key path.
        values: BTreeMap<String, Range<usize>>,
        kind: Option<String>,
    },
}

impl Current {
    /// Reads a text as a file of that format, or as YAML.
    fn read(text: &str, format: Format) -> Self {
        let has_entries = |document: &Document<'_>| {
            let mut tops = document.tops().flatten();
            tops.any(|top| top.entries().next().is_some())
        };
        let parsed = Document::parse(text, format).or_else(|_| Document::parse_leniently(text));
        let Some(document) = parsed.ok().filter(has_entries) else {
            return Self::Other;
        };
        if document.is_encrypted() {
            return Self::Encrypted;
        }
        let mut values = BTreeMap::new();
        each_value(&document, |path, node| {
            let value = node.scalar_text().unwrap_or_default().trim();
            let is_open = !value.starts_with(CIPHERTEXT_PREFIX) && !Scrutiny::Strict.passes(value);
            if is_open && !NAMES.contains(&path) {
                values.insert(path.to_owned(), node.span());
            }
        });
        let kind = kind(&document);
        Self::Open { values, kind }
    }
}

/// What is in plaintext now.
enum Opened {
    File,
    Value { path: String, span: Range<usize> },
}

impl Encrypted {
    /// Reads a file with the given absolute path. `None`: it is not encrypted.
    pub fn read(path: &Path, bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        if !text.contains(CIPHERTEXT_PREFIX) {
            return None;
        }
        let format = Format::from_path(path);
        let document = Document::parse(text, of_text(format)).ok()?;
        if !document.is_encrypted() {
            return None;
        }
        let mut values = BTreeSet::new();
        each_value(&document, |path, node| {
            let text = node.scalar_text().unwrap_or_default();
            if text.starts_with(CIPHERTEXT_PREFIX) && !NAMES.contains(&path) {
                values.insert(path.to_owned());
            }
        });
        Some(Self {
            path: path.to_owned(),
            format,
            values,
            kind: kind(&document),
            stays: false,
        })
    }

    /// The same as a file that stays encrypted, of which another may be a decrypted copy: then it has all of its keys.
    #[must_use]
    pub fn staying(self) -> Self {
        Self {
            stays: true,
            ..self
        }
    }

    /// What the encrypted form of a file is usually called: `a.enc.yaml` or `a.yaml.enc` for `a.yaml`.
    pub fn usual_names(path: &Path) -> Vec<PathBuf> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let behind = MARKS[..4].iter().map(|mark| format!("{name}.{mark}"));
        let inside = name
            .rsplit_once('.')
            .into_iter()
            .flat_map(|(stem, ending)| {
                MARKS[..4]
                    .iter()
                    .map(move |mark| format!("{stem}.{mark}.{ending}"))
            });
        behind
            .chain(inside)
            .map(|name| path.with_file_name(name))
            .collect()
    }

    /// What the file has in plaintext of what was encrypted.
    fn opened(&self, input: &Input<'_>, current: &Current) -> Option<Opened> {
        let is_same_path = self.path == input.path;
        let is_same_name = bare_name(&self.path) == bare_name(input.path);
        if self.format == Format::Binary {
            return is_same_name.then_some(Opened::File);
        }
        let (values, kind) = match current {
            Current::Encrypted => return None,
            Current::Other => return is_same_path.then_some(Opened::File),
            Current::Open { values, kind } => (values, kind),
        };
        let shared = self.values.iter().filter_map(|path| {
            let span = values.get(path)?;
            Some((path, span))
        });
        let shared: Vec<_> = shared.collect();
        if let Some((path, span)) = shared.iter().min_by_key(|(_, span)| span.start) {
            let is_renamed = is_same_name && !self.stays || shared.len() == self.values.len();
            return is_renamed.then(|| Opened::Value {
                path: (*path).clone(),
                span: (*span).clone(),
            });
        }
        // Another kind of object, such as an ExternalSecret, may replace a Secret.
        let is_replaced = kind.is_some() && *kind != self.kind;
        // Other values of a Secret are judged as those of every Secret.
        let is_secret = kind.as_deref() == Some("Secret");
        (is_same_path && !values.is_empty() && !is_replaced && !is_secret).then_some(Opened::File)
    }
}

impl Linter {
    /// The finding that a file in plaintext was encrypted in one of these versions, which are of the same path or of files that the commit
    /// deletes. `version` is the name of their commit.
    pub fn decrypted(
        &self,
        input: &Input<'_>,
        before: &[Encrypted],
        version: &str,
    ) -> Vec<Finding> {
        let is_nothing = before.is_empty() || input.bytes.trim_ascii().is_empty();
        if is_nothing || is_protected_otherwise(input.bytes) {
            return Vec::new();
        }
        let text = text_of(input.bytes);
        if has_only_comments(&text) && !has_secret(&text) {
            return Vec::new();
        }
        let mut current: Vec<(Format, Current)> = Vec::new();
        let found = before.iter().find_map(|before| {
            let format = before.format;
            let known = current.iter().position(|(known, _)| *known == format);
            let index = known.unwrap_or_else(|| {
                current.push((format, Current::read(&text, format)));
                current.len() - 1
            });
            Some((before, before.opened(input, &current[index].1)?))
        });
        let Some((before, opened)) = found else {
            return Vec::new();
        };
        let mut report = Report::new(input, self, &PLAINTEXT_SECRET);
        let name = match before.path == input.path {
            true => String::new(),
            false => {
                let old = before.path.strip_prefix(input.tree.root());
                let old = old.unwrap_or(&before.path).to_string_lossy();
                format!(" as `{old}`")
            }
        };
        let command = report.command("encrypt -i");
        let (span, message) = match opened {
            Opened::Value { path, span } => {
                let span = if is_utf8(input.bytes) { span } else { 0..0 };
                let message =
                    format!("`{path}` is encrypted in {version}{name}, and in plaintext now");
                (span, message)
            }
            Opened::File => {
                let message =
                    format!("the file is encrypted in {version}{name}, and in plaintext now");
                (0..0, message)
            }
        };
        report.span(span, message).help(format!(
            "encrypt it again with `{command}`; if it is meant to be public from now on, commit it with `git commit --no-verify`"
        ));
        let mut findings = suppress::apply(report, &[&PLAINTEXT_SECRET]);
        findings.retain(|finding| finding.rule.code == PLAINTEXT_SECRET.code);
        self.finish(&mut findings);
        findings
    }
}

/// The name of a file without the parts that only say whether it is encrypted: `a.bin` for `a.bin.enc` and `a.sops.bin`.
fn bare_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let parts = name.split('.').enumerate();
    let is_kept = |(index, part): &(usize, &str)| {
        *index == 0 || !MARKS.contains(&&*part.to_ascii_lowercase())
    };
    let parts: Vec<&str> = parts.filter(is_kept).map(|(_, part)| part).collect();
    parts.join(".")
}

/// SOPS writes a binary file as JSON.
fn of_text(format: Format) -> Format {
    match format {
        Format::Binary => Format::Json,
        format => format,
    }
}

/// The kind of the first object.
fn kind(document: &Document<'_>) -> Option<String> {
    let kind = document
        .tops()
        .flatten()
        .find_map(|top| top.get("kind")?.as_str());
    kind.map(str::to_owned)
}

/// Passes each scalar with its key path, except those of the metadata.
fn each_value(document: &Document<'_>, mut each: impl FnMut(&str, NodeRef<'_, '_>)) {
    let mut open: Vec<(String, NodeRef<'_, '_>)> = document
        .tops()
        .flatten()
        .flat_map(NodeRef::entries)
        .filter(|(key, _)| *key != "sops" && !key.starts_with("sops_"))
        .map(|(key, node)| (key.to_owned(), node))
        .collect();
    while let Some((path, node)) = open.pop() {
        if node.scalar_text().is_some() {
            each(&path, node);
        }
        let entries = node.entries().map(|(key, node)| (key.to_owned(), node));
        let items = node
            .items()
            .enumerate()
            .map(|(number, node)| (number.to_string(), node));
        let below: Vec<_> = entries.chain(items).collect();
        open.extend(
            below
                .into_iter()
                .map(|(key, node)| (format!("{path}.{key}"), node)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linter::NoTree;
    use crate::settings::Settings;

    const ENC: &str = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
    const META: &str = "sops:\n  mac: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\n  lastmodified: '2026-01-01T00:00:00Z'\n  version: 3.13.3\n";

    fn found(old: (&str, &str), new: (&str, &[u8])) -> Vec<Finding> {
        let text = format!("{}{META}", old.1.replace("ENC", ENC));
        let old = Path::new("/").join(old.0);
        let encrypted =
            Encrypted::read(&old, text.as_bytes()).expect("the old version is encrypted");
        let path = Path::new("/").join(new.0);
        let input = Input {
            name: new.0,
            path: &path,
            bytes: new.1,
            config: None,
            tree: &NoTree,
        };
        let linter = Linter::new(Settings::default()).expect("the settings are valid");
        linter.decrypted(&input, &[encrypted], "HEAD")
    }

    #[test]
    fn plaintext_in_place_of_ciphertext_is_found() {
        let old = "db:\n  user: a\n  password: ENC\nlist:\n- ENC\n- ENC\n";
        for (path, new, line) in [
            (
                "a/x.yaml",
                "db:\n  user: a\n  password: hunter2\nlist: [b, c]\n",
                3,
            ),
            ("a/x.yaml", "# c\nlist: [b]\n", 2),
            ("a/x.yaml", "db: {password: hunter2-changeme}\n", 1),
            ("a/x.yaml", "db: {password: hunter2, x: y}\n", 1),
            ("a/x.yaml", "other: text\n", 1),
            ("a/x.yaml", "db: [\n", 1),
            ("a/x.yaml", "hunter2\n", 1),
            ("x.yaml", "\ndb: {password: hunter2}\n", 2),
            ("public.yaml", "db: {password: hunter2}\nlist: [b, c]\n", 1),
            (
                "public.txt",
                "db: {password: hunter2}\nlist: [b, c]\nmore: d\n",
                1,
            ),
        ] {
            let found = found(("a/x.yaml", old), (path, new.as_bytes()));
            assert_eq!(found.len(), 1, "{path} {new}");
            assert_eq!(found[0].location.line, line, "{path} {new}");
            assert!(
                !found[0].message.contains("hunter2"),
                "{}",
                found[0].message
            );
        }
        let utf_16: Vec<u8> = "\u{feff}db: {password: hunter2}\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(found(("x.yaml", old), ("x.yaml", &utf_16)).len(), 1);
    }

    #[test]
    fn a_binary_file_is_known_without_the_marks_in_its_name() {
        let encrypted = |path: &str| {
            let text = format!(
                "{{\"data\": \"{ENC}\", \"sops\": {{\"mac\": \"{ENC}\", \"lastmodified\": \"2026-01-01T00:00:00Z\", \"version\": \"3.13.3\"}}}}"
            );
            Encrypted::read(&Path::new("/").join(path), text.as_bytes()).expect("it is encrypted")
        };
        let linter = Linter::new(Settings::default()).expect("the settings are valid");
        for (old, new, is_found) in [
            ("a/a.bin.enc", "a/a.bin", true),
            ("a/a.bin.enc", "b/a.bin", true),
            ("a.enc.bin", "a.bin", true),
            ("a.bin.sops", "a.bin", true),
            ("a.bin.encrypted", "a.bin.dec", true),
            ("a.txt.ENC", "a.txt", true),
            ("a.bin", "a.bin", true),
            ("a.bin.enc", "b.bin", false),
            ("enc", "a", false),
            ("a.bin.enc", "a", false),
        ] {
            let path = Path::new("/").join(new);
            let input = Input {
                name: new,
                path: &path,
                bytes: b"\x01hunter2",
                config: None,
                tree: &NoTree,
            };
            let found = linter.decrypted(&input, &[encrypted(old)], "HEAD");
            assert_eq!(found.len(), usize::from(is_found), "{old} {new}");
        }
    }

    #[test]
    fn what_shows_nothing_passes() {
        let old = "kind: Secret\nstringData:\n  password: ENC\n  user: ENC\n";
        let encrypted = format!("stringData:\n  password: {ENC}\n{META}");
        for (path, new) in [
            ("a/x.yaml", &*encrypted),
            ("a/x.yaml", ""),
            ("a/x.yaml", "\n"),
            ("a/x.yaml", "# nothing\n"),
            (
                "a/x.yaml",
                "kind: Secret\nstringData:\n  password: ${PASSWORD}\n",
            ),
            (
                "a/x.yaml",
                "kind: ExternalSecret\nspec:\n  data: [{secretKey: a}]\n",
            ),
            (
                "a/x.yaml",
                "$ANSIBLE_VAULT;1.1;AES256\n61316131613161316131613161316131613161316131613161316131613161316131613161316131\n\
                 6131613161316131613161316131613161316131613161310a623262326232623262326232623262\n\
                 32623262326232623262326232623262326232623262326232623262326232623262326232623262\n\
                 3262326232623262320a633363336333633363336333633363336333633363336333633363336333\n\
                 63336333633363336333633363336333633363336333633363336333633363336333\n",
            ),
            ("x.yaml", "kind: ConfigMap\ndata: {a: b}\n"),
            ("y.yaml", "stringData: {password: hunter2}\n"),
            (
                "a/x.yaml",
                "# sops-rs: allow plaintext-secret -- a demo\nstringData: {password: hunter2}\n",
            ),
        ] {
            let found = found(("a/x.yaml", old), (path, new.as_bytes()));
            assert!(found.is_empty(), "{path} {new}");
        }
    }
}
