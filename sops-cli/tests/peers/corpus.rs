//! Real files: every YAML file below the folder that `SOPS_RS_CORPUS` names.

use std::path::{Path, PathBuf};

use sops_core::Format;

use crate::{generated, peer};

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder's entry").path())
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

/// Whether the official suite counts the file as no YAML.
fn is_invalid(file: &Path) -> bool {
    file.parent()
        .is_some_and(|folder| folder.ends_with("yaml-test-suite/invalid"))
}

#[test]
fn real_files_come_back_and_sops_reads_them() {
    let folder =
        std::env::var_os("SOPS_RS_CORPUS").expect("SOPS_RS_CORPUS names a folder of YAML files");
    let mut files = Vec::new();
    yaml_files(Path::new(&folder), &mut files);
    let (mut encrypted, mut refused) = (0, 0);
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else {
            continue;
        };
        let theirs = peer::sops_encrypt(&text, Format::Yaml, &[]);
        match peer::encrypt(&text, Format::Yaml, |_| {}) {
            Ok(ours) => {
                encrypted += 1;
                let back = peer::decrypt(&ours, Format::Yaml)
                    .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
                assert!(back == text, "{} does not come back", file.display());
                // What `sops` does not take before, it does not read behind.
                if theirs.is_some() {
                    let read = peer::sops_decrypt(&ours, Format::Yaml);
                    let read = read.unwrap_or_else(|error| {
                        panic!("{}: `sops` cannot read ours: {error}", file.display())
                    });
                    assert!(
                        !read.contains("ENC[AES256"),
                        "{}: `sops` leaves ciphertext",
                        file.display()
                    );
                }
            }
            Err(error) => {
                refused += 1;
                // Go's library takes some texts that are no YAML; aliases as keys are ours to refuse.
                assert!(
                    theirs.is_none()
                        || is_invalid(file)
                        || error.to_string().contains("alias as a key"),
                    "{}: `sops` encrypts it, we refuse it: {error}",
                    file.display()
                );
            }
        }
        if let Some(theirs) = theirs {
            let expected =
                peer::sops_decrypt(&theirs, Format::Yaml).expect("`sops` reads its own file");
            let read = peer::decrypt(&theirs, Format::Yaml)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert!(
                read == expected
                    || generated::differs_in_places_of_comments(&read, &expected, Format::Yaml),
                "{}: we decrypt what `sops` made of it to\n{read}\nand it to\n{expected}",
                file.display()
            );
        }
    }
    println!(
        "{} files: {encrypted} encrypted, {refused} refused by both",
        files.len()
    );
    assert!(
        encrypted > 0,
        "no file of {} could be encrypted",
        Path::new(&folder).display()
    );
}
