//! The parts of `apply` that need no cluster.

use sops_test_support::environment::TestEnvironment;

#[test]
fn an_endless_input_is_not_a_manifest() {
    let environment = TestEnvironment::new();
    let run = environment.run(&["apply", "-f", "/dev/zero"]).fails_with(2);
    let message = "cannot read /dev/zero: larger than 64 MiB";
    assert!(run.stderr.contains(message), "{run}");
    let much = "a".repeat((64 << 20) + 1);
    for arguments in [&["apply", "-f", "-"][..], &["lint", "-"]] {
        let run = environment.run_with_input(arguments, &much).fails_with(2);
        let message = "cannot read standard input: larger than 64 MiB";
        assert!(run.stderr.contains(message), "{run}");
    }
}

/// The hint builds the directory that holds the kustomization. If plugins decrypt, the result is
/// plaintext.
#[test]
fn a_kustomization_is_built_first() {
    let environment = TestEnvironment::new();
    environment.write("apps/kustomization.yaml", "resources: [a.yaml]\n");
    environment.write(
        "local/kustomization.yaml",
        "resources: [../apps]\ntransformers: [sops.yaml]\n",
    );
    for (path, command) in [
        (
            "apps",
            "kustomize build apps | sops-rs apply --ignore-mac -f -",
        ),
        (
            "local",
            "kustomize build --enable-alpha-plugins --enable-exec local | sops-rs apply --allow-plaintext -f -",
        ),
    ] {
        let run = environment.run(&["apply", "-f", path]).fails_with(1);
        // Long messages wrap.
        let words = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!("build it: `{command}`")), "{run}");
    }
}
