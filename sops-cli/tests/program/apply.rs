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
