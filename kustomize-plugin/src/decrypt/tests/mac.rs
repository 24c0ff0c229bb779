//! The MAC of a file, and what a configuration says about it.

use super::*;

#[test]
fn a_mac_that_cannot_be_verified_is_a_warning_or_an_error() {
    let sample = Sample::new();
    let [a, b] = ["a", "b"].map(|name| encrypted(&secret(name)));
    let ran = sample.run(CONFIG, &[&a, &b]);
    assert_eq!(ran.resources(), [only(&secret("a")), only(&secret("b"))]);
    let [line] = &ran.lines[..] else {
        panic!("{:?}", ran.lines)
    };
    let start = "warning: Secret a: the MAC was not verified (in 2 resources): the resource does not say which file it is from; ";
    assert!(line.starts_with(start), "{line}");
    assert!(ran.output.contains("severity: warning"));

    let ran = sample.run(REQUIRE, &[&a]);
    let start = "Secret a: `mac: require`, but the MAC cannot be verified";
    assert!(ran.error().starts_with(start), "{}", ran.error());

    // An origin that does not lead to a file is reported separately: it may have been written by
    // hand.
    for (origin, says) in [
        (
            "repo: https://x\n      path: a.yaml",
            "the file is in another repository, `https://x`",
        ),
        (
            "repo: ''\n      path: a.yaml",
            "the file is in another repository",
        ),
        ("configuredIn: kustomization.yaml", "does not name a file"),
        ("path: [a.yaml]", "does not name a file"),
        ("- a\n", "does not name a file"),
        ("{", "does not name a file"),
    ] {
        let unknown = from(&a, "a.yaml").replace("path: a.yaml", origin);
        let ran = sample.run(REQUIRE, &[&unknown]);
        assert!(
            ran.error().starts_with(start) && ran.error().contains(says),
            "{}",
            ran.error()
        );
        let ran = sample.run(CONFIG, &[&b, &unknown]);
        let [of_origin, of_others] = &ran.lines[..] else {
            panic!("{:?}", ran.lines)
        };
        let start = "warning: Secret a: the MAC was not verified: the annotation";
        assert!(
            of_origin.starts_with(start) && of_origin.contains(says),
            "{of_origin}"
        );
        assert!(of_others.starts_with("warning: Secret b: "), "{of_others}");
        sample.run(QUIET, &[&unknown]).quiet();
    }
}

#[test]
fn the_mac_of_the_file_is_verified() {
    let sample = Sample::new();
    let text = format!("{}---\n{}", secret("a"), secret("b"));
    let file = sample.encrypt("enc.yaml", &text);
    let (a, b) = file
        .split_once("\n---\n")
        .expect("the stream has two documents");
    let [a, b] = [from(a, "enc.yaml"), from(b, "enc.yaml")];
    let decrypted: Vec<_> = sample.run(REQUIRE, &[&a, &b]).quiet();
    let decrypted: Vec<_> = decrypted.into_iter().map(without_annotations).collect();
    assert_eq!(decrypted, [only(&secret("a")), only(&secret("b"))]);

    // The tags allow this, but the file does not: its MAC covers the name too.
    sample.write("enc.yaml", file.replace("name: b", "name: c"));
    let expected = "Secret a: enc.yaml: MAC mismatch: a value was changed, added, removed or moved after the file was encrypted";
    assert_eq!(sample.run(CONFIG, &[&a, &b]).error(), expected);
    assert_eq!(sample.run(QUIET, &[&a, &b]).quiet().len(), 2);
}

#[test]
fn a_mac_over_the_encrypted_values_only_is_a_warning_if_a_mac_is_required() {
    let sample = Sample::new();
    let text = format!("{}---\n{}", secret("a"), secret("b"));
    let encryption = encryption()
        .with_rule(EncryptionRule::EncryptedRegex("^(data|stringData)$".into()))
        .with_mac_only_encrypted(true);
    let file = encrypt(&text, Format::Yaml, &encryption).expect("the document can be encrypted");
    // The MAC does not cover the kind.
    let file = file.replacen("kind: Secret", "kind: ConfigMap", 1);
    sample.write("enc.yaml", &file);
    let (a, b) = file
        .split_once("\n---\n")
        .expect("the stream has two documents");
    let [a, b] = [from(a, "enc.yaml"), from(b, "enc.yaml")];
    let ran = sample.run(REQUIRE, &[&a, &b]);
    assert_eq!(ran.resources().len(), 2);
    let [line] = &ran.lines[..] else {
        panic!("{:?}", ran.lines)
    };
    let start = "warning: enc.yaml: `mac: require`, but the file has `mac_only_encrypted: true`";
    assert!(line.starts_with(start), "{line}");
    assert!(line.contains("`mac_only_encrypted: false`"), "{line}");
    for config in [CONFIG, QUIET] {
        sample.run(config, &[&a, &b]).quiet();
    }
}
