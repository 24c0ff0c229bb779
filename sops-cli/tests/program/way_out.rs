//! Errors about recipients, private keys and creation rules say what to do instead.

use sops_test_support::environment::{Run, TestEnvironment, identity, other_recipient, recipient};

const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID7c2nabV9RErBkplcSh12Qq0TT4IR35ItcGO4pOiv0G";

fn encrypt(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    environment.write("a.yaml", "a: b\n");
    environment.run(&[&["encrypt", "a.yaml"], arguments].concat())
}

#[track_caller]
fn says(run: &Run, wanted: &[&str]) {
    for wanted in wanted {
        assert!(run.stderr.contains(wanted), "{wanted:?} in {run}");
    }
}

#[test]
fn recipients_that_cannot_be_used_are_named() {
    let environment = TestEnvironment::new();
    let spaces = format!("{} {}", recipient(), other_recipient());
    let lines = format!("{}\n{ED25519} ann\n", recipient());
    for (recipients, wanted) in [
        (
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTI ann",
            "key of type ecdsa-sha2-nistp256; it supports ssh-ed25519 and ssh-rsa",
        ),
        (
            "../keys/ann_ed25519.pub",
            "the name of a file; use the public key",
        ),
        ("85D77543B3D624B63CEA9E6DBC17301B491B3F21", "`--pgp`"),
        (
            "age1fake1dpjkcmr06cm6dw",
            "`age-plugin-fake` is not installed",
        ),
        (
            &spaces,
            "several recipients without commas between them; separate them with commas",
        ),
        (
            &lines,
            "several recipients without commas between them; separate them with commas",
        ),
    ] {
        environment.write("a.yaml", "a: b\n");
        let run = environment.run(&["encrypt", "--age", recipients, "a.yaml"]);
        says(&run.fails_with(1), &[wanted]);
        let mut command = environment.command(&["encrypt", "a.yaml"]);
        command.env("SOPS_AGE_RECIPIENTS", recipients);
        says(&environment.finish(command).fails_with(1), &[wanted]);
    }
}

#[test]
fn the_message_about_a_recipient_names_its_variable() {
    let environment = TestEnvironment::new();
    environment.write("a.yaml", "a: b\n");
    for (variable, value) in [
        ("SOPS_AGE_RECIPIENTS", "bad"),
        ("SOPS_AGE_RECIPIENTS", &identity()),
        ("SOPS_PGP_FP", "bad"),
    ] {
        let mut command = environment.command(&["encrypt", "a.yaml"]);
        command.env(variable, value);
        let run = environment.finish(command).fails_with(1);
        says(&run, &[variable]);
        assert!(
            !run.stderr.contains("`--age`:") && !run.stderr.contains("`--pgp`:"),
            "{run}"
        );
    }
    let run = environment.run(&["encrypt", "--age", "bad", "a.yaml"]);
    assert!(!run.fails_with(1).stderr.contains("SOPS_"));
}

#[test]
fn misplaced_private_keys_are_reported_but_not_shown() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: b\n");
    environment.write("ssh.yaml", "a: b\n");
    let ann = format!("{ED25519} ann");
    environment
        .run(&["encrypt", "-i", "--age", &ann, "ssh.yaml"])
        .succeeds();
    let empty = TestEnvironment::without_key();
    for name in ["x.yaml", "ssh.yaml"] {
        empty.write(name, environment.read(name));
    }
    let key = identity();
    let quoted = format!("\"{key}\"");
    let ssh_key = include_str!("../../../testdata/keys/ssh_ed25519");
    empty.write("ssh_key", ssh_key);
    for (variable, value, wanted) in [
        (
            "SOPS_AGE_KEY",
            &recipient()[..],
            "SOPS_AGE_KEY: line 1: this is a public key; an age private key begins with",
        ),
        (
            "SOPS_AGE_KEY",
            "~/keys/age.txt",
            "SOPS_AGE_KEY: line 1: this looks like the name of a file; set SOPS_AGE_KEY_FILE to the path of a key file",
        ),
        (
            "SOPS_AGE_KEY",
            &quoted,
            "SOPS_AGE_KEY: line 1: this is an age identity in quotes",
        ),
        (
            "SOPS_AGE_KEY",
            ssh_key,
            "SOPS_AGE_KEY: line 1: this looks like an SSH or PGP private key; for an SSH key, set SOPS_AGE_SSH_PRIVATE_KEY_FILE to its path",
        ),
        (
            "SOPS_AGE_KEY_FILE",
            &key,
            "SOPS_AGE_KEY_FILE: this is a private key, not the name of a file; put keys into SOPS_AGE_KEY",
        ),
        (
            "SOPS_AGE_KEY_FILE",
            "ssh_key",
            "SOPS_AGE_KEY_FILE (ssh_key): line 1: this looks like an SSH or PGP private key",
        ),
    ] {
        let mut command = empty.command(&["decrypt", "x.yaml"]);
        command.env(variable, value);
        let run = empty.finish(command).fails_with(128).keeps(&[&key]);
        says(
            &run,
            &[wanted, "SOPS_AGE_KEY_FILE to the file that contains it\n"],
        );
    }
    let run = environment.run(&["decrypt", "ssh.yaml"]).fails_with(128);
    says(
        &run,
        &[
            "set SOPS_AGE_SSH_PRIVATE_KEY_FILE to its path\n",
            &format!("keys.txt: 1 key ({})", recipient()),
        ],
    );
    assert!(!run.stderr.contains("or set SOPS_AGE_KEY_FILE"), "{run}");
    let mut command = empty.command(&["decrypt", "ssh.yaml"]);
    command.env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", empty.path("ssh_key"));
    assert_eq!(empty.finish(command).succeeds().stdout, "a: b\n");
}

#[test]
fn the_plugin_that_a_file_needs_is_named() {
    let environment = TestEnvironment::without_key();
    let other = TestEnvironment::new();
    other.encrypt("x.yaml", "a: b\n");
    let text = other
        .read("x.yaml")
        .replace(&recipient(), "age1fake1dpjkcmr06cm6dw");
    environment.write("x.yaml", text);
    let run = environment.run(&["decrypt", "x.yaml"]).fails_with(128);
    says(
        &run,
        &[
            "help: put an identity of the plugin `age-plugin-fake` into the key file, or set SOPS_AGE_KEY_FILE to the file that contains it",
        ],
    );
}

#[test]
fn errors_in_creation_rules_say_what_to_write() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    for (rules, wanted) in [
        (
            format!("- path_regex: '*.yaml'\n  age: {first}\n"),
            &[
                r"this is a glob, but must be a regular expression; write `\.yaml$`",
                ".sops.yaml:2:15",
            ][..],
        ),
        (
            format!("- path_regex: vars/*.yaml\n  age: {first}\n"),
            &[
                "no matching creation rules found",
                r"write `^vars/[^/]*\.yaml$`",
            ],
        ),
        (
            format!(
                "- shamir_threshold: 1\n  key_groups:\n  - age: [{first}]\n  - age: [{second}]\n"
            ),
            &["put all keys into one group", ".sops.yaml:2:21"],
        ),
        (
            format!("- key_groups:\n  - age: [[{first}], {second}]\n"),
            &["a list inside a list", "`merge`"],
        ),
        (
            format!("- age: >-\n    {first}\n    {second}\n"),
            &["several recipients without commas", ".sops.yaml:2:8"],
        ),
        (
            format!("- age: {first}\n  encrypted_regexp: x\n"),
            &["did you mean `encrypted_regex`?", ".sops.yaml:3:3"],
        ),
    ] {
        environment.write(".sops.yaml", format!("creation_rules:\n{rules}"));
        says(&encrypt(&environment, &[]).fails_with(1), wanted);
    }
}

#[test]
fn unknown_keys_of_a_configuration_are_only_warnings() {
    let environment = TestEnvironment::new();
    let ours = recipient();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {ours}\n  owner: ann\ndestination_rules:\n- reencryption_rule: {{}}\nstores: {{xml: 1}}\n"),
    );
    let run = encrypt(&environment, &[]).succeeds();
    says(
        &run,
        &[
            "warning: .sops.yaml: line 3, column 3: unknown key `owner` in a creation rule has no effect; the known keys are: ",
            "unknown key `xml` in `stores`",
        ],
    );
    // Only `publish` uses destination rules.
    assert!(!run.stderr.contains("recreation_rule"), "{run}");
    environment.write("published.yaml", environment.read("a.yaml"));
    let run = environment.run(&["publish", "-y", "published.yaml"]);
    says(&run, &["did you mean `recreation_rule`?"]);
}

#[test]
fn a_recipient_without_a_matching_rule_gets_a_hint_to_skip_the_rules() {
    let environment = TestEnvironment::new();
    let ours = recipient();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- {{path_regex: other, age: {ours}}}\n"),
    );
    let run = encrypt(&environment, &["--age", &ours]).fails_with(1);
    says(
        &run,
        &[
            "no matching creation rules found",
            "add `--config /dev/null`",
        ],
    );
    encrypt(&environment, &["--age", &ours, "--config", "/dev/null"]).succeeds();
    let run = encrypt(&environment, &[]).fails_with(1);
    assert!(!run.stderr.contains("/dev/null"), "{run}");
}
