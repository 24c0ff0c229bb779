//! Guesses from a file's name what it is, for the lint and not for SOPS: a copy, another letter
//! case, prose.

use std::path::{Path, PathBuf};

use sops_document::Format;

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

/// What marks a copy, such as `secret.yaml.bak`, and what programs decrypt, such as
/// `secret.yaml.dec` and `secret.dec.yaml`: as the ending of a name, and before the extension.
const MARKS: [&str; 20] = [
    "bak",
    "old",
    "orig",
    "copy",
    "new",
    "mine",
    "theirs",
    "ours",
    "dec",
    "decrypted",
    "plain",
    "plaintext",
    "clear",
    "cleartext",
    "unencrypted",
    "decoded",
    "raw",
    "tmp",
    "temp",
    "conflict",
];

/// More endings of copies.
const ENDINGS: [&str; 10] = [
    "backup", "bkp", "original", "save", "saved", "prev", "rej", "unenc", "edited", "head",
];

/// Endings of the sides of a merge. In the names of dotenv files, they are environments.
const SIDES: [&str; 3] = ["base", "local", "remote"];

/// What marks a copy before the extension in another language.
const KOPIE: &str = "kopie";

/// What Syncthing puts before a date and the extension.
const SYNC_MARK: &str = ".sync-conflict-";

/// What begins the names of copies.
const BEGINNINGS: [&str; 6] = [
    "Copy of ",
    "copy of ",
    "decrypted-",
    "decrypted_",
    "decrypted.",
    "unencrypted-",
];

/// Endings of files that are named after a manifest, but are not copies: templates, samples,
/// signatures, programs and test results.
const COMPANIONS: [&str; 25] = [
    "tmpl", "tpl", "gotmpl", "template", "j2", "jinja", "jinja2", "erb", "hbs", "mustache", "in",
    "ytt", "example", "sample", "dist", "sig", "snap", "lock", "ts", "js", "go", "py", "rb", "sh",
    "rs",
];

/// What `git mergetool` puts before a number and the extension.
const MERGE_MARKS: [&str; 4] = ["BACKUP", "BASE", "LOCAL", "REMOTE"];

/// Words in the names of files that show which variables to set.
const SAMPLES: [&str; 6] = ["example", "examples", "sample", "template", "tmpl", "dist"];

/// The format that the name tells, whatever its case and whatever follows it, as in
/// `secret.yaml.bak`; `None` where it tells none. SOPS itself takes all names but those with the
/// exact endings for binary files.
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
        let of_original = || known(&original(path)?);
        found.map(|(_, format)| format).or_else(of_original)
    })
}

/// Whether the file is prose.
pub(crate) fn is_prose(path: &Path) -> bool {
    let name = name(path);
    PROSE.iter().any(|ending| name.ends_with(ending)) || PROSE_NAMES.contains(&&*name)
}

/// Whether the file shows the differences of files.
pub(crate) fn is_patch(path: &Path) -> bool {
    let name = name(path);
    name.ends_with(".patch") || name.ends_with(".diff")
}

/// Whether a killed run of this program has left the file, whose path starts in the repository:
/// what it writes goes into such files first.
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

/// Whether the path, which starts in the repository, is in a directory for the services of the
/// repository's host.
pub(crate) fn is_in_host_directory(path: &Path) -> bool {
    let directories = path.parent().into_iter().flat_map(Path::components);
    let mut names = directories.filter_map(|part| part.as_os_str().to_str());
    names.any(|name| HOST_DIRECTORIES.contains(&name))
}

/// Whether a service of the repository's host reads the file with this path, which starts in the
/// repository.
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

/// The paths that the file may be a copy of, as far as its name says: the one without the marks of
/// copies, and those in lower case, because some file systems do not tell them apart.
pub(crate) fn originals(path: &Path) -> Vec<PathBuf> {
    let original = original(path);
    let lower = |path: &Path| path.with_file_name(name(path));
    let lower_original = original.as_deref().map(lower);
    let mut originals: Vec<_> = original.into_iter().collect();
    originals.extend([lower(path)].into_iter().chain(lower_original));
    originals.retain(|original| original != path);
    originals
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

/// Whether the ending of the name is that of a file which goes with another one, such as a
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

/// The path of the file that this one is a copy of, as far as its name says: `a/secret.yaml` for
/// `a/secret.yaml.bak`, `a/.secret.yaml.swp` or `a/secret (1).yaml`.
fn original(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let mut original = name.trim_start_matches(".#").trim_matches('#');
    let unhidden = original.strip_prefix('.').unwrap_or(original);
    let is_of_editor = |ending: &str| ending.len() == 1 || ending == "o";
    if let Some((rest, _)) = unhidden
        .rsplit_once(".sw")
        .filter(|(_, ending)| is_of_editor(ending))
    {
        original = rest;
    } else if let Some(rest) = unhidden.strip_suffix(".un~")
        && has_format(rest)
    {
        // The undo file of Vim.
        original = rest;
    }
    original = without_copy_endings(original);
    for begin in BEGINNINGS {
        original = original.strip_prefix(begin).unwrap_or(original);
    }
    // Desktops and merge tools put their marks before the extension.
    let extension = original
        .rfind('.')
        .filter(|at| *at > 0)
        .unwrap_or(original.len());
    let (stem, extension) = original.split_at(extension);
    let original = match without_copy_marks(stem) {
        // `a.yaml.dec.yaml`
        unmarked if unmarked != stem && has_format(unmarked) => unmarked.to_owned(),
        unmarked => format!("{unmarked}{extension}"),
    };
    let is_copy = original != name && !original.is_empty();
    is_copy.then(|| path.with_file_name(original))
}

/// Without endings such as `.bak`, `.old.2`, `-backup`, ` copy` and `~`.
fn without_copy_endings(mut name: &str) -> &str {
    loop {
        let rest = name.trim_end_matches('~');
        let rest = without_copy_ending(rest).unwrap_or(rest);
        if rest.len() == name.len() {
            return name;
        }
        name = rest;
    }
}

fn without_copy_ending(name: &str) -> Option<&str> {
    // Git names both sides of a conflict between a file and a directory like `a.yaml~HEAD`.
    if let Some((rest, _)) = name.rsplit_once('~')
        && has_format(rest)
    {
        return Some(rest);
    }
    if let Some((rest, ending)) = name.rsplit_once('.')
        && !rest.is_empty()
        && is_copy_ending(rest, ending)
    {
        return Some(rest);
    }
    // `.env-backup`, `secret.yaml copy 2`
    let (at, _) = name
        .rmatch_indices(['-', '_', ' '])
        .find(|(at, _)| has_format(&name[..*at]))?;
    let (rest, ending) = name.split_at(at);
    is_copy_ending(rest, &ending[1..]).then_some(rest)
}

/// Whether the end of a name, which follows `rest`, marks a copy: `bak`, `old2`, `copy 2`,
/// `old copy`, `r12`, `2026-01-01`.
fn is_copy_ending(rest: &str, ending: &str) -> bool {
    let ending = ending.to_ascii_lowercase();
    let mut parts = ending.split(['-', '_', ' ']);
    !ending.is_empty() && parts.all(|part| is_copy_word(rest, part))
}

fn is_copy_word(rest: &str, part: &str) -> bool {
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
    // Some of the words may also be a usual extension or the name of an environment.
    match word {
        "" => rest.contains('.'),
        "r" => part.len() > 1,
        "txt" | "patch" | "diff" | "un" => has_format(rest),
        word if SIDES.contains(&word) => {
            has_format(rest) && Format::from_path(Path::new(rest)) != Format::Dotenv
        }
        word => MARKS.contains(&word) || ENDINGS.contains(&word),
    }
}

/// Whether the name ends with an extension of a format, in whatever case.
fn has_format(name: &str) -> bool {
    Format::from_path(Path::new(&name.to_ascii_lowercase())) != Format::Binary
}

/// Whether a word before the extension marks a copy.
fn is_mark(word: &str) -> bool {
    MARKS.contains(&word) || word == KOPIE
}

/// Without what marks a copy at the end of a name: ` copy 2`, ` (1)`, ` - Copy`, `.bak`,
/// `_BACKUP_123`.
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
                let mut words = word.split(|c: char| !c.is_alphabetic());
                (before, is_number || words.any(is_mark))
            }
            None => {
                let named = stem.trim_end_matches(|c: char| c.is_ascii_digit());
                let has_number = named.len() < stem.len();
                let unnumbered = named.trim_end();
                if has_number && unnumbered.len() < named.len() && !unnumbered.is_empty() {
                    // The Finder of macOS numbers copies like this.
                    stem = unnumbered;
                    continue;
                }
                if let Some((before, _)) = stem.split_once(SYNC_MARK) {
                    return before;
                }
                let named = named.trim_end_matches(is_divider);
                let Some((before, word)) = named.rsplit_once(is_divider) else {
                    return stem;
                };
                let is_mark = is_mark(&word.to_ascii_lowercase());
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
            ("decrypted-settings.yaml", "settings.yaml"),
            ("settings.yaml.dec.yaml", "settings.yaml"),
            ("settings.tmp.yaml", "settings.yaml"),
            (".settings.yaml.un~", "settings.yaml"),
            ("..env.un~", ".env"),
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
        for ending in [
            ".dec",
            ".raw",
            ".edited",
            ".decrypted",
            ".plain",
            ".plaintext",
            ".clear",
            ".cleartext",
            ".new",
            ".mine",
            ".theirs",
            ".ours",
            ".r12",
            ".txt",
            ".DEC",
            ".patch",
            ".dec~",
            ".un~",
            "~HEAD",
            "~feature_x",
            "-backup",
            "_old",
            " copy",
            " copy 2",
            ".old copy",
            "-backup-2026-01-01",
        ] {
            for original_name in ["settings.yaml", "a.json", ".env", "prod.env", "a.ini"] {
                let name = format!("{original_name}{ending}");
                let found = original(Path::new(&name));
                assert_eq!(found.as_deref(), Some(Path::new(original_name)), "{name}");
            }
        }
        for side in ["base", "local", "remote", "BASE"] {
            let found = original(Path::new(&format!("a.yaml.{side}")));
            assert_eq!(found.as_deref(), Some(Path::new("a.yaml")), "{side}");
        }
        for mark in [
            ".dec",
            ".decrypted",
            "-decrypted",
            "_plain",
            ".plaintext",
            ".clear",
            ".new",
            ".mine",
            ".ours",
            ".theirs",
            " 2",
            ".sync-conflict-20260101-120000-ABCDEFG",
        ] {
            let found = original(Path::new(&format!("settings{mark}.yaml")));
            assert_eq!(found.as_deref(), Some(Path::new("settings.yaml")), "{mark}");
        }
        for name in [
            "settings.yaml",
            "settings.yaml.tmpl",
            "settings.yaml.example",
            "settings2.yaml",
            "settings (prod).yaml",
            "settings.local.yaml",
            "settings.base.yaml",
            "values-remote.yaml",
            "notes.txt",
            "fix-auth.patch",
            "a.b.txt",
            ".env.production",
            ".env.base",
            ".env-prod",
            "app.env.remote",
            "new.yaml",
            "clear.json",
            "r12.yaml",
            "settings (template).yaml",
            "settings (drawing).yaml",
            "backup-settings.yaml",
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
    fn other_letter_cases_are_copies() {
        for (name, expected) in [
            (".ENV", &[".env"][..]),
            ("Settings.YAML", &["settings.yaml"]),
            (
                "Settings.YAML.bak",
                &["Settings.YAML", "settings.yaml.bak", "settings.yaml"],
            ),
            ("settings.yaml", &[]),
        ] {
            let found = originals(Path::new(name));
            let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(found, expected, "{name}");
        }
    }

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
            let found = manifest_before(Path::new(name));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{name}");
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
