//! The placeholder mode, without a key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::tree::Node;
use sops_placeholder::{ANNOTATION, is_placeholder};

use crate::sample::{Sample, encrypted, field, text};

const DECRYPT: &str =
    "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmetadata:\n  name: d\nmac: require\n";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: s3cret-value\n";

fn is_marked(resource: &Node) -> bool {
    let annotations = field(resource, "metadata/annotations");
    annotations.get(ANNOTATION).is_some()
}

#[test]
fn encrypted_resources_get_placeholders_and_others_stay() {
    let sample = Sample::new();
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n";
    let run = sample.run_with_placeholders(DECRYPT, &[&encrypted(SECRET), other]);
    let resources = run.resources();
    assert!(is_placeholder(&text(&resources[0], "stringData/password")));
    assert!(is_marked(&resources[0]) && resources[0].get("sops").is_none());
    assert_eq!(
        *resources[1].to_yaml(),
        *crate::sample::only(other).to_yaml()
    );
    assert!(
        run.lines.len() == 1 && run.lines[0].contains("SOPS_RS_PLACEHOLDERS"),
        "{:?}",
        run.lines
    );
}

#[test]
fn a_resource_that_has_lost_its_metadata_is_an_error() {
    let sample = Sample::new();
    let encrypted = encrypted(SECRET);
    let cut = &encrypted[..encrypted.find("sops:").expect("the document has metadata")];
    let run = sample.run_with_placeholders(DECRYPT, &[cut]);
    assert!(
        run.error().contains("stringData.password"),
        "{:?}",
        run.lines
    );
}

#[test]
fn generated_resources_have_the_form_of_their_keys() {
    let sample = Sample::new();
    sample.encrypt("secret.yaml", SECRET);
    sample.encrypt_all("tls.key.enc", "s3cret-value");
    sample.encrypt_all("blob", "s3cret-value");
    sample.encrypt_all("web.env", "A=s3cret-value\nB=s3cret-value\n");
    let config = "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsGenerator\nmetadata:\n  name: g\nfiles: [secret.yaml]\n\
                  secretFrom:\n- metadata: {name: b}\n  files: [tls.key=tls.key.enc]\n  binaryFiles: [blob]\n  envs: [web.env]\n";
    let resources = sample.run_with_placeholders(config, &[]).resources();
    assert!(is_placeholder(&text(&resources[0], "stringData/password")));
    let secret = &resources[1];
    assert!(text(secret, "stringData/tls.key").starts_with("-----BEGIN PRIVATE KEY-----"));
    let blob = STANDARD
        .decode(text(secret, "data/blob"))
        .expect("the value is base64");
    assert!(is_placeholder(
        &String::from_utf8(blob).expect("the content is text")
    ));
    let (a, b) = (text(secret, "stringData/A"), text(secret, "stringData/B"));
    assert!(is_placeholder(&a) && is_placeholder(&b) && a != b);
    assert!(resources.iter().all(is_marked));
    // Here too, a file that is not encrypted is an error.
    sample.write("secret.yaml", SECRET);
    let run = sample.run_with_placeholders(config, &[]);
    assert!(
        run.error()
            .contains("the file is not encrypted; encrypt it with `sops-rs encrypt -i`"),
        "{:?}",
        run.lines
    );
}

#[test]
fn no_file_in_the_repository_turns_the_placeholder_mode_on() {
    let sample = Sample::new();
    for field in ["placeholders: true\n", "SOPS_RS_PLACEHOLDERS: 1\n"] {
        let run = sample.run(&format!("{DECRYPT}{field}"), &[SECRET]);
        let is_off = run.failed || !run.output.contains(ANNOTATION);
        assert!(is_off, "{}", run.output);
    }
}
