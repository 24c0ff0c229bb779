//! Guesses from a file's name what it is, for the lint and not for SOPS: a copy, another letter case, prose.

use std::path::{Path, PathBuf};

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

/// Endings of copies, such as `secret.yaml.bak`.
const COPIES: [&str; 11] = [
    "bak", "backup", "bkp", "old", "orig", "original", "save", "copy", "tmp", "prev", "rej",
];

/// What marks a copy before the extension.
const MARKS: [&str; 5] = ["bak", "old", "orig", "copy", "kopie"];

/// What `git mergetool` puts before a number and the extension.
const MERGE_MARKS: [&str; 4] = ["BACKUP", "BASE", "LOCAL", "REMOTE"];

/// Words in the names of files that show which variables to set.
const SAMPLES: [&str; 6] = ["example", "examples", "sample", "template", "tmpl", "dist"];

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

/// Whether a killed run of this program has left the file, whose path starts in the repository: what it writes goes into such files first.
pub(crate) fn is_leftover(path: &Path) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_directory = |name: &str| {
        let random = name.strip_prefix(".sops-rs-");
        random.is_some_and(|random| random.len() == 16 && random.bytes().all(is_digit))
    };
    // Older versions had no directories. Characters of one class only may be a chosen word.
    let classes = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
    ];
    let is_file = |name: &str| {
        let random = name.strip_prefix(".sops-rs-");
        let random = random.and_then(|random| random.strip_suffix(".tmp"));
        random.map(str::as_bytes).is_some_and(|random| {
            random.len() == 6
                && random.iter().all(u8::is_ascii_alphanumeric)
                && !classes.iter().any(|is_in| random.iter().all(is_in))
        })
    };
    let directories = path.parent().into_iter().flat_map(Path::components);
    let mut directories = directories.filter_map(|part| part.as_os_str().to_str());
    let name = path.file_name().and_then(|name| name.to_str());
    directories.any(is_directory) || name.is_some_and(is_file)
}

/// The directories for what the services of a repository's host read.
const HOST_DIRECTORIES: [&str; 3] = [".github", ".gitlab", ".circleci"];

/// Whether the path, which starts in the repository, is in a directory for the services of the repository's host.
pub(crate) fn is_in_host_directory(path: &Path) -> bool {
    let directories = path.parent().into_iter().flat_map(Path::components);
    let mut names = directories.filter_map(|part| part.as_os_str().to_str());
    names.any(|name| HOST_DIRECTORIES.contains(&name))
}

/// Whether a service of the repository's host reads the file with this path, which starts in the repository.
pub(crate) fn is_host_configuration(path: &Path) -> bool {
    let Some(text) = path.to_str() else {
        return false;
    };
    let extension = text.strip_suffix(".yml").or(text.strip_suffix(".yaml"));
    let parts: Vec<&str> = extension.unwrap_or_default().split('/').collect();
    match parts[..] {
        [
            ".github",
            "workflows" | "workflow-templates" | "ISSUE_TEMPLATE",
            _,
        ]
        | [".github", "dependabot"]
        | [".gitlab-ci"]
        | [".gitlab", "ci", _]
        | [".gitlab", "agents", _, "config"]
        | [".circleci", "config" | "continue_config"] => true,
        [".github", "actions", .., name] => name == "action",
        _ => false,
    }
}

/// Whether the file shows which variables to set, as `.env.example` does.
pub(crate) fn is_sample(path: &Path) -> bool {
    let name = name(path);
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let is_sample = words.iter().any(|word| SAMPLES.contains(word));
    is_sample && (words.contains(&"env") || words.contains(&"envrc"))
}

/// The path of the file that this one is a copy of, as far as its name says: `a/secret.yaml` for `a/secret.yaml.bak`,
/// `a/.secret.yaml.swp` or `a/secret (1).yaml`.
pub(crate) fn original(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let mut original = name.trim_start_matches(".#").trim_matches('#');
    let unhidden = original.strip_prefix('.').unwrap_or(original);
    if let Some((rest, _)) = unhidden
        .rsplit_once(".sw")
        .filter(|(_, rest)| rest.len() == 1)
    {
        original = rest;
    }
    original = without_copy_endings(original);
    for begin in ["Copy of ", "copy of "] {
        original = original.strip_prefix(begin).unwrap_or(original);
    }
    // Desktops and merge tools put their marks before the extension.
    let extension = original
        .rfind('.')
        .filter(|at| *at > 0)
        .unwrap_or(original.len());
    let (stem, extension) = original.split_at(extension);
    let original = format!("{}{extension}", without_copy_marks(stem));
    let is_copy = original != name && !original.is_empty();
    is_copy.then(|| path.with_file_name(original))
}

/// Without endings such as `.bak`, `.old.2` and `~`.
fn without_copy_endings(mut name: &str) -> &str {
    loop {
        let rest = name.trim_end_matches('~');
        let shorter = rest.rsplit_once('.').filter(|(rest, ending)| {
            let ending = ending.to_ascii_lowercase();
            let word = ending.trim_end_matches(|c: char| c.is_ascii_digit() || "-_".contains(c));
            let is_number = word.is_empty() && !ending.is_empty();
            !rest.is_empty() && (is_number && rest.contains('.') || COPIES.contains(&word))
        });
        let rest = shorter.map_or(rest, |(rest, _)| rest);
        if rest.len() == name.len() {
            return name;
        }
        name = rest;
    }
}

/// Without what marks a copy at the end of a name: ` copy 2`, ` (1)`, ` - Copy`, `.bak`, `_BACKUP_123`.
fn without_copy_marks(mut stem: &str) -> &str {
    loop {
        let is_divider = |c: char| " -_.".contains(c);
        let in_brackets = stem
            .strip_suffix(')')
            .and_then(|rest| rest.rsplit_once(" ("));
        let (rest, is_copy) = match in_brackets {
            Some((before, word)) => {
                let word = word.to_ascii_lowercase();
                let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
                let is_mark = MARKS.iter().any(|mark| word.contains(mark));
                (before, is_number || is_mark)
            }
            None => {
                let named = stem.trim_end_matches(|c: char| c.is_ascii_digit());
                let has_number = named.len() < stem.len();
                let named = named.trim_end_matches(is_divider);
                let Some((before, word)) = named.rsplit_once(is_divider) else {
                    return stem;
                };
                let is_mark = MARKS.contains(&&*word.to_ascii_lowercase());
                (before, is_mark || has_number && MERGE_MARKS.contains(&word))
            }
        };
        let rest = rest.trim_end_matches(is_divider);
        if !is_copy || rest.is_empty() {
            return stem;
        }
        stem = rest;
    }
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
    fn copies_are_known_by_their_names() {
        for (name, expected) in [
            ("a/x.sops.yaml.bak", "a/x.sops.yaml"),
            ("x.sops.yaml~", "x.sops.yaml"),
            ("x.sops copy.yaml", "x.sops.yaml"),
            ("x.sops copy 2.yaml", "x.sops.yaml"),
            ("settings - Copy.yaml", "settings.yaml"),
            ("settings - Copy (2).yaml", "settings.yaml"),
            ("settings (1).yaml", "settings.yaml"),
            ("settings (copy).yaml", "settings.yaml"),
            ("Copy of settings.yaml", "settings.yaml"),
            ("settings.yaml.bak2", "settings.yaml"),
            ("settings.yaml.bak.1", "settings.yaml"),
            ("settings.yaml.2026-01-01", "settings.yaml"),
            ("settings.yaml.orig", "settings.yaml"),
            ("settings.yaml.OLD", "settings.yaml"),
            ("settings.bak.yaml", "settings.yaml"),
            ("settings-old.yaml", "settings.yaml"),
            ("settings_BACKUP_1234.yaml", "settings.yaml"),
            (".settings.yaml.swp", "settings.yaml"),
            ("..env.swp", ".env"),
            (".#settings.yaml", "settings.yaml"),
            ("#settings.yaml#", "settings.yaml"),
            (".env.bak", ".env"),
            ("key.pem.save", "key.pem"),
        ] {
            let found = original(Path::new(name));
            assert_eq!(found.as_deref(), Some(Path::new(expected)), "{name}");
        }
        for name in [
            "settings.yaml",
            "settings.yaml.tmpl",
            "settings.yaml.example",
            "settings2.yaml",
            "settings (prod).yaml",
            "values-base.yaml",
            "postgres-backup.yaml",
            "old.yaml",
            "copy.yaml",
            ".bak",
            ".env",
            ".env.local",
            "~",
            "#",
            "",
        ] {
            assert_eq!(original(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn leftovers_are_known_by_their_names() {
        for (name, expected) in [
            ("a/.sops-rs-x1Y2z3.tmp", true),
            (".sops-rs-0123456789abcdef/0", true),
            ("a/.sops-rs-0123456789abcdef/b/secret.yaml", true),
            (".sops-rs-dev/a/b", false),
            (".sops-rs-0123456789ABCDEF/0", false),
            (".sops-rs-0123456789abcdef0/0", false),
            ("a/.sops-rs-notes", false),
            (".sops-rs-notes.tmp/a", false),
            (".sops-rs-backup.tmp", false),
            (".sops-rs-0123456789abcdef", false),
            ("sops-rs-x1Y2z3.tmp", false),
        ] {
            assert_eq!(is_leftover(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn what_the_host_of_a_repository_reads_is_known_by_its_path() {
        for (path, expected) in [
            (".github/workflows/test.yml", true),
            (".github/workflows/rotate-secrets.yaml", true),
            (".github/dependabot.yml", true),
            (".github/actions/setup/action.yml", true),
            (".gitlab-ci.yml", true),
            (".gitlab/ci/build.yml", true),
            (".gitlab/agents/prod/config.yaml", true),
            (".circleci/config.yml", true),
            (".github/secrets/prod.env", false),
            (".github/secrets.yaml", false),
            (".github/workflows/secrets/prod.yaml", false),
            (".github/workflows/prod.env", false),
            (".github/actions/setup/secret.yml", false),
            ("secrets/.circleci/config.yml", false),
            ("secrets/.circleci/a.yaml", false),
            (".circleci/prod.yaml", false),
            (".gitlab/secrets.yaml", false),
            ("a.yaml", false),
            ("", false),
        ] {
            assert_eq!(is_host_configuration(Path::new(path)), expected, "{path}");
        }
    }
}
