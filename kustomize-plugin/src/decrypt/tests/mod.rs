//! Tests of the decryption of resources, by topic.

mod input;
mod mac;
mod position;

use sops_core::rules::EncryptionRule;
use sops_core::tree::Entry;
use sops_core::{Format, encrypt};

use super::*;
use crate::sample::{SECRET, Sample, encrypted, encryption, field, list, only, text};

const CONFIG: &str =
    "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmetadata:\n  name: sops\n";

const QUIET: &str = "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmac: ignore\n";

const REQUIRE: &str = "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmac: require\n";

fn secret(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n  password: {SECRET}\n  user: \"on\"\n"
    )
}

/// A resource as kustomize reads it from a file.
fn from(text: &str, path: &str) -> String {
    let origin = format!(
        "metadata:\n  annotations:\n    config.kubernetes.io/origin: |\n      path: {path}\n"
    );
    text.replacen("metadata:\n", &origin, 1)
}

fn without_annotations(mut resource: Node) -> Node {
    if let Node::Mapping(entries) = &mut resource {
        for entry in entries {
            if let Node::Mapping(metadata) = &mut entry.value {
                metadata.retain(|entry| entry.key != "annotations");
            }
        }
    }
    resource
}

#[test]
fn resources_with_metadata_are_decrypted_and_others_are_unchanged() {
    let sample = Sample::new();
    let plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: \"on\"\n  b: '2001-01-01'\n  c: \"1e3\"\n  d: |\n    x\n\n    y\n  \
                 e: \"\"\n  f: ~\n  g: 18446744073709551615\n  h: [1.5, true, '0x10', \"a\\tb\\u2028c\"]\n  \"yes\": {}\n";
    let custom = "apiVersion: x/v1\nkind: Anything\nmetadata:\n  name: a\nspec:\n- data: {n: 5, f: 1.5, b: true, s: '5'}\n";
    let ran = sample.run(
        QUIET,
        &[plain, &encrypted(&secret("a")), &encrypted(custom)],
    );
    let expected = [only(plain), only(&secret("a")), only(custom)];
    assert_eq!(ran.quiet(), expected);
}

#[test]
fn a_decrypted_value_that_kubernetes_refuses_is_a_warning_with_its_file() {
    let sample = Sample::new();
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: n\ndata:\n  token: {SECRET}\n  user: YWRtaW4=\n"
    );
    let file = sample.encrypt("enc.yaml", &text);
    let field = "data.token: the value is not a base64 string, so Kubernetes refuses the Secret; ";
    for (config, resource, place) in [
        (REQUIRE, from(&file, "enc.yaml"), "Secret n/a: enc.yaml: "),
        (QUIET, file.clone(), "Secret n/a: "),
    ] {
        let ran = sample.run(config, &[&resource]);
        assert_eq!(without_annotations(ran.resources().remove(0)), only(&text));
        let start = format!("warning: {place}{field}");
        assert_eq!(ran.lines.len(), 1, "{:?}", ran.lines);
        assert!(ran.lines[0].starts_with(&start), "{:?}", ran.lines);
        assert!(!ran.lines[0].contains(SECRET), "{:?}", ran.lines);
    }
}

/// A function under `generators` gets its own configuration as the only item.
#[test]
fn a_transformer_without_resources_warns() {
    let lint = CONFIG.replace("SopsDecrypt", "SopsLint");
    for config in [CONFIG, &lint] {
        let ran = Sample::new().run(config, &[config]);
        assert_eq!(ran.resources(), [only(config)]);
        let warning = "sops: this function got no resources, so it does nothing; list it under `transformers`, in a kustomization with resources";
        assert!(ran.lines[0].ends_with(warning), "{:?}", ran.lines);
        assert_eq!(Sample::new().run(config, &[]).quiet(), []);
        let with_others = Sample::new().run(config, &[config, "kind: Other"]);
        assert_eq!(with_others.quiet().len(), 2);
    }
}

#[test]
fn the_configuration_and_other_results_are_kept() {
    let sample = Sample::new();
    let input = format!("{}results:\n- message: before\n", list(QUIET, &["a: 1"]));
    let output = only(&sample.run_on(input, None).output);
    assert_eq!(field(&output, "functionConfig"), only(QUIET));
    assert_eq!(
        field(&output, "results"),
        Node::Sequence(vec![only("message: before")])
    );
}

#[test]
fn many_resources_of_one_file_are_decrypted() {
    const COUNT: usize = 500;
    let sample = Sample::new();
    let documents: Vec<_> = (0..COUNT)
        .map(|number| secret(&format!("s{number}")))
        .collect();
    let file = sample.encrypt("enc.yaml", &documents.join("---\n"));
    let items: Vec<_> = file
        .split("\n---\n")
        .map(|item| from(item, "enc.yaml"))
        .collect();
    let items: Vec<_> = items.iter().map(String::as_str).collect();
    let ran = sample.run_on(
        list(REQUIRE, &items),
        Some(include_str!("../../../../testdata/keys/x25519.txt")),
    );
    let expected: Vec<_> = documents.iter().map(|document| only(document)).collect();
    let decrypted = ran.quiet().into_iter().map(without_annotations);
    assert_eq!(decrypted.collect::<Vec<_>>(), expected);
}
