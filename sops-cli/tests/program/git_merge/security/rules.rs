//! Narrowed rules: a value that a side encrypts never becomes plaintext.

use sops_test_support::environment::recipient;

use crate::git_merge::{MERGED, OURS, Repository, SECRETS, THEIRS};

const FILE: &str = "secret.yaml";

/// Creates and encrypts a file under a rule.
fn encrypt(repository: &Repository, plaintext: &str, expression: &str) {
    repository.0.write(FILE, plaintext);
    let config = ["--config", "/dev/null", "encrypt", "-i"];
    let rule = ["--encrypted-regex", expression, "--age", &recipient()];
    let words = [&config[..], &rule, &[FILE]].concat();
    repository.0.run(&words).succeeds();
}

/// The MAC does not cover the rule. So a branch can narrow it without a key, unless the file has a
/// value that the rule no longer selects.
#[test]
fn a_rule_that_was_narrowed_without_a_key_does_not_expose_new_values() {
    let narrow = |of: &Repository| {
        for name in [".sops.yaml", FILE] {
            let text = of.0.read(name);
            let narrowed = text.replace("^(p.*|token)$", "^p.*$");
            assert_ne!(text, narrowed);
            of.0.write(name, narrowed);
        }
    };
    let add = |of: &Repository| of.edit(FILE, THEIRS);
    let check = |theirs: &dyn Fn(&Repository), ours: &dyn Fn(&Repository)| {
        let repository = Repository::new();
        let rule = "creation_rules:\n- encrypted_regex: ^(p.*|token)$\n";
        let text = repository.0.read(".sops.yaml");
        let text = text.replace("creation_rules:\n- ", &format!("{rule}  "));
        repository.0.write(".sops.yaml", text);
        let repository = repository.diverged(FILE, theirs, ours);
        let run = repository.conflicts();
        let message = "would leave values in plaintext that one side encrypts: token";
        assert!(run.stderr.contains(message), "{run}");
        let marked = repository.is_marked(FILE);
        for flags in [&[][..], &["--ours"], &["--theirs"]] {
            let run = repository.resolve_with_editor(FILE, "exit 1", flags);
            assert_eq!(run.code, Some(1), "{run}");
            assert!(run.stderr.contains("--allow-plaintext"), "{run}");
            assert_eq!(repository.0.read(FILE), marked);
        }
    };
    check(&narrow, &add);
    check(&add, &narrow);
}

#[test]
fn a_value_that_the_chosen_rule_leaves_in_plaintext_needs_a_flag() {
    let repository = Repository::new().diverged(
        FILE,
        |of| encrypt(of, THEIRS, "^(password|token)$"),
        |of| encrypt(of, OURS, "^(password|port|token|user)$"),
    );
    repository.conflicts();
    let run = repository.0.run(&["resolve", FILE, "--settings", "theirs"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("would leave values in plaintext")
            && run.stderr.contains("--allow-plaintext"),
        "{run}"
    );
    repository.is_marked(FILE);
    repository
        .0
        .run(&["resolve", FILE, "--settings", "ours"])
        .keeps(&SECRETS)
        .succeeds();
    repository.git(&["add", FILE]).succeeds();
    repository.is_merged(FILE, MERGED);
    assert!(!repository.0.read(FILE).contains("8080"));
}
