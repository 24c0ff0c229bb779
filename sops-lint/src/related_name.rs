//! Determines by name which other files a file may be a version of: an encrypted file, or one with
//! the other YAML extension.

use std::path::{Path, PathBuf};

use crate::file_name::{manifest_before, originals};

/// Marks of encrypted files in their names.
const ENCRYPTED: [&str; 4] = ["enc", "encrypted", "sops", "crypt"];

/// Marks of decrypted files in their names. Other words, such as `plain`, may also mark a file that
/// was never a secret.
const DECRYPTED: [&str; 2] = ["dec", "decrypted"];

/// The two YAML extensions.
const YAML: [&str; 2] = ["yaml", "yml"];

/// The paths of files that a file may be a decrypted copy of, judging by its name.
pub(crate) fn related(path: &Path) -> Vec<PathBuf> {
    let mut plain = vec![path.to_owned()];
    plain.extend(originals(path));
    plain.extend(manifest_before(path));
    let other: Vec<_> = plain.iter().filter_map(|path| other_yaml(path)).collect();
    plain.extend(other);
    let mut related: Vec<_> = plain.iter().flat_map(|path| encrypted(path)).collect();
    related.extend(plain.into_iter().skip(1));
    related
}

/// The paths by which a creation rule may also be meant for this file: with the other YAML
/// extension, and the encrypted versions that the name implies, such as `a.enc.yaml` for
/// `a.dec.yaml`.
pub(crate) fn meant(path: &Path, originals: &[PathBuf]) -> Vec<PathBuf> {
    let mut meant = match has_mark(path, &DECRYPTED) {
        true => originals.iter().flat_map(|path| encrypted(path)).collect(),
        false => Vec::new(),
    };
    let with_other = [path]
        .into_iter()
        .chain(originals.iter().map(|path| &**path));
    meant.extend(with_other.filter_map(other_yaml));
    meant
}

/// The names that the encrypted version of a file may have.
fn encrypted(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let with_mark = |mark: &&str| {
        let inside = name.rsplit_once('.').into_iter();
        let inside = inside.flat_map(move |(stem, ending)| {
            ['.', '-'].map(|divider| format!("{stem}{divider}{mark}.{ending}"))
        });
        let names = [format!("{name}.{mark}")].into_iter().chain(inside);
        names
            .map(|name| path.with_file_name(name))
            .collect::<Vec<_>>()
    };
    ENCRYPTED.iter().flat_map(with_mark).collect()
}

/// Whether the name says that the file is encrypted.
pub(crate) fn is_encrypted(path: &Path) -> bool {
    has_mark(path, &ENCRYPTED)
}

/// Whether a part of the name is one of the marks.
fn has_mark(path: &Path, marks: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut parts = name.split(['.', '-', '_', ' ']);
    parts.any(|part| marks.iter().any(|mark| part.eq_ignore_ascii_case(mark)))
}

/// The path with `.yml` instead of `.yaml`, or the reverse.
fn other_yaml(path: &Path) -> Option<PathBuf> {
    let extension = path.extension()?;
    let own = YAML
        .iter()
        .position(|own| extension.eq_ignore_ascii_case(own))?;
    Some(path.with_extension(YAML[1 - own]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encrypted_version_of_a_copy_is_found() {
        for (name, expected) in [
            ("a/x.yaml", "a/x.enc.yaml"),
            ("x.yaml", "x.yaml.enc"),
            ("x.yaml", "x-sops.yaml"),
            ("x.yml", "x.enc.yaml"),
            ("x.dec.yaml", "x.enc.yaml"),
            ("x-copy.yaml", "x.sops.yaml"),
            ("x.decrypted.yaml", "x.yaml.enc"),
            ("x.yaml.dec", "x.enc.yaml"),
            ("x.yaml.bak", "x.yaml"),
            ("x.yaml.raw", "x.enc.yaml"),
            ("x.new.yml", "x.enc.yaml"),
            (".env", ".env.enc"),
        ] {
            let paths = related(Path::new(name));
            assert!(
                paths.contains(&PathBuf::from(expected)),
                "{name}: {paths:?}"
            );
            assert!(!paths.contains(&PathBuf::from(name)), "{name}");
        }
        for (name, other) in [("x.yaml", "y.enc.yaml"), ("x-prod.yaml", "x.enc.yaml")] {
            let paths = related(Path::new(name));
            assert!(!paths.contains(&PathBuf::from(other)), "{name}");
        }
    }

    #[test]
    fn a_rule_is_meant_for_decrypted_files_and_for_the_other_extension_of_yaml() {
        for (name, expected) in [
            ("a.enc.yml", "a.enc.yaml"),
            ("a.enc.YAML", "a.enc.yml"),
            ("a.enc.yml.bak", "a.enc.yaml"),
            ("a.dec.yaml", "a.enc.yaml"),
            ("a.dec.yaml", "a.sops.yaml"),
            ("a.yaml.decrypted", "a.enc.yaml"),
        ] {
            let paths = meant(Path::new(name), &originals(Path::new(name)));
            assert!(
                paths.contains(&PathBuf::from(expected)),
                "{name}: {paths:?}"
            );
        }
        for name in ["a.json", "a.enc.json", "a.env", "Makefile", ""] {
            let paths = meant(Path::new(name), &originals(Path::new(name)));
            assert!(paths.is_empty(), "{name}");
        }
        for name in ["a.plain.yaml", "a.yaml", "decode.yaml"] {
            let paths = meant(Path::new(name), &originals(Path::new(name)));
            assert!(!paths.contains(&PathBuf::from("a.enc.yaml")), "{name}");
        }
    }
}
