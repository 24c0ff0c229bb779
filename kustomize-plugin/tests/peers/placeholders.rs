//! Builds in the placeholder mode, without a key.

use crate::directory::{Directory, config, transformer};

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: s3cret-value\n";

#[test]
fn a_build_without_a_key_has_placeholders() {
    let directory = Directory::with(&[
        (
            "base/kustomization.yaml",
            "resources: [secret.yaml]\nnamePrefix: p-\ncommonAnnotations: {a: b}\n",
        ),
        (
            "local/kustomization.yaml",
            "resources: [../base]\ngenerators: [generator.yaml]\ntransformers: [sops.yaml]\nbuildMetadata: [originAnnotations]\n",
        ),
        ("local/sops.yaml", &transformer("mac: require\n")),
        (
            "local/generator.yaml",
            &config(
                "krm.sops-rs/v1alpha1",
                "SopsGenerator",
                "files: [own.yaml]\nsecretFrom:\n- metadata: {name: generated}\n  type: kubernetes.io/tls\n  files: [tls.crt=tls.crt.enc, tls.key=tls.key.enc]\n",
            ),
        ),
    ]);
    directory.encrypt_data("base/secret.yaml", SECRET);
    directory.encrypt_data("local/own.yaml", &SECRET.replace("web", "own"));
    for name in ["tls.crt", "tls.key"] {
        let recipient = crate::directory::recipient();
        let flags = [
            "--age",
            recipient,
            "--input-type",
            "binary",
            "--output-type",
            "binary",
        ];
        directory.encrypt(&format!("local/{name}.enc"), "s3cret-value", &flags);
    }
    let built = directory.build_placeholders("local");
    assert!(
        built.stderr.contains("SOPS_RS_PLACEHOLDERS is set"),
        "{}",
        built.stderr
    );
    let output = built.succeeds();
    assert_eq!(
        output.matches("sops-rs.dev/placeholder: \"true\"").count(),
        3,
        "{output}"
    );
    assert_eq!(
        output.matches("password: sops-rs-placeholder-").count(),
        2,
        "{output}"
    );
    for part in [
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----",
        "name: p-web",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert!(
        !output.contains("ENC[") && !output.contains("s3cret"),
        "{output}"
    );
}
