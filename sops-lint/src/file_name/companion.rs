//! Files that accompany another file: templates, samples and notes.

use std::path::{Path, PathBuf};

use sops_document::Format;

use super::copy::original;
use super::lower_case::name;
use super::prose::is_prose;

/// Endings of files that are named after a manifest, but are not copies: templates, samples,
/// signatures, programs and test results.
const COMPANIONS: [&str; 25] = [
    "tmpl", "tpl", "gotmpl", "template", "j2", "jinja", "jinja2", "erb", "hbs", "mustache", "in",
    "ytt", "example", "sample", "dist", "sig", "snap", "lock", "ts", "js", "go", "py", "rb", "sh",
    "rs",
];

/// Words in the names of files that show which variables to set.
const SAMPLES: [&str; 6] = ["example", "examples", "sample", "template", "tmpl", "dist"];

/// Whether the file shows which variables to set, as `.env.example` does.
pub(crate) fn is_sample(path: &Path) -> bool {
    let name = name(path);
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let is_sample = words.iter().any(|word| SAMPLES.contains(word));
    is_sample && (words.contains(&"env") || words.contains(&"envrc"))
}

/// The path of the manifest whose name the file's name begins with, as in `secret.yaml.anything`:
/// it is a copy if it is YAML too.
pub(crate) fn manifest_before(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let (manifest, _) = manifest_and_ending(name)?;
    let is_other =
        is_prose(path) || is_companion(path) || Format::from_path(path) != Format::Binary;
    (!is_other).then(|| path.with_file_name(manifest))
}

/// Whether the ending of the name, such as that of `secret.yaml.txt`, may be that of notes about
/// the file, and not of a copy.
pub(crate) fn may_be_notes(path: &Path) -> bool {
    let is_text = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
    is_text || original(path).is_none()
}

/// Whether the ending of the name is that of a file that accompanies another one, such as a
/// template.
pub(crate) fn is_companion(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        let mut known = COMPANIONS.iter();
        known.any(|word| ending.eq_ignore_ascii_case(word))
    })
}

/// Divides a name after the extension of a manifest that is not its last.
fn manifest_and_ending(name: &str) -> Option<(&str, &str)> {
    let lower = name.to_ascii_lowercase();
    let ends = [".yaml", ".yml", ".json"]
        .into_iter()
        .filter_map(|extension| {
            let at = lower.find(extension)? + extension.len();
            let is_end = |next: char| !next.is_alphanumeric();
            lower[at..].starts_with(is_end).then_some(at)
        });
    ends.min().map(|at| name.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_with_any_ending_may_be_a_copy() {
        for (name, expected) in [
            ("a/settings.yaml.raw", Some("a/settings.yaml")),
            ("settings.yaml.open-2", Some("settings.yaml")),
            ("settings.json_x", Some("settings.json")),
            ("settings.yaml", None),
            ("settings.yaml.tmpl", None),
            ("settings.yaml.EXAMPLE", None),
            ("settings.yaml.md", None),
            ("settings.yaml.schema.json", None),
            ("settings.yamlx", None),
            (".env.raw", None),
        ] {
            let manifest = manifest_before(Path::new(name));
            assert_eq!(manifest.as_deref(), expected.map(Path::new), "{name}");
        }
    }
}
