use std::collections::BTreeMap;

use sops_core::tree::Node;

use super::env::Style;
use crate::sample::{SECRET, Sample, field, only, text};

const OWN: &str = "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsGenerator\nmetadata:\n  name: g\n";
const KSOPS: &str = "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: g\n";

fn manifest(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  annotations:\n    kustomize.config.k8s.io/needs-hash: \"true\"\nstringData:\n  \
         password: {SECRET}\n"
    )
}

#[test]
fn files_are_decrypted_in_their_order() {
    let sample = Sample::new();
    sample.encrypt(
        "a.yaml",
        &format!("{}---\n---\n{}", manifest("a"), manifest("b")),
    );
    sample.encrypt("../shared/c.yaml", &manifest("c"));
    let other_version = KSOPS.replace("viaduct.ai/v1", "example.com/v7");
    for config in [OWN, KSOPS, &other_version] {
        let config = format!("{config}files:\n- ./a.yaml\n- ../shared/c.yaml\n");
        let expected = ["a", "b", "c"].map(|name| only(&manifest(name)));
        // The configuration as kustomize passes it, alone, and as the only item.
        assert_eq!(sample.run(&config, &[&config]).quiet(), expected);
        assert_eq!(sample.run(&config, &[]).quiet(), expected);
        assert_eq!(sample.run("", &[&config]).quiet(), expected);
        let with_others = sample.run(&config, &["kind: Other"]).quiet();
        assert_eq!(with_others.len(), 4);
    }
}

#[test]
fn secrets_are_generated_from_files() {
    let sample = Sample::new();
    let plain = "data:\n  a: 1\n";
    sample.encrypt("settings.yaml", plain);
    let config = format!(
        "{OWN}secretFrom:\n- metadata:\n    name: n\n    namespace: s\n    labels: {{l: m}}\n    annotations: {{kustomize.config.k8s.io/behavior: merge}}\n  \
         type: Opaque\n  files:\n  - settings.yaml\n  - other=./settings.yaml\n  binaryFiles:\n  - b=settings.yaml\n- metadata: {{name: empty}}\n"
    );
    let secrets = sample.run(&config, &[]).quiet();
    assert_eq!(
        secrets[0],
        only(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: n\n  namespace: s\n  labels: {l: m}\n  annotations: {kustomize.config.k8s.io/behavior: \
             merge}\ntype: Opaque\nstringData:\n  other: |\n    data:\n      a: 1\n  settings.yaml: |\n    data:\n      a: 1\ndata:\n  b: \
             ZGF0YToKICBhOiAxCg==\n"
        )
    );
    assert_eq!(
        secrets[1],
        only("apiVersion: v1\nkind: Secret\nmetadata: {name: empty}\n")
    );
}

#[test]
fn files_of_all_formats_are_read() {
    let sample = Sample::new();
    sample.encrypt_all("a.env", "A=\"x $B\" # c\nB=1\n");
    sample.encrypt_all("bytes", b"\xff\x00");
    sample.encrypt_all("settings.ini", "[s]\na = b\n");
    sample.encrypt_all("manifest.enc", manifest("a"));
    let more = "files: [manifest.enc]\nsecretFrom:\n- metadata: {name: s}\n  envs: [a.env]\n  files: [settings.ini]\n  binaryFiles: [bytes]\n";
    let ini = "settings.ini: |\n    [s]\n    a = b\n";
    for (config, envs) in [(OWN, "A: '\"x $B\" # c'"), (KSOPS, "A: 'x '")] {
        let generated = sample.run(&format!("{config}{more}"), &[]).quiet();
        assert_eq!(generated[0], only(&manifest("a")));
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  {envs}\n  B: '1'\n  {ini}data: {{bytes: /wA=}}\n"
        );
        assert_eq!(generated[1], only(&secret));
    }
    let secret = "secretFrom: [{metadata: {name: s}, files: [bytes]}]\n";
    let ran = sample.run(&format!("{OWN}{secret}"), &[]);
    let message = "SopsGenerator g: bytes: secretFrom[0].files[0]: the file is not UTF-8 text; list it under `binaryFiles`";
    assert_eq!(ran.error(), message);
}

#[test]
fn a_later_file_takes_precedence_with_a_warning() {
    let sample = Sample::new();
    sample.encrypt("a.yaml", "data: {a: 1}\n");
    sample.encrypt("b.yaml", "data: {b: 2}\n");
    let ran = sample.run(
        &format!("{KSOPS}secretFrom:\n- metadata: {{name: s}}\n  files: [k=a.yaml, k=b.yaml]\n"),
        &[],
    );
    assert_eq!(text(&ran.resources()[0], "stringData/k"), "data: {b: 2}\n");
    assert_eq!(
        ran.lines,
        [
            "warning: b.yaml: secretFrom[0].files[1]: the key `k` appears twice; the last value is used"
        ]
    );
}

#[test]
fn unknown_fields_are_errors_but_warnings_for_ksops() {
    let sample = Sample::new();
    sample.encrypt("a.yaml", &manifest("a"));
    let more = "files: [a.yaml]\nfile: [b.yaml]\nsecretFrom:\n- file: x\n  metadata: {name: x, generateName: y}\n";
    let ran = sample.run(&format!("{KSOPS}{more}"), &[]);
    assert_eq!(ran.resources().len(), 2);
    let fields: Vec<_> = ran
        .lines
        .iter()
        .map(|line| line.split(": ").nth(2).unwrap_or_default())
        .collect();
    assert_eq!(
        fields,
        [
            "file",
            "secretFrom[0].file",
            "secretFrom[0].metadata.generateName"
        ]
    );
    let ran = sample.run(&format!("{OWN}{more}"), &[]);
    assert!(
        ran.error()
            .starts_with("SopsGenerator g: file: unknown key `file`"),
        "{}",
        ran.error()
    );
}

#[test]
fn errors_name_the_field_and_the_file() {
    let sample = Sample::new();
    let encrypted = sample.encrypt("a.yaml", &manifest("a"));
    sample.write("plain.yaml", manifest("p"));
    sample.write("altered.yaml", encrypted.replace("name: a", "name: b"));
    sample.write(
        "moved.yaml",
        encrypted.replace("  password: ENC", "  token: ENC"),
    );
    sample.write("bytes.yaml", b"\xff");
    sample.encrypt("list.yaml", "data: [1]\n");
    for (more, message) in [
        ("", "nothing to generate"),
        (
            "files: a.yaml",
            "files: expected a sequence, found a string",
        ),
        (
            "files: [1]",
            "files[0]: expected a string, found an integer",
        ),
        (
            "files: [missing.yaml]",
            "missing.yaml: there is no such file",
        ),
        ("files: [/etc/passwd]", "/etc/passwd: the path is absolute"),
        (
            "files: [plain.yaml]",
            "plain.yaml: the file is not encrypted; encrypt it with `sops-rs encrypt -i`",
        ),
        ("files: [altered.yaml]", "altered.yaml: MAC mismatch"),
        (
            "files: [moved.yaml]",
            "moved.yaml: stringData.token: the encrypted value was altered",
        ),
        ("files: [bytes.yaml]", "bytes.yaml: "),
        (
            "secretFrom: [{metadata: {name: s}, files: [k=a=b]}]",
            "secretFrom[0].files[0]: more than one `=`",
        ),
        (
            "secretFrom: [{metadata: {name: s}, files: [=a.yaml]}]",
            "secretFrom[0].files[0]: `` cannot be a key of a Secret",
        ),
        (
            "secretFrom: [{metadata: {name: s}, binaryFiles: ['a b=a.yaml']}]",
            "secretFrom[0].binaryFiles[0]: `a b` cannot be a key of a Secret",
        ),
        (
            "secretFrom: [{metadata: {name: s}, files: [missing.yaml]}]",
            "missing.yaml: secretFrom[0].files[0]: there is no such file",
        ),
        (
            "secretFrom: [{metadata: {name: s}, envs: [a.yaml]}]",
            "a.yaml: secretFrom[0].envs[0]: line 1 is not `KEY=VALUE`",
        ),
        (
            "secretFrom: [{metadata: {labels: {a: 1}}}]",
            "secretFrom[0].metadata.labels.a: expected a string, found an integer",
        ),
    ] {
        let ran = sample.run(&format!("{OWN}{more}\n"), &[]);
        let start = format!("SopsGenerator g: {message}");
        assert!(ran.error().starts_with(&start), "{more}: {}", ran.error());
    }
}

#[test]
fn a_secret_without_a_name_is_an_error_with_the_file_of_the_configuration() {
    let sample = Sample::new();
    sample.encrypt("a.yaml", &manifest("a"));
    let origin = "  annotations:\n    config.kubernetes.io/origin: |\n      path: g.yaml\n";
    for (from, rest) in [
        (
            "{files: [k=a.yaml]}",
            "missing; the Secret from `a.yaml` needs a name",
        ),
        (
            "{metadata: {}, envs: [b.env]}",
            "missing; the Secret from `b.env` needs a name",
        ),
        (
            "{metadata: {name: ''}, binaryFiles: [c]}",
            "missing; the Secret from `c` needs a name",
        ),
        (
            "{metadata: {namespace: n}}",
            "missing; the Secret needs a name",
        ),
    ] {
        for config in [OWN, KSOPS] {
            let field = format!("secretFrom[1].metadata.name: {rest}");
            let from = format!("secretFrom: [{{metadata: {{name: s}}}}, {from}]\n");
            let ran = sample.run(&format!("{config}{from}"), &[]);
            assert!(
                ran.error().ends_with(&format!(" g: {field}")),
                "{}",
                ran.error()
            );
            let ran = sample.run(&format!("{config}{origin}{from}"), &[]);
            let with_file = format!(" g: g.yaml: {field}");
            assert!(ran.error().ends_with(&with_file), "{}", ran.error());
        }
    }
}

#[test]
fn a_document_that_is_not_an_object_is_an_error_with_its_file() {
    let sample = Sample::new();
    sample.encrypt_all("talos.yaml", format!("machine:\n  token: {SECRET}\n"));
    sample.encrypt(
        "several.yaml",
        &format!(
            "{}---\n---\n{}",
            manifest("a"),
            manifest("b").replace("  name: b\n", "")
        ),
    );
    sample.encrypt(
        "list.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  stringData: {a: s3cret-value}\n",
    );
    sample.encrypt_all("settings.json", "{\"kind\": \"Secret\"}");
    for (file, rest) in [
        (
            "talos.yaml",
            "not a Kubernetes object: `kind` and `metadata.name` are missing; ",
        ),
        (
            "several.yaml",
            "document 3 is not a Kubernetes object: `metadata.name` is missing; ",
        ),
        (
            "list.yaml",
            "items[0]: not a Kubernetes object: `metadata.name` is missing; ",
        ),
        (
            "settings.json",
            "not a Kubernetes object: `metadata.name` is missing; ",
        ),
    ] {
        for config in [OWN, KSOPS] {
            let ran = sample.run(&format!("{config}files: [{file}]\n"), &[]);
            let message = format!(" g: {file}: {rest}");
            assert!(ran.error().contains(&message), "{}", ran.error());
        }
    }
}

#[test]
fn values_that_kubernetes_refuses_are_warnings_with_file_secret_and_key() {
    let sample = Sample::new();
    let secret = |data: &str| format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n{data}");
    let data = "data:\n  tls.crt: '-----BEGIN CERTIFICATE-----'\n  b: s3cret-value\n  c: 5432\n  d: aGVsbG8=\n  e: null\nstringData:\n  f: 5432\n  g: '5432'\n  h: 2026-01-01\n";
    sample.encrypt("a.yaml", &secret(data));
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: i}\n  data: {a b: s3cret-value, c d: aGVsbG8=}\n";
    sample.encrypt("list.yaml", list);
    sample.encrypt(
        "wrong.yaml",
        &secret("data: s3cret-value\nstringData: [s3cret-value]\n"),
    );
    let map = secret(data).replace("Secret", "ConfigMap");
    sample.encrypt("map.yaml", &map);
    let base64 = "the value is not a base64 string, so Kubernetes refuses the Secret; move it to `stringData`, or encode it, for example with `base64 -w0`";
    let string = "the value is not a string, so Kubernetes refuses the Secret; put it in quotes";
    let mapping =
        "expected a mapping, so Kubernetes refuses the Secret; write each value under its key";
    let key = "`c d` cannot be a key of a Secret; use up to 253 letters, digits, `-`, `_` and `.`";
    for config in [OWN, KSOPS] {
        let files = "files: [a.yaml, list.yaml, wrong.yaml, map.yaml]\n";
        let ran = sample.run(&format!("{config}{files}"), &[]);
        assert_eq!(ran.resources().len(), 4);
        let expected = [
            format!("Secret a: a.yaml: data.tls.crt: {base64}"),
            format!("Secret a: a.yaml: data.b: {base64}"),
            format!("Secret a: a.yaml: data.c: {base64}"),
            format!("Secret a: a.yaml: stringData.f: {string}"),
            format!("Secret i: list.yaml: data.a b: {base64}"),
            format!("Secret i: list.yaml: data.c d: {key}"),
            format!("Secret a: wrong.yaml: data: {mapping}"),
            format!("Secret a: wrong.yaml: stringData: {mapping}"),
        ];
        assert_eq!(ran.lines, expected.map(|line| format!("warning: {line}")));
    }
}

#[test]
fn lines_are_read_verbatim() {
    let text = "# c\nA=1\n\nB='x' # $A\nC=\nD=a=b\n";
    let entries = Style::Lines.read(text).expect("each line is a vector");
    let entries: Vec<_> = entries
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        entries,
        [("A", "1"), ("B", "'x' # $A"), ("C", ""), ("D", "a=b")]
    );
    let problem = Style::Lines.read("A=1\ns3cret\n").expect_err("no `=`");
    assert_eq!(problem.message, "line 2 is not `KEY=VALUE`");
}

/// Measured with godotenv 1.5.1.
#[test]
fn envs_of_ksops_are_read_as_godotenv_reads_them() {
    #[derive(serde::Deserialize)]
    struct Vector {
        text: String,
        values: Option<BTreeMap<String, String>>,
    }
    for line in include_str!("../../../testdata/vectors/godotenv.jsonl").lines() {
        let vector: Vector = serde_json::from_str(line).expect("each line is a vector");
        let found = Style::Godotenv.read(&vector.text).ok();
        let found = found.map(|entries| {
            let entry =
                |(key, value): (String, zeroize::Zeroizing<String>)| (key, value.to_string());
            entries.into_iter().map(entry).collect::<BTreeMap<_, _>>()
        });
        assert_eq!(found, vector.values, "{:?}", vector.text);
    }
}

#[test]
fn the_data_of_a_secret_is_sorted() {
    let sample = Sample::new();
    sample.encrypt("a.yaml", "data: {a: 1}\n");
    let ran = sample.run(
        &format!("{KSOPS}secretFrom:\n- metadata: {{name: s}}\n  files: [z=a.yaml, b=a.yaml]\n"),
        &[],
    );
    let Node::Mapping(entries) = field(&ran.quiet()[0], "stringData") else {
        panic!("a mapping")
    };
    let keys: Vec<_> = entries.into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, ["b", "z"]);
}
