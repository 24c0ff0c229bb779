//! Configurations of ksops, taken from its README and built with the real kustomize: as a KRM function, and as the exec plugin of its legacy
//! form. What is expected follows from its documentation.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::folder::{Folder, config};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: mysecret\ntype: Opaque\ndata:\n  username: YWRtaW4=\n  password: MWYyZDFlMmU2N2Rm\n";
const BUILT: &str = "apiVersion: v1\ndata:\n  password: MWYyZDFlMmU2N2Rm\n  username: YWRtaW4=\nkind: Secret\nmetadata:\n  name: mysecret\ntype: Opaque\n";

/// A configuration of the legacy form, which names no function.
fn legacy(more: &str) -> String {
    format!("apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: example\n{more}")
}

#[test]
fn any_version_of_the_kind_is_built() {
    for version in ["viaduct.ai/v1", "viaduct.ai/v2", "example.com/v1beta1"] {
        let folder = Folder::with(&[
            ("kustomization.yaml", "generators: [g.yaml]\n"),
            (
                "g.yaml",
                &config(version, "ksops", "files: [./secret.enc.yaml]\n"),
            ),
        ]);
        folder.encrypt_data("secret.enc.yaml", SECRET);
        assert_eq!(folder.build("").quiet(), BUILT, "{version}");
    }
}

#[test]
fn the_legacy_form_is_built_like_the_function() {
    let file = "files: [./secret.enc.yaml]\n";
    let from = "secretFrom:\n- metadata:\n    name: s\n    annotations: {kustomize.config.k8s.io/needs-hash: \"true\"}\n  type: Opaque\n  \
                files: [k=./secret.enc.yaml]\n  envs: [./a.enc.env]\n";
    let merging = SECRET.replace(
        "name: mysecret",
        "name: mysecret\n  annotations: {kustomize.config.k8s.io/behavior: merge}",
    );
    for (more, secret, resources) in [
        (file.to_owned(), SECRET.to_owned(), ""),
        (
            file.to_owned(),
            format!("{SECRET}---\n{}", SECRET.replace("mysecret", "another")),
            "",
        ),
        (from.to_owned(), SECRET.to_owned(), ""),
        (format!("{file}{from}"), SECRET.to_owned(), ""),
        (file.to_owned(), merging, "resources: [base.yaml]\n"),
    ] {
        let build = |generator: &str| {
            let folder = Folder::with(&[
                (
                    "kustomization.yaml",
                    &format!("{resources}namePrefix: p-\ngenerators: [g.yaml]\n"),
                ),
                ("g.yaml", generator),
                (
                    "base.yaml",
                    "apiVersion: v1\nkind: Secret\nmetadata: {name: mysecret}\ndata: {base: eA==}\n",
                ),
            ]);
            folder.encrypt_data("secret.enc.yaml", &secret);
            folder.encrypt("a.enc.env", "A=1\n", &["--age", crate::folder::recipient()]);
            folder.install_plugin("viaduct.ai/v1/ksops", "ksops");
            folder.build("").quiet()
        };
        // The test key is the same; the data keys differ, and so do texts with ciphertext in them.
        let found = build(&legacy(&more));
        assert_eq!(found, build(&config("viaduct.ai/v1", "ksops", &more)));
        assert!(found.contains("name: p-"), "{found}");
        assert!(!found.contains("ENC["), "{found}");
    }
    let folder = Folder::with(&[
        ("kustomization.yaml", "generators: [g.yaml]\n"),
        ("g.yaml", &legacy("files: [none.yaml]\n")),
    ]);
    folder.install_plugin("viaduct.ai/v1/ksops", "ksops");
    let found = folder.build("").fails();
    assert!(
        found.contains("ksops example: none.yaml: there is no such file"),
        "{found}"
    );
}

/// The init container of Argo CD: afterwards the directory has all that a build needs.
#[test]
fn install_makes_a_directory_with_all_that_a_build_needs() {
    let folder = Folder::with(&[
        ("kustomization.yaml", "generators: [g.yaml]\n"),
        (
            "g.yaml",
            &config("viaduct.ai/v1", "ksops", "files: [secret.enc.yaml]\n")
                .replace("sops-rs-krm", "ksops"),
        ),
    ]);
    folder.encrypt_data("secret.enc.yaml", SECRET);
    let tools = folder.path("tools");
    for _ in 0..2 {
        let program = env!("CARGO_BIN_EXE_sops-rs-krm");
        let mut install = Command::new(program);
        let output = install
            .args(["install", "--with-kustomize"])
            .arg(&tools)
            .output();
        let output = output.expect("it runs");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{message}");
        assert_eq!(
            message.matches("sops-rs-krm: installed ").count(),
            2,
            "{message}"
        );
    }
    let mut names: Vec<_> = fs::read_dir(&tools)
        .expect("it was made")
        .map(|entry| entry.expect("it is there"))
        .map(|entry| {
            let mode = entry.metadata().expect("it is there").permissions().mode();
            (
                entry.file_name().into_string().expect("it is UTF-8"),
                mode & 0o777,
            )
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [("ksops".to_owned(), 0o755), ("kustomize".to_owned(), 0o755)]
    );
    let found = folder.build_with_tools(&tools, "");
    assert_eq!(found.quiet(), BUILT);
    for arguments in [&["install"][..], &["install", "a", "b"], &["--unknown"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_sops-rs-krm"))
            .args(arguments)
            .output();
        let output = output.expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("install [--with-kustomize] DIR"));
    }
}
