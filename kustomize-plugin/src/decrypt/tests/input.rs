//! Invalid resources and configurations.

use super::*;

#[test]
fn invalid_metadata_is_an_error() {
    for block in ["hello", "5", "[]", "{}", "~", "{mac: x}", "{version: [3]}"] {
        let resource = format!("{}sops: {block}\n", secret("a"));
        let ran = Sample::new().run(CONFIG, &[&resource]);
        let line = ran.lines.join("\n");
        assert!(ran.failed, "{block}");
        assert!(
            line.contains("Secret a: invalid `sops` metadata: "),
            "{block}: {line}"
        );
        assert!(!line.contains(SECRET), "{line}");
    }
}

#[test]
fn altered_values_are_named_and_never_shown() {
    let sample = Sample::new();
    let file = encrypted(&secret("a"));
    let moved = "the encrypted value was altered, moved here from another key, or copied from a version before the last `rotate`";
    for (from, to, message) in [
        (
            "  password: ENC",
            "  token: ENC",
            format!("stringData.token: {moved}"),
        ),
        (
            ",data:",
            ",data:AAAA",
            format!("stringData.password: {moved}"),
        ),
        (
            "type:str]",
            "type:int]",
            "stringData.password: the decrypted value does not match its `type`".into(),
        ),
        (
            "lastmodified: ",
            "lastmodified: x",
            "invalid `sops` metadata: `lastmodified` is not a time such as 2024-01-31T12:00:00Z"
                .into(),
        ),
    ] {
        assert!(file.contains(from), "{from}");
        let ran = sample.run(QUIET, &[&file.replacen(from, to, 1)]);
        assert_eq!(ran.error(), format!("Secret a: {message}"));
    }
    let ran = sample.run_on(list(QUIET, &[&file]), None);
    assert!(ran.error().starts_with("Secret a: "), "{}", ran.error());
}

/// Ciphertext is useless in a cluster, whatever is verified.
#[test]
fn ciphertext_without_metadata_is_rejected() {
    let sample = Sample::new();
    let encrypted = encrypted(&secret("a"));
    let (bare, _) = encrypted
        .split_once("sops:")
        .expect("the document has metadata");
    let in_base64 = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: prod\ndata:\n  password: \
                     RU5DW0FFUzI1Nl9HQ00sZGF0YTplQT09LGl2OmVBPT0sdGFnOmVBPT0sdHlwZTpzdHJd\n";
    for config in [CONFIG, QUIET, REQUIRE] {
        for (resource, location) in [
            (bare, "Secret a: stringData.password: "),
            (in_base64, "Secret prod/a: data.password: "),
        ] {
            let ran = sample.run(config, &[resource]);
            let start = format!(
                "{location}this value is encrypted, but the resource has no `sops` metadata"
            );
            assert!(ran.error().starts_with(&start), "{}", ran.error());
            assert!(!ran.lines.join("").contains("data:"), "{:?}", ran.lines);
        }
    }
}

#[test]
fn input_that_is_not_a_resource_list_is_rejected() {
    let sample = Sample::new();
    for (input, message) in [
        ("", "line 1, column 1: the file is empty"),
        ("a: [", "line 1, column 4: "),
        ("- a\n", "line 1, column 1: "),
        (
            "a: 1\n",
            "the input is not a ResourceList of config.kubernetes.io/v1; let kustomize start",
        ),
        (
            "apiVersion: v1\nkind: ResourceList\n",
            "the input is not a ResourceList",
        ),
        (
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n",
            "there is no configuration",
        ),
        (
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: {}\n",
            "items: expected a list",
        ),
        (
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [1]\n",
            "items[0]: expected a mapping",
        ),
        (
            "a: 1\n---\na: 1\n",
            "the input must be a single YAML document",
        ),
    ] {
        let ran = sample.run_on(input, None);
        assert!(ran.error().starts_with(message), "{input}: {}", ran.error());
    }
    assert_eq!(
        sample.run_on(b"\xff", None).error(),
        "the input is not UTF-8 text"
    );
    let deep = format!("{}x", "[".repeat(100_000));
    assert!(sample.run_on(deep, None).failed);
}

#[test]
fn configurations_are_read_strictly() {
    let sample = Sample::new();
    for (config, message) in [
        (
            "a: 1",
            "unknown configuration with apiVersion ``, kind ``; use",
        ),
        (
            "kind: SopsDecrypt",
            "unknown configuration with apiVersion ``, kind `SopsDecrypt`",
        ),
        ("[]", "unknown configuration with apiVersion ``"),
        (
            "apiVersion: krm.sops-rs/v1\nkind: SopsDecrypt",
            "unknown configuration with apiVersion `krm.sops-rs/v1`",
        ),
        (
            "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmacs: require",
            "macs: unknown key `macs`; expected mac",
        ),
        (
            "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmac: no",
            "mac: expected one of warn, require, ignore",
        ),
        (
            "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmac: [1]",
            "mac: expected",
        ),
    ] {
        let ran = sample.run(config, &["a: 1\nb: 2", "c: 3"]);
        assert!(ran.error().contains(message), "{config}: {}", ran.error());
        assert!(
            ran.output.contains("a: 1\n      b: 2"),
            "the items are unchanged"
        );
    }
}
