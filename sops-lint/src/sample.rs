//! Recognizes templates and samples of files with secrets, such as `secret.sops.yaml.tmpl` and
//! `secret.example.yaml`, in which the secrets must still be filled in.

use std::path::Path;

use crate::secret_detection::{is_angled, is_mask, is_reference};

/// Parts of a name, between dots, that mark a template or a sample.
const PARTS: [&str; 13] = [
    "tmpl",
    "tpl",
    "gotmpl",
    "template",
    "templates",
    "j2",
    "jinja",
    "jinja2",
    "erb",
    "example",
    "examples",
    "sample",
    "dist",
];

/// Whether the file's name and text show that its secrets must still be filled in. In such files,
/// only values that look like secrets count.
pub(crate) fn is_to_be_filled_in(path: &Path, text: &str) -> bool {
    is_named(path) && text.lines().any(has_placeholder)
}

/// Whether the name says that it is a template or a sample.
pub(crate) fn is_named(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default().to_ascii_lowercase();
    name.split('.').skip(1).any(|part| PARTS.contains(&part))
}

/// Whether a line sets something to a placeholder, or to an empty string.
fn has_placeholder(line: &str) -> bool {
    let line = line.trim();
    let pair = line.split_once(": ").or_else(|| line.split_once('='));
    pair.is_some_and(|(_, value)| {
        let value = value.split(" #").next().unwrap_or_default().trim();
        let text = value.trim_end_matches(',').trim_matches(['"', '\'']);
        !value.is_empty() && !line.starts_with('#') && is_placeholder(text)
    })
}

/// Whether a value is empty, a reference, or a request to fill it in.
fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 5] = ["change", "fill", "replace", "todo", "your"];
    let lower = text.to_ascii_lowercase();
    text.is_empty()
        || is_angled(text)
        || is_mask(text)
        || is_reference(text)
        || WORDS.iter().any(|word| lower.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_recognized_by_their_name_and_a_placeholder() {
        let is_sample = |name: &str, text: &str| is_to_be_filled_in(Path::new(name), text);
        for name in [
            "secret.sops.yaml.tmpl",
            "secret.yaml.j2",
            "secret.example.yaml",
            "secret.yaml.EXAMPLE",
            ".env.sample",
        ] {
            assert!(is_sample(name, "a: b\npassword: ${PASSWORD}\n"), "{name}");
            assert!(
                is_sample(name, "a: b\npassword: \"\" # the password\n"),
                "{name}"
            );
            assert!(!is_sample(name, "a: b\npassword: hunter2\n"), "{name}");
        }
        for name in [
            "secret.sops.yaml",
            "example-secret.yaml",
            "template.yaml",
            "sample",
        ] {
            assert!(!is_sample(name, "password: ${PASSWORD}\n"), "{name}");
        }
    }
}
