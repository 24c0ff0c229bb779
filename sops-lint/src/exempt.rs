//! Files that other programs read unencrypted, so that a creation rule does not cover them. A name
//! alone exempts nothing: the content must match the name, and contain nothing that looks like a
//! secret.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_document::NodeRef;

use crate::secret_detection::{
    Likeness, PASSWORD_IN_URL, in_text, is_harmless, is_private_key, is_random,
};

/// The content that the name of an exempt file implies.
#[derive(Clone, Copy)]
pub(crate) enum ExemptContent {
    /// A mapping with only these keys, in any letter case, or an object with a name.
    Only(&'static [&'static str]),
    /// A mapping with at least one of these keys.
    Some(&'static [&'static str]),
    /// Nothing but comments.
    Comments,
    /// One pattern in each line.
    Patterns,
    /// A pattern and its attributes in each line.
    Attributes,
    /// Sections of settings.
    Settings,
    /// Commands for the program that the first line names.
    Script,
    /// Targets with their commands.
    Targets,
}

const KUSTOMIZATION: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

const CHART: &[&str] = &[
    "apiVersion",
    "name",
    "version",
    "kubeVersion",
    "description",
    "type",
    "keywords",
    "home",
    "sources",
    "dependencies",
    "maintainers",
    "icon",
    "appVersion",
    "deprecated",
    "annotations",
    "condition",
    "tags",
    "engine",
    "tillerVersion",
];

/// A project or a stack of Pulumi, which encrypts secret values itself.
const PULUMI: &[&str] = &[
    "name",
    "runtime",
    "description",
    "main",
    "backend",
    "options",
    "template",
    "plugins",
    "packages",
    "config",
    "secretsprovider",
    "encryptedkey",
    "encryptionsalt",
    "environment",
];

/// The exempt names, with the content that they imply.
const CONTENTS: [(&[&str], ExemptContent); 13] = [
    (
        &["kustomization.yaml", "kustomization.yml", "Kustomization"],
        ExemptContent::Only(KUSTOMIZATION),
    ),
    (&["Chart.yaml"], ExemptContent::Only(CHART)),
    (
        &["Chart.lock"],
        ExemptContent::Only(&["dependencies", "digest", "generated"]),
    ),
    (
        &[".sops.yaml", ".sops.yml"],
        ExemptContent::Some(&["creation_rules", "destination_rules", "stores"]),
    ),
    (
        &[".sops-lint.yaml"],
        ExemptContent::Only(&[
            "select", "ignore", "severity", "exclude", "images", "baseline",
        ]),
    ),
    (
        &[".pre-commit-config.yaml"],
        ExemptContent::Some(&["repos"]),
    ),
    (
        &["package.json", "package-lock.json"],
        ExemptContent::Some(&[
            "name",
            "version",
            "private",
            "type",
            "scripts",
            "dependencies",
            "devDependencies",
            "workspaces",
            "packages",
            "lockfileVersion",
            "license",
            "main",
            "module",
            "exports",
            "types",
            "sideEffects",
            "overrides",
        ]),
    ),
    (&[".gitkeep", ".keep"], ExemptContent::Comments),
    (
        &[".gitignore", ".helmignore", ".dockerignore"],
        ExemptContent::Patterns,
    ),
    (&[".gitattributes"], ExemptContent::Attributes),
    (&[".editorconfig"], ExemptContent::Settings),
    (
        &[".yamllint", ".yamllint.yaml", ".yamllint.yml"],
        ExemptContent::Only(&[
            "extends",
            "rules",
            "ignore",
            "ignore-from-file",
            "yaml-files",
            "locale",
        ]),
    ),
    (
        &["Makefile", "makefile", "GNUmakefile"],
        ExemptContent::Targets,
    ),
];

/// The extensions of scripts.
const SCRIPTS: [&str; 7] = ["sh", "bash", "zsh", "fish", "py", "rb", "pl"];

/// The content that the name and the first bytes imply; `None` for a file that is not exempt.
pub(crate) fn content(path: &Path, bytes: &[u8]) -> Option<ExemptContent> {
    let name = path.file_name()?.to_str()?;
    let known = CONTENTS.iter().find(|(names, _)| names.contains(&name));
    let is_stack =
        || name.starts_with("Pulumi.") && [".yaml", ".yml"].iter().any(|end| name.ends_with(end));
    let is_script = || {
        let extension = path.extension().map(|extension| extension.to_str());
        let is_known = |extension: Option<&str>| SCRIPTS.iter().any(|own| Some(*own) == extension);
        bytes.starts_with(b"#!") && extension.is_none_or(is_known)
    };
    known
        .map(|(_, content)| *content)
        .or_else(|| is_stack().then_some(ExemptContent::Only(PULUMI)))
        .or_else(|| is_script().then_some(ExemptContent::Script))
}

/// Whether the name is that of a file that other programs read, and that is therefore not encrypted.
pub(crate) fn is_named(path: &Path, bytes: &[u8]) -> bool {
    content(path, bytes).is_some()
}

/// The lines of `text` that are not empty and not comments.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
}

/// Whether a line may be in a file of that content.
pub(crate) fn is_line(content: ExemptContent, line: &str) -> bool {
    let is_pair = || line.contains(": ") || line.contains(" = ");
    // Neither a password in base64 nor one in hexadecimal has other characters.
    let is_generated = || {
        line.chars()
            .all(|c| c.is_ascii_alphanumeric() || "+=".contains(c))
            && is_random(line)
    };
    match content {
        ExemptContent::Patterns => {
            !line.contains(char::is_control) && !is_pair() && !line.contains('=') && !is_generated()
        }
        ExemptContent::Attributes => !is_pair() && line.contains([' ', '\t']),
        ExemptContent::Settings => line.starts_with('[') || line.contains('='),
        ExemptContent::Script => !is_assignment(line),
        ExemptContent::Targets => {
            let target = line.split_once(':');
            target.is_some_and(|(_, rest)| !rest.starts_with('=')) && !line.contains("://")
        }
        _ => false,
    }
}

/// Whether a line of a script sets a variable and does nothing else.
fn is_assignment(line: &str) -> bool {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let name = line.split_once('=').map(|(name, _)| name.trim_end());
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Whether a document of the text is a word instead of a mapping.
pub(crate) fn has_word(text: &str) -> bool {
    let mut documents = vec![String::new()];
    // An indented `---` is part of a value.
    let lines = text.trim_start_matches('\u{feff}').lines();
    let lines = lines.map(str::trim_end).filter(|line| {
        let content = line.trim_start();
        !content.is_empty() && !content.starts_with(['#', ';', '%'])
    });
    for line in lines {
        match line.strip_prefix("---").or(line.strip_prefix("...")) {
            Some(rest) => documents.push(rest.trim().to_owned()),
            None => documents
                .last_mut()
                .into_iter()
                .for_each(|text| text.push_str(line)),
        }
    }
    let is_word =
        |text: &String| !["", "~", "null"].contains(&&**text) && !text.contains([':', '{']);
    documents.iter().any(is_word)
}

/// Whether an object has only the keys of a kustomization.
pub(crate) fn is_kustomization(top: NodeRef<'_, '_>) -> bool {
    let is_known = |key: &str| {
        KUSTOMIZATION
            .iter()
            .any(|own| own.eq_ignore_ascii_case(key))
    };
    top.entries().all(|(key, _)| is_known(key))
}

/// Whether a password, or its base64 form, looks generated: it has a digit inside a word, and
/// letters of both cases or more digits. An identifier or a shortened value is an example.
fn is_generated(value: &str) -> bool {
    let bytes = STANDARD.decode(value).unwrap_or_default();
    let value = match str::from_utf8(&bytes) {
        Ok(text) if !text.is_empty() => text,
        _ => value,
    };
    let is_digit = |c: char| c.is_ascii_digit();
    let is_mixed = |word: &str| {
        let word = word.trim_matches(is_digit);
        let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
        let runs = word.split(|c: char| !is_digit(c));
        let runs = runs.filter(|digits| !digits.is_empty()).count();
        runs > 1 || runs == 1 && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
    };
    let mut words = value.split(|c: char| !c.is_ascii_alphanumeric());
    value.len() >= 8 && !value.contains("...") && !has_uuid(value) && words.any(is_mixed)
}

/// Whether a part of the value is a UUID.
fn has_uuid(value: &str) -> bool {
    let lengths = |word: &str| -> Vec<usize> {
        let is_hex = word
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        word.split('-').filter(|_| is_hex).map(str::len).collect()
    };
    let mut words = value.split(|c: char| c != '-' && !c.is_ascii_alphanumeric());
    words.any(|word| lengths(word) == [8, 4, 4, 4, 12])
}

/// Whether a file with the name of prose reads as prose: it is neither one word nor a list of
/// variables. Nothing in `LICENSE` and the like may look like a secret; documentation shows
/// examples, so only text that looks generated counts there.
pub(crate) fn is_prose(path: &Path, text: &str) -> bool {
    let text = text.trim();
    let is_value = |word: &str| {
        !word.contains(char::is_whitespace) && !word.contains("://") && !is_harmless(word)
    };
    let is_variable = |line: &str| {
        let variable = line.split_once(['=', ':']);
        variable.is_some_and(|(name, value)| {
            !name.trim().contains(char::is_whitespace) && is_value(value.trim())
        })
    };
    let is_list = || {
        let is_key = |line: &&str| line.ends_with(':') && !line.contains(char::is_whitespace);
        let mut of_list = lines(text).filter(|line| !is_key(line));
        lines(text).any(is_variable) && of_list.all(is_variable)
    };
    let holds_secret = || {
        let mut secrets = in_text("", text).into_iter();
        // Documentation shows examples.
        let is_example = |value: &str| path.extension().is_some() && !is_generated(value);
        secrets.any(|secret| match secret.likeness {
            // Another rule finds private keys that are more than a header.
            Likeness::Format(format) if is_private_key(format) => false,
            Likeness::Format(format) if format != PASSWORD_IN_URL => true,
            _ => !is_example(&text[secret.range]),
        })
    };
    !is_value(text) && !is_list() && !holds_secret()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_recognized_as_content_of_an_exempt_file() {
        let is_line = |name: &str, text: &str| {
            let content =
                content(Path::new(name), b"").expect("the name is that of an exempt file");
            lines(text).all(|line| is_line(content, line))
        };
        for (name, text) in [
            (
                ".gitignore",
                "# keys\n\n*.key\n/a b/\n!key-2024-01-x64.txt\nnode_modules\n",
            ),
            (".dockerignore", "**/target\n"),
            (".gitattributes", "*.yaml diff=sopsdiffer\n[attr]a -b\n"),
            (".editorconfig", "root=true\n[*.rs]\nindent_size = 4\n"),
            (".keep", "# kept\n\n"),
            (".gitkeep", ""),
        ] {
            assert!(is_line(name, text), "{name} {text}");
        }
        for (name, text) in [
            (".gitignore", "PIN=hunter2\n"),
            (".gitignore", "pin: hunter2\n"),
            (".dockerignore", "*.key\nq8tbd7Zk21mPx40LcvW9\n"),
            (".gitattributes", "hunter2\n"),
            (".editorconfig", "hunter2\n"),
            (".gitkeep", "hunter2\n"),
            (".gitignore", "\u{1}hunter2\n"),
        ] {
            assert!(!is_line(name, text), "{name} {text}");
        }
    }

    #[test]
    fn prose_is_distinguished_from_values() {
        let example = "For example:\n\n    password: hunter2-Marker\n";
        assert!(is_prose(Path::new("a.md"), example));
        for text in [
            "# Secrets\n\nSee [SOPS](https://getsops.io). Set `PASSWORD` first.\n",
            "# Title\n",
            "Note: encrypt every file here.\n",
            "Note:\n\nEncrypt every file here.\n",
            "See: https://example.com/a\n",
            "* @ann\n",
            "",
        ] {
            assert!(is_prose(Path::new("LICENSE"), text), "{text}");
        }
        for text in [
            "hunter2-Marker\n",
            "# Variables\nPIN=hunter2\nUSER=ann\n",
            "pin: hunter2\n",
            "stringData:\n  pin: hunter2\n",
            "This is it:\n\npassword: q8tbd7Zk21mPx40LcvW9\n",
        ] {
            assert!(!is_prose(Path::new("LICENSE"), text), "{text}");
        }
    }
}
