//! Files that other programs read as they are, so that a creation rule does not cover them. A name alone exempts nothing: the content must be
//! what the name says, without anything that looks like a secret.

use std::path::Path;

use sops_document::NodeRef;

use crate::secret_detection::{in_text, is_harmless, is_random};

/// What the name of an exempt file says of its content.
#[derive(Clone, Copy)]
pub(crate) enum ExemptContent {
    /// A mapping with no other keys than these, in any letter case, or an object with a name.
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

/// The exempt names, with what they say.
const CONTENTS: [(&[&str], ExemptContent); 11] = [
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
];

/// What the name says of the content; `None` for the name of a file that is not exempt.
pub(crate) fn content(path: &Path) -> Option<ExemptContent> {
    let name = path.file_name()?.to_str()?;
    let known = CONTENTS.iter().find(|(names, _)| names.contains(&name));
    known.map(|(_, content)| *content)
}

/// Whether the file has the name of one that nobody encrypts.
pub(crate) fn is_named(path: &Path) -> bool {
    content(path).is_some()
}

/// The lines of a text that are not empty and not comments.
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
        _ => false,
    }
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

/// Whether a file with the name of prose reads as prose: it is neither one word nor a list of variables. Nothing in `LICENSE` and the like
/// may look like a secret, but documentation shows examples.
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
    let holds_secret = || path.extension().is_none() && !in_text("", text).is_empty();
    !is_value(text) && !is_list() && !holds_secret()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_what_a_file_is() {
        let is_line = |name: &str, text: &str| {
            let content = content(Path::new(name)).expect("the name is that of an exempt file");
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
    fn prose_is_told_from_values() {
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
