//! Resources that are decrypted in a build.

use crate::directory::{DATA, Directory, config, recipient, transformer};

/// Values that change if they are read or written differently than by the YAML library of
/// kustomize.
const ODD: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: odd\nstringData:\n  on: \"on\"\n  \"y\": \"no\"\n  date: \"2001-01-01\"\n  \
                   time: \"2001-01-01T00:00:00Z\"\n  number: \"1e3\"\n  octal: \"0o14\"\n  old: \"014\"\n  hex: \"0x10\"\n  float: \"1.50\"\n  \
                   tilde: \"~\"\n  empty: \"\"\n  space: \" x \"\n  tab: \"a\\tb\"\n  lines: |\n    a\n\n      b\n    c\n  more: \"a\\nb\\n\\n\"\n  \
                   folded: >-\n    a b\n    c\n  crlf: \"a\\r\\nb\"\n  quotes: \"\\\"'`\"\n  unicode: \"é 🦀 \\u2028 \\x01\"\n  colon: \"a: b #c\"\n  \
                   long: \"xxxxxxxxxxxxxxxxxxxx yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz wwwwwwwwwwwwwww\"\n";

/// Not secret, and in the same build.
const PLAIN: &str = "apiVersion: example.org/v1\nkind: Thing\nmetadata:\n  name: thing\nspec:\n  big: 18446744073709551615\n  int: -5\n  octal: 0o14\n  \
                     exponent: 1e300\n  float: 1.0\n  nothing: ~\n  bool: true\n  word: on\n  date: 2001-01-01\n  string: '2001-01-01'\n  list: [[], {}, [a, [b]]]\n  \
                     text: |+\n    a\n\n";

const CUSTOM: &str = "apiVersion: example.org/v1\nkind: Anything\nmetadata:\n  name: custom\nspec:\n  n: 5\n  f: 1.5\n  b: true\n  t: 2001-01-01\n  s: '5'\n  l:\n  - a\n  - \
                      k: v\n";

const PATCH: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: odd\n  annotations:\n    a: b\nstringData:\n  empty: null\n";

const ORIGINS: &str = "buildMetadata: [originAnnotations]\n";

/// Base, overlay, prefix, namespace, labels and a patch.
fn repository() -> Directory {
    let directory = Directory::with(&[
        (
            "base/kustomization.yaml",
            "resources: [odd.yaml, plain.yaml, custom.json, several.yaml]\n",
        ),
        ("base/plain.yaml", PLAIN),
        (
            "overlays/prod/kustomization.yaml",
            "resources: [../../base]\nnamePrefix: p-\nnamespace: prod\nlabels: [{pairs: {app: x}}]\npatches: [{path: patch.yaml}]\n",
        ),
        ("overlays/prod/patch.yaml", PATCH),
        ("sops.yaml", &transformer("")),
    ]);
    directory.encrypt_data("base/odd.yaml", ODD);
    let json = "{\"apiVersion\": \"example.org/v1\", \"kind\": \"Anything\", \"metadata\": {\"name\": \"json\"}, \"data\": {\"n\": 1, \"l\": [true, \"x\"]}}\n";
    directory.encrypt_data("base/custom.json", json);
    let several = format!(
        "{CUSTOM}---\n{}",
        CUSTOM.replace("name: custom", "name: other")
    );
    directory.encrypt(
        "base/several.yaml",
        &several,
        &[
            "--age",
            recipient(),
            "--unencrypted-regex",
            "^(apiVersion|kind|metadata)$",
        ],
    );
    directory
}

/// The output of kustomize for files that `sops` has decrypted in place.
fn expected(directory: &Directory, build: &str) -> String {
    for file in ["base/odd.yaml", "base/custom.json", "base/several.yaml"] {
        directory.decrypt(file);
    }
    directory.build_with(&[], build).quiet()
}

/// Adds lines to a kustomization.
fn add(directory: &Directory, name: &str, lines: &str) {
    let text = directory.read(name);
    directory.write(name, &format!("{text}{lines}"));
}

#[test]
fn a_build_equals_that_of_the_decrypted_files() {
    let overlay = "overlays/prod/kustomization.yaml";
    for (transformed, built) in [
        (overlay, "overlays/prod"),
        ("base/kustomization.yaml", "overlays/prod"),
        ("base/kustomization.yaml", "base"),
    ] {
        let directory = repository();
        add(&directory, &format!("{built}/kustomization.yaml"), ORIGINS);
        let plain = directory.read(transformed);
        let own = transformed.replace("kustomization.yaml", "sops.yaml");
        directory.write(&own, &transformer("mac: require\n"));
        add(&directory, transformed, "transformers: [sops.yaml]\n");
        let found = directory.build(built).quiet();
        assert!(!found.contains("ENC["), "{found}");

        let origins = if transformed.starts_with(built) {
            ORIGINS
        } else {
            ""
        };
        directory.write(transformed, &plain.replace(ORIGINS, ""));
        add(&directory, transformed, origins);
        assert_eq!(found, expected(&directory, built), "{transformed} {built}");
    }
}

#[test]
fn without_origins_the_build_warns_or_fails_or_is_silent() {
    let directory = repository();
    add(
        &directory,
        "overlays/prod/kustomization.yaml",
        "transformers: [sops.yaml]\n",
    );
    directory.write("overlays/prod/sops.yaml", &transformer(""));
    let built = directory.build("overlays/prod");
    let warning =
        "sops-rs-krm: warning: Secret prod/p-odd: the MAC was not verified (in 4 resources): ";
    assert!(built.stderr.starts_with(warning), "{}", built.stderr);
    let warned = built.succeeds();

    directory.write("overlays/prod/sops.yaml", &transformer("mac: require\n"));
    let message = directory.build("overlays/prod").fails();
    assert!(
        message.contains("`mac: require`, but the MAC cannot be verified"),
        "{message}"
    );

    directory.write("overlays/prod/sops.yaml", &transformer("mac: ignore\n"));
    assert_eq!(directory.build("overlays/prod").quiet(), warned);

    let plain = directory.read("overlays/prod/kustomization.yaml");
    directory.write(
        "overlays/prod/kustomization.yaml",
        &plain.replace("transformers: [sops.yaml]\n", ""),
    );
    assert_eq!(expected(&directory, "overlays/prod"), warned);
}

#[test]
fn altered_values_are_not_built() {
    let directory = repository();
    directory.write("base/sops.yaml", &transformer(""));
    add(
        &directory,
        "base/kustomization.yaml",
        "transformers: [sops.yaml]\nbuildMetadata: [originAnnotations]\n",
    );
    let file = directory.read("base/odd.yaml");
    for (from, to, message) in [
        (
            "    hex: ENC",
            "    hax: ENC",
            "Secret odd: odd.yaml: stringData.hax: the encrypted value was altered, moved here from another key, or copied from a version before the last `rotate`",
        ),
        (
            "name: odd",
            "name: even",
            "Secret even: odd.yaml: MAC mismatch",
        ),
        (
            "    hex: ENC",
            "    hox: 5\n    hex: ENC",
            "Secret odd: odd.yaml: stringData.hox: the file's rule covers this value",
        ),
    ] {
        assert!(file.contains(from), "{file}");
        directory.write("base/odd.yaml", &file.replacen(from, to, 1));
        let found = directory.build("base").fails();
        assert!(
            found.starts_with(&format!("sops-rs-krm: error: {message}")),
            "{found}"
        );
    }
    // By a patch, which no MAC covers: the values must still be those of the file.
    directory.write("base/odd.yaml", &file);
    let value = file.lines().find_map(|line| line.strip_prefix("    hex: "));
    let patch = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: odd}}\nstringData: {{hax: \"{}\"}}\n",
        value.expect("the document is encrypted")
    );
    directory.write("base/patch.yaml", &patch);
    add(
        &directory,
        "base/kustomization.yaml",
        "patches: [{path: patch.yaml}]\n",
    );
    let found = directory.build("base").fails();
    let message = "sops-rs-krm: error: Secret odd: odd.yaml: stringData.hax: the file has this encrypted value at another position; remove the patch that moves it";
    assert!(found.starts_with(message), "{found}");
}

/// A pod with encrypted values in lists that kustomize merges by `name`.
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\nspec:\n  containers:\n  - name: one\n    env:\n    - name: A\n      value: s3cret\n    - \
                   name: B\n      value: t0psecret\n  - name: two\n    env:\n    - name: A\n      value: other\n";

#[test]
fn patches_that_keep_the_object_are_built() {
    let patch = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\n  labels: {a: b}\nspec:\n  containers:\n  - name: two\n    image: x\n  - name: zero\n  - name: \
                 one\n    env: [{name: C, value: c}]\n";
    let overlay = "resources: [../base]\nnamePrefix: p-\nnameSuffix: -s\nnamespace: prod\n";
    let directory = Directory::with(&[
        (
            "base/kustomization.yaml",
            "resources: [pod.yaml, odd.yaml]\nnamePrefix: b-\nnameSuffix: -b\nnamespace: base\n",
        ),
        ("overlay/kustomization.yaml", overlay),
        (
            "overlay/patch.yaml",
            &patch.replace("name: pod", "name: b-pod-b\n  namespace: base"),
        ),
        ("overlay/sops.yaml", &transformer("mac: require\n")),
    ]);
    directory.encrypt(
        "base/pod.yaml",
        POD,
        &["--age", recipient(), "--encrypted-regex", "^value$"],
    );
    directory.encrypt_data("base/odd.yaml", ODD);
    let patches = "patches: [{path: patch.yaml}, {target: {kind: Secret}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/labels\", \"value\": {\"c\": \"d\"}}]'}]\n";
    directory.write(
        "overlay/kustomization.yaml",
        &format!("{overlay}{patches}{ORIGINS}transformers: [sops.yaml]\n"),
    );
    // The patch adds plaintext to the list, which the rule does not allow.
    let found = directory.build("overlay").fails();
    assert!(found.contains("spec.containers"), "{found}");
    directory.write(
        "overlay/patch.yaml",
        &patch
            .replace("name: pod", "name: b-pod-b\n  namespace: base")
            .replace("{name: C, value: c}", "{name: B, value: \"\"}, {name: C}"),
    );
    let found = directory.build("overlay").quiet();
    for file in ["base/pod.yaml", "base/odd.yaml"] {
        directory.decrypt(file);
    }
    directory.write(
        "overlay/kustomization.yaml",
        &format!("{overlay}{patches}{ORIGINS}"),
    );
    assert_eq!(found, directory.build_with(&[], "overlay").quiet());
}

#[test]
fn patches_that_change_the_object_are_not_built() {
    let target = "target: {kind: Secret, name: odd}";
    let options = "options: {allowNameChange: true, allowKindChange: true}";
    for (patch, message) in [
        (
            format!(
                "{{{target}, patch: '[{{\"op\": \"replace\", \"path\": \"/kind\", \"value\": \"ConfigMap\"}}]'}}"
            ),
            "ConfigMap odd: odd.yaml: kind: the file has `kind: Secret`, but this resource has `kind: ConfigMap`",
        ),
        (
            format!(
                "{{{target}, {options}, patch: '{{apiVersion: v1, kind: ConfigMap, metadata: {{name: odd}}}}'}}"
            ),
            "ConfigMap odd: odd.yaml: kind: the file has `kind: Secret`, but this resource has `kind: ConfigMap`",
        ),
        (
            format!(
                "{{{target}, patch: '[{{\"op\": \"replace\", \"path\": \"/apiVersion\", \"value\": \"v2\"}}]'}}"
            ),
            "Secret odd: odd.yaml: apiVersion: the file has `apiVersion: v1`, but this resource has `apiVersion: v2`",
        ),
        (
            format!(
                "{{{target}, {options}, patch: '{{apiVersion: v1, kind: Secret, metadata: {{name: even}}}}'}}"
            ),
            "Secret even: odd.yaml: metadata.name: the name in the file is `odd`",
        ),
        (
            format!(
                "{{{target}, patch: '[{{\"op\": \"remove\", \"path\": \"/metadata/annotations\"}}]'}}"
            ),
            "`mac: require`, but the MAC cannot be verified: ",
        ),
    ] {
        let directory = Directory::with(&[
            (
                "kustomization.yaml",
                &format!(
                    "resources: [odd.yaml]\ntransformers: [sops.yaml]\npatches: [{patch}]\n{ORIGINS}"
                ),
            ),
            ("sops.yaml", &transformer("mac: require\n")),
        ]);
        directory.encrypt_data("odd.yaml", ODD);
        let found = directory.build("").fails();
        assert!(found.contains(message), "{patch}\n{found}");
    }
}

/// Someone who can write to the repository but has no key puts the values of one object into
/// another.
#[test]
fn encrypted_values_of_another_file_are_not_built() {
    for origins in ["", ORIGINS] {
        let directory = Directory::with(&[
            (
                "kustomization.yaml",
                &format!("resources: [public.yaml]\ntransformers: [sops.yaml]\n{origins}"),
            ),
            ("sops.yaml", &transformer("mac: require\n")),
        ]);
        directory.encrypt_data("prod/secret.yaml", ODD);
        let annotations = [
            "metadata:",
            "    annotations:",
            "        config.kubernetes.io/origin: |",
            "            path: prod/secret.yaml",
            "        internal.config.kubernetes.io/prefixes: x-",
            "        internal.config.kubernetes.io/previousKinds: Secret",
            "        internal.config.kubernetes.io/previousNames: odd",
            "        internal.config.kubernetes.io/previousNamespaces: default\n",
        ]
        .join("\n");
        let public = directory
            .read("prod/secret.yaml")
            .replacen("metadata:\n", &annotations, 1)
            .replace("kind: Secret", "kind: ConfigMap");
        directory.write("public.yaml", &public);
        let found = directory.build("").fails();
        let message = match origins {
            // The annotation in the file is used.
            "" => "ConfigMap odd: prod/secret.yaml: kind: ",
            // kustomize writes its own annotation, and the MAC of that file covers another kind.
            _ => "ConfigMap odd: public.yaml: MAC mismatch",
        };
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn ciphertext_without_metadata_is_not_built() {
    let patch = "apiVersion: v1\nkind: Secret\nmetadata: {name: odd}\nsops: null\n";
    for (more, location) in [
        (
            "resources: [odd.yaml]\npatches: [{path: patch.yaml}]\n",
            "Secret odd: stringData.colon: ",
        ),
        (
            "secretGenerator: [{name: env, envs: [enc.env]}]\n",
            "data.PASSWORD: ",
        ),
    ] {
        let directory = repository();
        directory.write("base/patch.yaml", patch);
        directory.encrypt("base/enc.env", "PASSWORD=s3cret\n", &["--age", recipient()]);
        directory.write(
            "base/kustomization.yaml",
            &format!("{more}transformers: [sops.yaml]\n"),
        );
        for policy in ["mac: require\n", "mac: ignore\n", ""] {
            directory.write("base/sops.yaml", &transformer(policy));
            let found = directory.build("base").fails();
            let message = "this value is encrypted, but the resource has no `sops` metadata";
            assert!(found.contains(&format!("{location}{message}")), "{found}");
        }
    }
}

#[test]
fn flags_decide_whether_functions_run() {
    let directory = repository();
    directory.write("base/sops.yaml", &transformer("mac: ignore\n"));
    add(
        &directory,
        "base/kustomization.yaml",
        "transformers: [sops.yaml]\n",
    );
    let ignored = directory
        .build_with(&["--enable-alpha-plugins"], "base")
        .quiet();
    assert!(
        ignored.contains("ENC["),
        "with only one flag, nothing is decrypted or reported"
    );
    let refused = directory.build_with(&[], "base").fails();
    assert!(refused.contains("external plugins disabled"), "{refused}");
}

#[test]
fn configurations_are_read_strictly() {
    let directory = repository();
    add(
        &directory,
        "base/kustomization.yaml",
        "transformers: [sops.yaml]\n",
    );
    for (config, message) in [
        (
            transformer("mca: ignore\n"),
            "SopsDecrypt sops: mca: unknown key `mca`",
        ),
        (
            config("krm.sops-rs/v1alpha1", "SopsLimt", ""),
            "unknown configuration with apiVersion",
        ),
    ] {
        directory.write("base/sops.yaml", &config);
        let found = directory.build("base").fails();
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn one_build_may_use_pgp_and_age_keys() {
    let directory = Directory::with(&[
        (
            "kustomization.yaml",
            "resources: [pgp.yaml, age.yaml]\ntransformers: [sops.yaml]\nbuildMetadata: [originAnnotations]\n",
        ),
        ("sops.yaml", &transformer("mac: require\n")),
    ]);
    let key = directory.pgp_key();
    directory.encrypt("pgp.yaml", ODD, &["--pgp", &key, "--encrypted-regex", DATA]);
    directory.encrypt_data("age.yaml", &ODD.replace("name: odd", "name: age"));
    let found = directory.build("").quiet();
    for file in ["pgp.yaml", "age.yaml"] {
        directory.decrypt(file);
    }
    let plain = directory.read("kustomization.yaml");
    let plain = plain.replace("transformers: [sops.yaml]\n", "");
    directory.write("kustomization.yaml", &plain);
    assert_eq!(found, directory.build_with(&[], "").quiet());
}
