//! Encrypted objects of a kind whose definition lists the fields of the metadata. A strict server
//! refuses all other fields.

use super::CLUSTER;

/// An object in which most values need source forms.
const OBJECT: &str = "\
apiVersion: isindir.github.com/v1alpha3
kind: SopsSecret
metadata: {name: NAME}
spec:
  secretTemplates:
    - name: web
      stringData:
        password: hunter2
        folded: >-
          one
          two
        kept: |+
          one
        quoted: 'it''s
          folded'
        block: |
          one
          two
";

#[test]
fn a_strict_server_takes_encrypted_objects_of_a_kind_that_lists_their_fields() {
    let environment = CLUSTER.environment();
    environment.write("definition.yaml", include_str!("sopssecret.yaml"));
    CLUSTER.kubectl(&environment, &["create", "namespace", "strict"]);
    CLUSTER.kubectl(&environment, &["apply", "-f", "definition.yaml"]);
    let is_there = [
        "wait",
        "--for=condition=Established",
        "crd/sopssecrets.isindir.github.com",
        "--timeout=60s",
    ];
    CLUSTER.kubectl(&environment, &is_there);
    let apply = [
        "apply",
        "-n",
        "strict",
        "--validate=strict",
        "-f",
        "secret.yaml",
    ];
    for (name, flags) in [("one", &["--server-side"][..]), ("two", &[])] {
        let text = OBJECT.replace("NAME", name);
        environment.encrypt_with("secret.yaml", &text, &["--encrypted-suffix", "Templates"]);
        let encrypted = environment.read("secret.yaml");
        assert!(
            encrypted.contains("# sops_rs_spellings: ENC["),
            "{encrypted}"
        );
        CLUSTER.kubectl(&environment, &[&apply, flags].concat());
        let template = "-o=go-template={{(index .spec.secretTemplates 0).stringData.kept}}";
        let get = ["get", "sopssecret", "-n", "strict", name, template];
        let value = CLUSTER.kubectl(&environment, &get);
        assert!(
            value.starts_with("ENC[") && value.ends_with(']'),
            "{value:?}"
        );
        assert_eq!(environment.decrypt("secret.yaml"), text);
    }
    // The server refuses the field in which older versions kept the source forms.
    let encrypted = environment.read("secret.yaml");
    environment.write(
        "secret.yaml",
        encrypted.replace("    version:", "    sops_rs_spellings: x\n    version:"),
    );
    let refused = CLUSTER.try_kubectl(&environment, &apply);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("sops_rs_spellings"), "{refused}");
}
