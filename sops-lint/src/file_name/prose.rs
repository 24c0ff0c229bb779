//! Recognizes files for people: prose, and diffs.

use std::path::Path;

use super::lower_case::name;

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

/// Whether the file is prose.
pub(crate) fn is_prose(path: &Path) -> bool {
    let name = name(path);
    PROSE.iter().any(|ending| name.ends_with(ending)) || PROSE_NAMES.contains(&&*name)
}

/// Whether the file is a patch or a diff.
pub(crate) fn is_patch(path: &Path) -> bool {
    let name = name(path);
    name.ends_with(".patch") || name.ends_with(".diff")
}
