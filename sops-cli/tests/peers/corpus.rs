//! Real files: every YAML file below the directory that `SOPS_RS_CORPUS` names.

use std::path::{Path, PathBuf};

use sops_core::Format;

use crate::{generated, peer};

fn yaml_files(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("a directory's entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            found.push(path);
        }
    }
}

/// Files that `sops` accepts and this program refuses, with a part of the message.
const REFUSED: [(&str, &str); 6] = [
    ("valid/26DV.yaml", "an alias is used as a key"),
    ("valid/4ABK.yaml", "a `:` directly before a comma"),
    ("valid/652Z.yaml", "with a `?`"),
    ("valid/E76Z.yaml", "an alias is used as a key"),
    ("valid/UKK6-02.yaml", "a null document"),
    ("valid/Y2GN.yaml", "characters other than"),
];

/// Whether the official suite says that the file is not YAML.
fn is_invalid(file: &Path) -> bool {
    file.parent()
        .is_some_and(|directory| directory.ends_with("yaml-test-suite/invalid"))
}

/// Whether both programs agree on one file; an error describes the difference. `Ok(false)` means
/// that both refuse it.
fn check(file: &Path, text: &str) -> Result<bool, String> {
    let theirs = peer::sops_encrypt(text, Format::Yaml, &[]);
    let refusal = REFUSED.iter().find(|(name, _)| file.ends_with(name));
    let ours = match (peer::encrypt(text, Format::Yaml, |_| {}), refusal) {
        (Ok(_), Some(_)) => return Err("it is listed as refused".into()),
        (Ok(ours), None) => Some(ours),
        (Err(error), Some((_, part))) if error.to_string().contains(part) => None,
        // Go's library accepts some files that are not YAML.
        (Err(_), None) if theirs.is_none() || is_invalid(file) => None,
        (Err(error), _) => return Err(format!("`sops` encrypts it, we refuse it: {error}")),
    };
    if let Some(ours) = &ours {
        let back = peer::decrypt(ours, Format::Yaml)
            .map_err(|error| format!("we cannot decrypt ours: {error}"))?;
        if back != text {
            return Err("it does not come back".into());
        }
        // If `sops` does not accept the plaintext, it does not read the result either.
        if theirs.is_some() {
            let read = peer::sops_decrypt(ours, Format::Yaml)
                .map_err(|error| format!("`sops` cannot read ours: {error}"))?;
            if read.contains("ENC[AES256") {
                return Err("`sops` leaves ciphertext".into());
            }
        }
    }
    // `sops` cannot read some of its own files.
    if let Some(theirs) = &theirs
        && let Ok(expected) = peer::sops_decrypt(theirs, Format::Yaml)
    {
        let read = peer::decrypt(theirs, Format::Yaml)
            .map_err(|error| format!("we cannot decrypt theirs: {error}"))?;
        generated::compare(&read, &expected, Format::Yaml).map_err(|difference| {
            format!(
                "we decrypt what `sops` made of it to\n{read}\nand it to\n{expected}\n{difference}"
            )
        })?;
    }
    Ok(ours.is_some())
}

#[test]
fn real_files_round_trip_and_sops_reads_them() {
    let directory =
        std::env::var_os("SOPS_RS_CORPUS").expect("SOPS_RS_CORPUS names a directory of YAML files");
    let mut files = Vec::new();
    yaml_files(Path::new(&directory), &mut files);
    let (mut encrypted, mut failures) = (0, Vec::new());
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else {
            continue;
        };
        match check(file, &text) {
            Ok(done) => encrypted += usize::from(done),
            Err(failure) => failures.push(format!("{}: {failure}", file.display())),
        }
    }
    println!("{} files: {encrypted} encrypted", files.len());
    assert!(
        failures.is_empty(),
        "{} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(
        encrypted > 0,
        "no file of {} could be encrypted",
        Path::new(&directory).display()
    );
}
