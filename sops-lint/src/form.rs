//! Guesses from a file's name what it is, for the lint and not for SOPS: a copy, another letter case, prose.

use std::path::Path;

use sops_core::Format;

/// Extensions of prose, which may show manifests but is not one.
const PROSE: [&str; 9] = [
    ".md",
    ".markdown",
    ".mdx",
    ".rst",
    ".adoc",
    ".asciidoc",
    ".org",
    ".textile",
    ".html",
];

/// Files without an ending that are prose.
const PROSE_NAMES: [&str; 9] = [
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "changelog",
    "contributing",
    "codeowners",
    "authors",
];

/// Files that only keep a directory in Git, or configure Git and other programs for it.
const KEEPERS: [&str; 8] = [
    ".gitkeep",
    ".keep",
    ".gitignore",
    ".gitattributes",
    ".helmignore",
    ".dockerignore",
    ".editorconfig",
    ".sops.yml",
];

/// The format that the name tells, whatever its case and whatever follows it, as in `secret.yaml.bak`; `None` where it tells none. SOPS
/// itself takes all names but those with the exact endings for binary files.
pub(crate) fn named(path: &Path) -> Option<Format> {
    let known =
        |path: &Path| Some(Format::from_path(path)).filter(|format| *format != Format::Binary);
    if let Some(format) = known(path) {
        return Some(format);
    }
    let name = name(path);
    known(Path::new(&name)).or_else(|| {
        let endings = [
            (".yaml", Format::Yaml),
            (".yml", Format::Yaml),
            (".json", Format::Json),
        ];
        let is_copy = |ending: &str| {
            let mut rests = name
                .match_indices(ending)
                .map(|(at, _)| &name[at + ending.len()..]);
            rests.any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
        };
        let found = endings.into_iter().find(|(ending, _)| is_copy(ending));
        found.map(|(_, format)| format)
    })
}

/// Whether the file is prose.
pub(crate) fn is_prose(path: &Path) -> bool {
    let name = name(path);
    PROSE.iter().any(|ending| name.ends_with(ending)) || PROSE_NAMES.contains(&&*name)
}

/// Whether the file is there for its name or for Git.
pub(crate) fn is_keeper(path: &Path) -> bool {
    KEEPERS.contains(&&*name(path))
}

/// Whether a killed run of this program has left the file: what it writes goes into such files first.
pub(crate) fn is_leftover(path: &Path) -> bool {
    let is_ours = |name: &str| name.starts_with(".sops-rs-");
    let directories = path.parent().into_iter().flat_map(Path::components);
    let mut directories = directories.filter_map(|part| part.as_os_str().to_str());
    let name = path.file_name().and_then(|name| name.to_str());
    directories.any(is_ours) || name.is_some_and(|name| is_ours(name) && name.ends_with(".tmp"))
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_cases_are_seen_through() {
        for (name, format) in [
            ("a.yaml", Some(Format::Yaml)),
            ("S.YAML", Some(Format::Yaml)),
            ("s.Yml", Some(Format::Yaml)),
            ("a.JSON", Some(Format::Json)),
            ("secret.yaml.bak", Some(Format::Yaml)),
            ("secret.yaml~", Some(Format::Yaml)),
            (".secret.yaml.swp", Some(Format::Yaml)),
            ("secret.yaml.bak2", Some(Format::Yaml)),
            ("#secret.yaml#", Some(Format::Yaml)),
            ("secret.yaml.2026-01-01", Some(Format::Yaml)),
            ("a.json.orig", Some(Format::Json)),
            ("a.ENV", Some(Format::Dotenv)),
            (".env.local", None),
            (".yamllint", None),
            ("a.jsonnet", None),
            ("secret.yaml.j2", Some(Format::Yaml)),
            ("notes.txt", None),
            ("~", None),
            ("", None),
            ("a.toml", None),
        ] {
            assert_eq!(named(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn leftovers_are_known_by_their_names() {
        for (name, expected) in [
            ("a/.sops-rs-x1Y2z3.tmp", true),
            ("a/.sops-rs-x1Y2z3/secret.yaml", true),
            (".sops-rs-x/a/b", true),
            ("a/.sops-rs-notes", false),
            ("sops-rs-x.tmp", false),
        ] {
            assert_eq!(is_leftover(Path::new(name)), expected, "{name}");
        }
    }
}
