//! Files that were encrypted and are in plaintext now, whatever the creation rules say.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sops_core::{CIPHERTEXT_PREFIX, is_encrypted, parse_document};
use sops_document::{Document, Format, NodeRef};

use crate::context::Context;
use crate::encoding::is_utf8;
use crate::file_format::encrypted_format;
use crate::finding::Finding;
use crate::input::Input;
use crate::linter::Linter;
use crate::rule_scope::{has_only_comments, has_secret, is_protected_otherwise, text_of};
use crate::rules::PLAINTEXT_SECRET;
use crate::scrutiny::{Scrutiny, is_open_reference};
use crate::{excerpt, file_name, related_name, suppress};

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

/// Extensions of encrypted files whose name does not say their format.
const EXTENSIONS: [&str; 20] = [
    "conf",
    "cfg",
    "cnf",
    "config",
    "properties",
    "secret",
    "secrets",
    "txt",
    "bak",
    "old",
    "orig",
    "tfvars",
    "tfstate",
    "toml",
    "hcl",
    "xml",
    "csv",
    "pem",
    "key",
    "kubeconfig",
];

/// What divides the parts of a name.
const DIVIDERS: [char; 4] = ['.', '-', '_', ' '];

/// From which length in bytes on a value tells a copy from a file with other values.
const TELLING: usize = 6;

/// An encrypted version of a file.
#[derive(Clone)]
pub struct Encrypted {
    path: PathBuf,
    format: Format,
    /// Its encrypted values by key path, each with the length of the plaintext in bytes, which
    /// encryption does not change. `None`: the plaintext can be written in several ways.
    values: BTreeMap<String, Option<usize>>,
    kind: Option<String>,
    /// Whether it stays beside the file.
    stays: bool,
}

/// A file as it is now.
enum CurrentContent {
    /// It has no keys.
    Other,
    Encrypted,
    Open {
        /// Its values that are not encrypted by key path.
        values: BTreeMap<String, PlaintextValue>,
        kind: Option<String>,
    },
}

/// A value in plaintext.
#[derive(Clone)]
struct PlaintextValue {
    span: Range<usize>,
    /// In bytes.
    length: usize,
    /// Whether it is neither a reference nor public.
    is_open: bool,
    /// Whether it is no placeholder either.
    is_meant: bool,
    /// Whether hardly another value has the same length by chance and is meant to be public.
    is_telling: bool,
}

impl CurrentContent {
    /// Reads a text as a file of that format, or as YAML.
    fn read(text: &str, format: Format) -> Self {
        let has_entries = |document: &Document<'_>| {
            let mut tops = document.tops().flatten();
            tops.any(|top| top.entries().next().is_some())
        };
        let parsed = parse_document(text, format).or_else(|_| Document::parse_leniently(text));
        let Some(document) = parsed.ok().filter(has_entries) else {
            return Self::Other;
        };
        if is_encrypted(&document) {
            return Self::Encrypted;
        }
        let mut values = BTreeMap::new();
        each_value(&document, |path, node| {
            let text = node.scalar_text().unwrap_or_default();
            let value = text.trim();
            if value.starts_with(CIPHERTEXT_PREFIX) || NAMES.contains(&path) {
                return;
            }
            let is_open = !Scrutiny::Strict.passes(value);
            let is_meant = is_open && !is_open_reference(value);
            let plain = PlaintextValue {
                span: node.span(),
                length: text.len(),
                is_open,
                is_meant,
                is_telling: is_meant && value.len() >= TELLING,
            };
            values.insert(path.to_owned(), plain);
        });
        let kind = kind(&document);
        Self::Open { values, kind }
    }
}

/// What is in plaintext now.
enum OpenedPart {
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
        let (format, document) = parse(path, text)?;
        let mut values = BTreeMap::new();
        each_value(&document, |path, node| {
            let text = node.scalar_text().unwrap_or_default();
            if text.starts_with(CIPHERTEXT_PREFIX) && !NAMES.contains(&path) {
                values.insert(path.to_owned(), length(text));
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

    /// The same as a file that stays encrypted. A decrypted copy of it has all of its keys, and a
    /// related name or values of the same lengths.
    #[must_use]
    pub fn staying(self) -> Self {
        Self {
            stays: true,
            ..self
        }
    }

    /// Whether a file with this name may be an encrypted file with a copy in plaintext. Files such
    /// as programs and pictures are not encrypted.
    pub fn may_be_named(path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let extension = path.extension().map(|ending| ending.to_ascii_lowercase());
        let extension = extension.as_ref().map(|ending| ending.to_string_lossy());
        let is_usual = extension.is_none_or(|ending| EXTENSIONS.contains(&&*ending));
        is_usual
            || name.starts_with('.')
            || file_name::named(path).is_some()
            || !bare_name(path).eq_ignore_ascii_case(&name)
    }

    /// What the names of a file and of its copies begin with, without its extensions and in lower
    /// case.
    pub fn stem(path: &Path) -> String {
        let mut stem = bare_name(path);
        if let Some((end, _)) = stem.char_indices().skip(1).find(|(_, c)| *c == '.') {
            stem.truncate(end);
        }
        stem
    }

    /// The names of files that a file is a decrypted copy of, as far as its name says: `a.enc.yaml`
    /// and `a.yaml.enc` for `a.yaml` and for its copy `a.dec.yaml`, `a.yaml` for `a.yaml.bak`.
    pub fn related_names(path: &Path) -> Vec<PathBuf> {
        related_name::related(path)
    }

    /// What the file has in plaintext of what was encrypted.
    fn opened(&self, input: &Input<'_>, current: &CurrentContent) -> Option<OpenedPart> {
        let is_same_path = self.path == input.path;
        if is_same_path && self.stays {
            return None;
        }
        let is_same_name = || bare_name(&self.path) == bare_name(input.path);
        if self.format == Format::Binary {
            let length = Some(input.bytes.len()).filter(|length| *length >= TELLING);
            let has_length = || length.is_some() && self.values.values().all(|own| *own == length);
            let is_known = !self.stays || self.path.parent() == input.path.parent();
            return (is_known && is_same_name() || has_length()).then_some(OpenedPart::File);
        }
        let (values, kind) = match current {
            CurrentContent::Encrypted => return None,
            CurrentContent::Other => return is_same_path.then_some(OpenedPart::File),
            CurrentContent::Open { values, kind } => (values, kind),
        };
        let open = self.values.keys().filter_map(|path| {
            let plain = values.get(path).filter(|plain| plain.is_open)?;
            Some((path, plain))
        });
        let open: Vec<_> = open.collect();
        if let Some((path, plain)) = open.iter().min_by_key(|(_, plain)| plain.span.start) {
            let has_all = open.len() == self.values.len();
            let has_lengths = || {
                self.values.iter().all(|(path, length)| {
                    let plain = values.get(path);
                    plain.is_some_and(|plain| length.is_none_or(|length| length == plain.length))
                })
            };
            let is_telling = open.iter().any(|(_, plain)| plain.is_telling);
            let is_meant = || open.iter().any(|(_, plain)| plain.is_meant);
            let is_related = || Self::related_names(input.path).contains(&self.path);
            // A file of defaults may be beside the encrypted one, with placeholders.
            let is_copy = match self.stays {
                true if is_telling => has_all && is_related() || has_lengths(),
                true => has_all && is_related() && is_meant() && has_lengths(),
                false => has_all || is_same_name(),
            };
            return is_copy.then(|| OpenedPart::Value {
                path: (*path).clone(),
                span: plain.span.clone(),
            });
        }
        let is_open = || values.values().any(|plain| plain.is_open);
        // Another kind of object, such as an ExternalSecret, may replace a Secret.
        let is_replaced = kind.is_some() && *kind != self.kind;
        // Other values of a Secret are judged as those of every Secret.
        let is_secret = kind.as_deref() == Some("Secret");
        (is_same_path && is_open() && !is_replaced && !is_secret).then_some(OpenedPart::File)
    }
}

impl Linter {
    /// The finding that a file in plaintext was encrypted in one of these versions, which are of
    /// the same path or of files that the commit deletes. `version` is the name of their commit.
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
        let mut current: Vec<(Format, CurrentContent)> = Vec::new();
        let found = before.iter().find_map(|before| {
            let format = before.format;
            let known = current.iter().position(|(known, _)| *known == format);
            let index = known.unwrap_or_else(|| {
                current.push((format, CurrentContent::read(&text, format)));
                current.len() - 1
            });
            Some((before, before.opened(input, &current[index].1)?))
        });
        let Some((before, opened)) = found else {
            return Vec::new();
        };
        let mut context = Context::new(input, &self.images, &PLAINTEXT_SECRET);
        let name = match before.path == input.path {
            true => String::new(),
            false => {
                let old = before.path.strip_prefix(input.tree.root());
                let old = old.unwrap_or(&before.path).to_string_lossy();
                format!(" as `{old}`")
            }
        };
        let command = context.command("encrypt -i");
        let (span, message) = match opened {
            OpenedPart::Value { path, span } => {
                let span = if is_utf8(input.bytes) { span } else { 0..0 };
                let message =
                    format!("`{path}` is encrypted in {version}{name}, and in plaintext now");
                (span, message)
            }
            OpenedPart::File => {
                let message =
                    format!("the file is encrypted in {version}{name}, and in plaintext now");
                (0..0, message)
            }
        };
        let help = match before.stays {
            true => format!(
                "delete the file if it is a decrypted copy, or encrypt it with `{command}`; if it is meant to be public"
            ),
            false => format!(
                "encrypt it again with `{command}`; if it is meant to be public from now on"
            ),
        };
        let help = format!("{help}, commit it with `git commit --no-verify`");
        context.report_span(span, message).help(help);
        let mut findings = suppress::apply(&mut context, &[&PLAINTEXT_SECRET]);
        findings.retain(|finding| finding.rule.code == PLAINTEXT_SECRET.code);
        excerpt::add(&context, &mut findings.iter_mut().collect::<Vec<_>>());
        self.finish(&mut findings);
        findings
    }
}

/// The name of a file in lower case without the parts that only say whether it is encrypted:
/// `a.bin` for `A.bin.enc`, `a.sops.bin` and `a-enc.bin`.
fn bare_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let mut bare = String::new();
    let mut rest = &*name;
    while !rest.is_empty() {
        let mut dividers = rest.match_indices(DIVIDERS);
        let end = dividers
            .find(|(at, _)| *at > 0)
            .map_or(rest.len(), |(at, _)| at);
        let (part, behind) = rest.split_at(end);
        let is_mark = MARKS.contains(&part.trim_start_matches(DIVIDERS));
        if bare.is_empty() || !is_mark {
            bare.push_str(part);
        }
        rest = behind;
    }
    bare
}

/// The length of the plaintext of a ciphertext in bytes; `None` if the plaintext is not text.
fn length(ciphertext: &str) -> Option<usize> {
    let (_, data) = ciphertext.split_once("data:")?;
    let (data, rest) = data.split_once(',')?;
    let is_text = ["str", "int", "bytes", "bool"]
        .iter()
        .any(|kind| rest.ends_with(&format!("type:{kind}]")));
    let digits = data.trim_end_matches('=').len();
    is_text.then_some(digits * 3 / 4)
}

/// Parses an encrypted file in the format that its name says, or else in that of its content,
/// because `--input-type` and a new name make these differ. `None`: it is not encrypted.
fn parse<'t>(path: &Path, text: &'t str) -> Option<(Format, Document<'t>)> {
    let named = Format::from_path(path);
    let of_content = encrypted_format(path, text);
    // Every encrypted JSON file has the form of a binary one.
    let formats = match named {
        Format::Binary => [of_content, None],
        named => [Some(named), of_content],
    };
    formats.into_iter().flatten().find_map(|format| {
        let document = parse_document(text, of_text(format)).ok()?;
        is_encrypted(&document).then_some((format, document))
    })
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
    use crate::settings::Settings;

    const ENC: &str = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
    const META: &str = "sops:\n  mac: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\n  lastmodified: '2026-01-01T00:00:00Z'\n  version: 3.13.3\n";

    fn found(old: (&str, &str), new: (&str, &[u8])) -> Vec<Finding> {
        let text = format!("{}{META}", old.1.replace("ENC", ENC));
        let old = Path::new("/").join(old.0);
        let encrypted =
            Encrypted::read(&old, text.as_bytes()).expect("the old version is encrypted");
        let path = Path::new("/").join(new.0);
        let input = Input::new(new.0, &path, new.1);
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
    fn the_format_is_that_of_the_content_if_the_name_says_another() {
        let yaml = format!("a: {ENC}\n{META}");
        let flat = format!(
            "sops_mac={ENC}\nsops_lastmodified=2026-01-01T00:00:00Z\nsops_version=3.13.3\n"
        );
        let dotenv = format!("A={ENC}\n{flat}");
        let ini = format!("[a]\nb = {ENC}\n[sops]\n{}", flat.replace("sops_", ""));
        let json = format!(
            "{{\"a\": \"{ENC}\", \"sops\": {{\"mac\": \"{ENC}\", \"lastmodified\": \"2026-01-01T00:00:00Z\", \"version\": \"3.13.3\"}}}}"
        );
        let formats = [
            (Format::Yaml, &yaml),
            (Format::Dotenv, &dotenv),
            (Format::Ini, &ini),
            (Format::Json, &json),
        ];
        for name in ["a", ".env.local", "a.conf", "a.yaml.old", "a.txt", "a.toml"] {
            for (format, text) in formats {
                let read = Encrypted::read(&Path::new("/").join(name), text.as_bytes());
                assert_eq!(read.map(|read| read.format), Some(format), "{name}: {text}");
            }
        }
        for (name, text, format) in [
            ("a.env", &yaml, Format::Yaml),
            ("a.yaml", &dotenv, Format::Dotenv),
            ("a.json", &ini, Format::Ini),
            ("a.ini", &json, Format::Json),
        ] {
            let read = Encrypted::read(&Path::new("/").join(name), text.as_bytes());
            assert_eq!(read.map(|read| read.format), Some(format), "{name}");
        }
        let shown = format!("An encrypted file:\n\n    a: {ENC}\n");
        assert!(Encrypted::read(Path::new("/a.md"), shown.as_bytes()).is_none());
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
            ("a.bin.enc", "A.bin", true),
            ("a-enc.bin", "a.bin", true),
            ("a_encrypted.bin", "a.bin", true),
            ("a.bin", "a-dec.bin", true),
            ("\u{e4}.bin.enc", "\u{e4}.bin", true),
            ("enc-a.bin", "b.bin", false),
        ] {
            let path = Path::new("/").join(new);
            let input = Input::new(new, &path, b"\x01hunter2");
            let found = linter.decrypted(&input, &[encrypted(old)], "HEAD");
            assert_eq!(found.len(), usize::from(is_found), "{old} {new}");
        }
    }

    #[test]
    fn a_copy_beside_its_encrypted_file_has_values_of_the_same_lengths() {
        let of = |value: &str, kind: &str| {
            let data = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, value);
            format!("ENC[AES256_GCM,data:{data},iv:eA==,tag:eA==,type:{kind}]")
        };
        let text = format!(
            "db:\n  password: {}\n  port: {}\n  ratio: {}\n{META}",
            of("correct-horse", "str"),
            of("5432", "int"),
            of("1.5", "float"),
        );
        let encrypted = |text: &str| {
            let read = Encrypted::read(Path::new("/a/settings.yaml"), text.as_bytes());
            read.expect("it is encrypted").staying()
        };
        let linter = Linter::new(Settings::default()).expect("the settings are valid");
        let is_found = |text: &str, new: &str, bytes: &str| {
            let path = Path::new("/a").join(new);
            let input = Input::new(new, &path, bytes.as_bytes());
            !linter
                .decrypted(&input, &[encrypted(text)], "HEAD")
                .is_empty()
        };
        let copy = "db: {password: correct-horse, port: 5432, ratio: 1.50}\n";
        // A value that may stay in plaintext by itself is one of those that were encrypted.
        let with_reference = text.replace(META, &format!("a: {}\n{META}", of("${A}", "str")));
        let copy_of_it = format!("{copy}a: ${{A}}\n");
        assert!(is_found(&with_reference, "b.yaml", &copy_of_it));
        for name in [
            "backup.yaml",
            "settings2.yaml",
            "settings.local.yaml",
            "settings.yaml.md",
            "settings-decrypted.yaml",
        ] {
            assert!(is_found(&text, name, copy), "{name}");
        }
        let json =
            "{\"db\": {\"password\": \"battery-stapl\", \"port\": 1234, \"ratio\": 2}, \"a\": 1}";
        assert!(is_found(&text, "settings.json", json));
        let longer = copy.replace("horse", "horses");
        assert!(is_found(&text, "settings-copy.yaml", &longer));
        for (name, bytes) in [
            ("dev.yaml", &*longer),
            ("dev.yaml", "db: {password: correct-horse, port: 5432}\n"),
            (
                "dev.yaml",
                "db: {password: '${PASSWORD12}', port: 5432, ratio: 1.5}\n",
            ),
            ("settings.yaml", copy),
        ] {
            assert!(!is_found(&text, name, bytes), "{name} {bytes}");
        }
        let settings = format!(
            "level: {}\nreplicas: {}\n{META}",
            of("info", "str"),
            of("3", "int")
        );
        assert!(!is_found(
            &settings,
            "dev.yaml",
            "level: warn\nreplicas: 1\n"
        ));
    }

    #[test]
    fn defaults_beside_an_encrypted_file_are_no_copy() {
        let of = |value: &str| {
            let data = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, value);
            format!("ENC[AES256_GCM,data:{data},iv:eA==,tag:eA==,type:str]")
        };
        let linter = Linter::new(Settings::default()).expect("the settings are valid");
        let is_found = |old: [&str; 2], new: [&str; 2]| {
            let text = format!("user: {}\npassword: {}\n{META}", of(old[0]), of(old[1]));
            let encrypted = Encrypted::read(Path::new("/settings.enc.yaml"), text.as_bytes());
            let encrypted = encrypted.expect("it is encrypted").staying();
            let plain = format!("user: {}\npassword: {}\n", new[0], new[1]);
            let input = Input::new(
                "settings.yaml",
                Path::new("/settings.yaml"),
                plain.as_bytes(),
            );
            !linter.decrypted(&input, &[encrypted], "HEAD").is_empty()
        };
        for new in [["app", "changeme"], ["dev", "dev"], ["USER", "CHANGE_ME"]] {
            assert!(!is_found(["admin", "correct-horse"], new), "{new:?}");
        }
        for (old, new) in [
            (["admin", "correct-horse"], ["admin", "correct-horse"]),
            (["admin", "correct-horse"], ["app", "battery"]),
            (["a", "1234"], ["a", "1234"]),
        ] {
            assert!(is_found(old, new), "{new:?}");
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
