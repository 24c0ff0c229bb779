//! Resources that are generated from encrypted files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::directory::{Directory, config, recipient};

const OWN: (&str, &str) = ("krm.sops-rs/v1alpha1", "SopsGenerator");
const KSOPS: (&str, &str) = ("viaduct.ai/v1", "ksops");

fn secret(name: &str, annotations: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  annotations: {annotations}\nstringData:\n  a: \"on\"\n  b: |\n    x\n    y\n"
    )
}

fn generator((version, kind): (&str, &str), more: &str) -> String {
    config(version, kind, more)
}

#[test]
fn generated_manifests_are_built_like_decrypted_ones() {
    for kind in [OWN, KSOPS] {
        let directory = Directory::with(&[
            (
                "app/kustomization.yaml",
                "namePrefix: p-\ngenerators: [g.yaml]\n",
            ),
            (
                "app/g.yaml",
                &generator(kind, "files:\n- ./a.yaml\n- ../shared/b.yaml\n"),
            ),
            (
                "plain/kustomization.yaml",
                "namePrefix: p-\nresources: [a.yaml, b.yaml]\n",
            ),
        ]);
        directory.encrypt_data(
            "app/a.yaml",
            &format!("{}---\n{}", secret("a", "{}"), secret("c", "{x: y}")),
        );
        directory.encrypt_data("shared/b.yaml", &secret("b", "{}"));
        for (from, to) in [
            ("app/a.yaml", "plain/a.yaml"),
            ("shared/b.yaml", "plain/b.yaml"),
        ] {
            directory.write(to, &directory.read(from));
            directory.decrypt(to);
        }
        let found = directory.build("app").quiet();
        assert_eq!(found, directory.build("plain").quiet());
    }
}

/// The suffix is the one that kustomize gives a Secret with the same values, and references follow
/// it.
#[test]
fn a_hash_is_appended_to_names_on_request() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, envFrom: [{secretRef: {name: s}}]}]}\n";
    let directory = Directory::with(&[
        (
            "kustomization.yaml",
            "resources: [pod.yaml]\ngenerators: [g.yaml]\n",
        ),
        ("pod.yaml", pod),
        (
            "g.yaml",
            &generator(
                KSOPS,
                "secretFrom:\n- metadata:\n    name: s\n    annotations: {kustomize.config.k8s.io/needs-hash: \"true\"}\n  type: Opaque\n  binaryFiles: [k=a.yaml]\n",
            ),
        ),
        (
            "plain/kustomization.yaml",
            "resources: [pod.yaml]\nsecretGenerator: [{name: s, files: [k=a.yaml]}]\n",
        ),
        ("plain/pod.yaml", pod),
    ]);
    directory.encrypt_data("a.yaml", "data: {a: 1}\n");
    directory.write("plain/a.yaml", &directory.read("a.yaml"));
    directory.decrypt("plain/a.yaml");
    let found = directory.build("").quiet();
    let expected = directory.build("plain").quiet();
    let suffixed = |text: &str| {
        text.lines()
            .filter(|line| line.contains("name: s-"))
            .map(str::trim)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(suffixed(&expected).len(), 2, "{expected}");
    assert_eq!(suffixed(&found), suffixed(&expected));
    assert!(!found.contains("needs-hash"), "{found}");
}

#[test]
fn the_merge_behavior_is_respected() {
    for (behavior, a_of_base) in [("merge", true), ("replace", false)] {
        let annotations = format!("{{kustomize.config.k8s.io/behavior: {behavior}}}");
        let directory = Directory::with(&[
            ("base/kustomization.yaml", "resources: [s.yaml]\n"),
            (
                "base/s.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {base: eA==, a: eA==}\n",
            ),
            (
                "overlay/kustomization.yaml",
                "resources: [../base]\ngenerators: [g.yaml]\n",
            ),
            ("overlay/g.yaml", &generator(OWN, "files: [s.yaml]\n")),
        ]);
        let text = secret("s", &annotations)
            .replace("stringData:", "data:")
            .replace("\"on\"", "eQ==")
            .replace("|\n    x\n    y", "eHk=");
        directory.encrypt_data("overlay/s.yaml", &text);
        let found = directory.build("overlay").quiet();
        assert_eq!(found.contains("base: eA=="), a_of_base, "{found}");
        assert!(
            found.contains("a: eQ==") && !found.contains("behavior"),
            "{found}"
        );
    }
}

#[test]
fn a_generator_in_a_base_runs_in_the_base() {
    let directory = Directory::with(&[
        ("base/kustomization.yaml", "generators: [g.yaml]\n"),
        ("base/g.yaml", &generator(OWN, "files: [secrets/s.yaml]\n")),
        (
            "overlay/kustomization.yaml",
            "resources: [../base]\nnameSuffix: -o\n",
        ),
    ]);
    directory.encrypt_data("base/secrets/s.yaml", &secret("s", "{}"));
    let found = directory.build("overlay").quiet();
    assert!(
        found.contains("name: s-o") && found.contains("a: \"on\""),
        "{found}"
    );
}

#[test]
fn generator_errors_fail_the_build() {
    let directory = Directory::with(&[
        ("kustomization.yaml", "generators: [g.yaml]\n"),
        ("g.yaml", &generator(OWN, "files: [missing.yaml]\n")),
    ]);
    let found = directory.build("").fails();
    assert!(
        found.starts_with(
            "sops-rs-krm: error: SopsGenerator sops: missing.yaml: there is no such file"
        ),
        "{found}"
    );
    directory.write("g.yaml", &generator(OWN, "secretfrom: []\n"));
    let found = directory.build("").fails();
    assert!(
        found.contains("secretfrom: unknown key `secretfrom`"),
        "{found}"
    );
}

/// kustomize refuses these resources without naming a file.
#[test]
fn incomplete_objects_are_refused_with_their_file() {
    let missing_name = "metadata: {}\n  files: [k=talos.yaml]\n";
    for kind in [OWN, KSOPS] {
        for (more, message) in [
            (
                "files: [talos.yaml]\n".to_owned(),
                "talos.yaml: not a Kubernetes object: `kind` and `metadata.name` are missing; ",
            ),
            (
                "files: [nameless.yaml]\n".to_owned(),
                "nameless.yaml: not a Kubernetes object: `metadata.name` is missing; ",
            ),
            (
                format!("secretFrom:\n- {missing_name}"),
                "g.yaml: secretFrom[0].metadata.name: missing; the Secret from `talos.yaml` needs a name",
            ),
        ] {
            let directory = Directory::with(&[
                (
                    "kustomization.yaml",
                    "generators: [g.yaml]\nbuildMetadata: [originAnnotations]\n",
                ),
                ("g.yaml", &generator(kind, &more)),
            ]);
            let machine = "machine:\n  token: s3cret-value\n";
            directory.encrypt("talos.yaml", machine, &["--age", recipient()]);
            let nameless = secret("a", "{}").replace("  name: a\n", "");
            directory.encrypt_data("nameless.yaml", &nameless);
            let found = directory.build("").fails();
            let start = format!("sops-rs-krm: error: {} sops: {message}", kind.1);
            assert!(found.starts_with(&start), "{found}");
        }
    }
}

/// kustomize builds these values, and only the API server refuses them.
#[test]
fn values_that_are_not_base64_are_built_with_a_warning() {
    let text = secret("a", "{}").replace("stringData:", "data:");
    for kind in [OWN, KSOPS] {
        let directory = Directory::with(&[
            ("kustomization.yaml", "generators: [g.yaml]\n"),
            ("g.yaml", &generator(kind, "files: [s.yaml]\n")),
            ("plain/kustomization.yaml", "resources: [s.yaml]\n"),
            ("plain/s.yaml", &text),
        ]);
        directory.encrypt_data("s.yaml", &text);
        let found = directory.build("");
        for key in ["a", "b"] {
            let start = format!(
                "sops-rs-krm: warning: Secret a: s.yaml: data.{key}: the value is not a base64 string"
            );
            assert!(found.stderr.contains(&start), "{}", found.stderr);
        }
        assert_eq!(found.succeeds(), directory.build("plain").quiet());
    }
}

/// The Secret equals the one that kustomize creates from files that `sops` has decrypted.
#[test]
fn secrets_of_encrypted_files_have_the_values_of_the_decrypted_ones() {
    let lists = "files: [k=a.ini]\n  binaryFiles: [b.bin]\n  envs: [c.env]\n";
    let config = format!("secretFrom:\n- metadata: {{name: s}}\n  {lists}");
    let directory = Directory::with(&[
        ("kustomization.yaml", "generators: [g.yaml]\n"),
        ("g.yaml", &generator(OWN, &config)),
    ]);
    let files = [
        ("a.ini", "[s]\na = b\n"),
        ("b.bin", "x\n"),
        ("c.env", "A='x' # $B\nB=\n"),
    ];
    for (name, text) in files {
        directory.encrypt(name, text, &["--age", recipient()]);
    }
    let found = directory.build("").quiet();
    for (name, _) in files {
        directory.decrypt(name);
    }
    assert_eq!(directory.read("c.env"), "A='x' # $B\nB=\n");
    let bytes = STANDARD.encode(directory.read("b.bin"));
    let ini = directory.read("a.ini");
    let ini: Vec<_> = ini.lines().map(|line| format!("    {line}\n")).collect();
    let expected = format!(
        "apiVersion: v1\ndata:\n  b.bin: {bytes}\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  A: '''x'' # $B'\n  B: \"\"\n  k: |\n{}",
        ini.concat()
    );
    assert_eq!(found, expected);
}
