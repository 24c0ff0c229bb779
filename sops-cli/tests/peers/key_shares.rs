//! Shares of keys, and the reference implementation of SLIP-39. `peer-python` must be on the PATH:
//! a Python that has `shamir_mnemonic`.

use std::path::Path;

use sops_test_support::environment::{TestEnvironment, identity};

/// Prints the secret that the shares of standard input recover, or three shares of the secret in the
/// first argument, in hexadecimal.
const PEER: &str = "
import sys
from shamir_mnemonic import combine_mnemonics, generate_mnemonics
if len(sys.argv) > 1:
    extendable = sys.argv[2] == 'extendable'
    secret = bytes.fromhex(sys.argv[1])
    print('\\n'.join(generate_mnemonics(1, [(2, 3)], secret, extendable=extendable)[0]))
else:
    print(combine_mnemonics(sys.stdin.read().splitlines()).hex())
";

fn peer(environment: &TestEnvironment, arguments: &[&str], input: &str) -> String {
    environment.write("input", input);
    let script = "script=$1; shift; exec peer-python -c \"$script\" \"$@\" < input";
    let mut command = environment.command_of(Path::new("sh"), &["-c", script, "sh", PEER]);
    command.args(arguments);
    environment.finish(command).succeeds().stdout
}

/// A share on one line, as other programs print it.
fn on_one_line(share: &str) -> String {
    let lines = share.lines().filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(str::split_whitespace);
    let words: Vec<&str> = words.filter(|word| word.parse::<u8>().is_err()).collect();
    words.join(" ") + "\n"
}

#[test]
fn the_reference_implementation_reads_our_shares_and_we_read_its() {
    let environment = TestEnvironment::new();
    let mut secrets = Vec::new();
    for (threshold, count) in [(1, 1), (2, 3), (3, 5), (16, 16)] {
        let shares = (1..=count).rev().take(threshold).map(|number: usize| {
            let numbers = format!("{threshold}-of-{count}");
            let share = number.to_string();
            let split = ["keys", "split", &numbers, "--share", &share];
            on_one_line(&environment.run(&split).succeeds().stdout)
        });
        let shares: String = shares.collect();
        secrets.push(peer(&environment, &[], &shares));
    }
    let secret = secrets[0].trim();
    assert_eq!(secret.len(), 64);
    assert!(
        secrets.iter().all(|other| other.trim() == secret),
        "{secrets:?}"
    );

    for kind in ["extendable", "original"] {
        let theirs = peer(&environment, &[secret, kind], "");
        let lines: Vec<&str> = theirs.lines().collect();
        assert_eq!(lines.len(), 3);
        let run = environment.run_with_input(
            &["keys", "join", "--output", "-"],
            &format!("{}\n{}\n", lines[2], lines[0]),
        );
        let run = run.succeeds();
        assert!(
            run.stdout.ends_with(&format!("\n{}\n", identity())),
            "{}",
            run.stderr
        );
        assert!(
            run.stderr.contains("the shares do not say what kind"),
            "{}",
            run.stderr
        );
    }
}
