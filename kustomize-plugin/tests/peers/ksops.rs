//! Configurations of ksops, taken from its README and built with the real kustomize: as a KRM
//! function, and as the exec plugin of its legacy form. The expected results follow from its
//! documentation.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::directory::{Directory, config};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: mysecret\ntype: Opaque\ndata:\n  username: YWRtaW4=\n  password: MWYyZDFlMmU2N2Rm\n";
const BUILT: &str = "apiVersion: v1\ndata:\n  password: MWYyZDFlMmU2N2Rm\n  username: YWRtaW4=\nkind: Secret\nmetadata:\n  name: mysecret\ntype: Opaque\n";

/// A configuration of the legacy form, which does not name a function.
fn legacy(more: &str) -> String {
    format!("apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: example\n{more}")
}

#[test]
fn any_version_of_the_kind_is_built() {
    for version in ["viaduct.ai/v1", "viaduct.ai/v2", "example.com/v1beta1"] {
        let directory = Directory::with(&[
            ("kustomization.yaml", "generators: [g.yaml]\n"),
            (
                "g.yaml",
                &config(version, "ksops", "files: [./secret.enc.yaml]\n"),
            ),
        ]);
        directory.encrypt_data("secret.enc.yaml", SECRET);
        assert_eq!(directory.build("").quiet(), BUILT, "{version}");
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
            let directory = Directory::with(&[
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
            directory.encrypt_data("secret.enc.yaml", &secret);
            directory.encrypt(
                "a.enc.env",
                "A=1\n",
                &["--age", crate::directory::recipient()],
            );
            directory.install_plugin("viaduct.ai/v1/ksops", "ksops");
            directory.build("").quiet()
        };
        // The test key is the same, but the data keys differ, and so do strings that contain
        // ciphertext.
        let found = build(&legacy(&more));
        assert_eq!(found, build(&config("viaduct.ai/v1", "ksops", &more)));
        assert!(found.contains("name: p-"), "{found}");
        assert!(!found.contains("ENC["), "{found}");
    }
    let directory = Directory::with(&[
        ("kustomization.yaml", "generators: [g.yaml]\n"),
        ("g.yaml", &legacy("files: [none.yaml]\n")),
    ]);
    directory.install_plugin("viaduct.ai/v1/ksops", "ksops");
    let found = directory.build("").fails();
    assert!(
        found.contains("ksops example: none.yaml: there is no such file"),
        "{found}"
    );
}

/// The init container of Argo CD: afterwards, the directory has everything that a build needs.
#[test]
fn install_creates_a_directory_with_everything_a_build_needs() {
    let directory = Directory::with(&[
        ("kustomization.yaml", "generators: [g.yaml]\n"),
        (
            "g.yaml",
            &config("viaduct.ai/v1", "ksops", "files: [secret.enc.yaml]\n")
                .replace("sops-rs-krm", "ksops"),
        ),
    ]);
    directory.encrypt_data("secret.enc.yaml", SECRET);
    let tools = directory.path("tools");
    for _ in 0..2 {
        let program = env!("CARGO_BIN_EXE_sops-rs-krm");
        let mut install = Command::new(program);
        let output = install
            .args(["install", "--with-kustomize"])
            .arg(&tools)
            .output();
        let output = output.expect("the program runs");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{message}");
        assert_eq!(
            message.matches("sops-rs-krm: installed ").count(),
            2,
            "{message}"
        );
    }
    let mut names: Vec<_> = fs::read_dir(&tools)
        .expect("the list was created")
        .map(|entry| entry.expect("the entry exists"))
        .map(|entry| {
            let mode = entry
                .metadata()
                .expect("the entry exists")
                .permissions()
                .mode();
            (
                entry.file_name().into_string().expect("the text is UTF-8"),
                mode & 0o777,
            )
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [("ksops".to_owned(), 0o755), ("kustomize".to_owned(), 0o755)]
    );
    let found = directory.build_with_tools(&tools, "");
    assert_eq!(found.quiet(), BUILT);
    for arguments in [&["install"][..], &["install", "a", "b"], &["--unknown"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_sops-rs-krm"))
            .args(arguments)
            .output();
        let output = output.expect("the program runs");
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("install [--with-kustomize] DIR"));
    }
}
