//! Determines which file another file is a copy of.

use std::path::{Path, PathBuf};

use super::copy_marks::{has_format, without_copy_endings, without_copy_marks};
use super::lower_case::name;

/// The beginnings of the names of copies.
const BEGINNINGS: [&str; 6] = [
    "Copy of ",
    "copy of ",
    "decrypted-",
    "decrypted_",
    "decrypted.",
    "unencrypted-",
];

/// The paths that the file may be a copy of, as far as its name says: the one without the marks of
/// copies, and those in lower case, because some file systems do not distinguish them.
pub(crate) fn originals(path: &Path) -> Vec<PathBuf> {
    let original = original(path);
    let lower = |path: &Path| path.with_file_name(name(path));
    let lower_original = original.as_deref().map(lower);
    let mut originals: Vec<_> = original.into_iter().collect();
    originals.extend([lower(path)].into_iter().chain(lower_original));
    originals.retain(|original| original != path);
    originals
}

/// The path of the file that this one is a copy of, as far as its name says: `a/secret.yaml` for
/// `a/secret.yaml.bak`, `a/.secret.yaml.swp` or `a/secret (1).yaml`.
pub(super) fn original(path: &Path) -> Option<PathBuf> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_recognized_by_their_names() {
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
            let path = original(Path::new(name));
            assert_eq!(path.as_deref(), Some(Path::new(expected)), "{name}");
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
                let path = original(Path::new(&name));
                assert_eq!(path.as_deref(), Some(Path::new(original_name)), "{name}");
            }
        }
        for side in ["base", "local", "remote", "BASE"] {
            let path = original(Path::new(&format!("a.yaml.{side}")));
            assert_eq!(path.as_deref(), Some(Path::new("a.yaml")), "{side}");
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
            let path = original(Path::new(&format!("settings{mark}.yaml")));
            assert_eq!(path.as_deref(), Some(Path::new("settings.yaml")), "{mark}");
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
            let paths = originals(Path::new(name));
            let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(paths, expected, "{name}");
        }
    }
}
