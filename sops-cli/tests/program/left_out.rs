//! A program that was built without the families of keys whose libraries are large.

use sops_test_support::environment::TestEnvironment;

const KMS: &str = "arn:aws:kms:eu-west-1:1:key/k";

#[test]
fn the_message_says_which_build_has_the_key() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: hunter2\n");
    environment.write("p.yaml", "a: hunter2\n");
    let hint = "this sops-rs was built without support for AWS KMS keys: install a release package, or build it with `--features cloud`";
    for words in [
        &["encrypt", "--kms", KMS, "p.yaml"][..],
        &["rotate", "-i", "--yes", "--add-kms", KMS, "x.yaml"],
    ] {
        let run = environment.run(words).fails_with(1);
        let stderr = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            stderr.contains(hint) && stderr.contains("`--keyservice`"),
            "{run}"
        );
    }
    let entry = format!(
        "sops:\n    kms:\n        - arn: {KMS}\n          created_at: \"2026-01-01T00:00:00Z\"\n          enc: AAAA\n          aws_profile: \"\"\n"
    );
    let file = environment.read("x.yaml");
    let (values, metadata) = file.split_once("sops:\n").expect("it is encrypted");
    let (_, rest) = metadata
        .split_once("    lastmodified")
        .expect("it is encrypted");
    environment.write("y.yaml", format!("{values}{entry}    lastmodified{rest}"));
    let run = environment.run(&["decrypt", "y.yaml"]).fails_with(128);
    let stderr = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        stderr.contains(hint) && stderr.contains("`--keyservice`"),
        "{run}"
    );
}
