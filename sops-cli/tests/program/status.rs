//! `whoami` and `status`.

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

/// Creates a repository with files for Ann, whose key is in the home, and for Bob.
fn repository(environment: &TestEnvironment) {
    let (ann, bob) = (recipient(), other_recipient());
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n  - path_regex: ^a/\n    mac_only_encrypted: true\n    age:\n      - {ann} # ann\n      - {bob} # bob\n  - path_regex: ^b/\n    age: {bob} # bob\n"
        ),
    );
    for name in ["a/in-step.yaml", "a/behind.yaml", "b/closed.yaml"] {
        environment.write(name, "a: hunter2\n");
    }
    environment
        .run(&["encrypt", "-i", "a/in-step.yaml", "b/closed.yaml"])
        .succeeds();
    environment
        .run(&[
            "encrypt",
            "-i",
            "--config",
            "/dev/null",
            "--age",
            &ann,
            "a/behind.yaml",
        ])
        .succeeds();
    environment.write("plain.yaml", "a: b\n");
}

#[test]
fn each_encrypted_file_has_a_line() {
    let environment = TestEnvironment::new();
    repository(&environment);
    let run = environment.run(&["status"]).succeeds().keeps(&["hunter2"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{run}");
    for (line, parts) in lines.iter().zip([
        &[
            "./a/behind.yaml: you can decrypt it; recipients: ann (age1",
            "; differs from rule 1 of .sops.yaml: lacks age1",
            "; changed 2",
        ][..],
        &[
            "./a/in-step.yaml: you can decrypt it; recipients: ann (age1",
            "), bob (age1",
            "; matches rule 1 of .sops.yaml; MAC over encrypted values only; changed 2",
        ],
        &[
            "./b/closed.yaml: you cannot decrypt it; recipients: bob (age1",
            "; matches rule 2 of .sops.yaml",
        ],
    ]) {
        for part in parts {
            assert!(line.contains(part), "{part}: {run}");
        }
    }
    let run = environment
        .run(&["status", "b", "a/in-step.yaml"])
        .succeeds();
    assert_eq!(run.stdout.lines().count(), 2, "{run}");
    let run = environment.run(&["status", "--by", "recipient"]).succeeds();
    assert!(
        run.stdout
            .contains("): 2 files\n  ./a/behind.yaml\n  ./a/in-step.yaml\nbob"),
        "{run}"
    );
}

#[test]
fn the_status_needs_no_key_and_is_available_as_json() {
    let environment = TestEnvironment::new();
    repository(&environment);
    let keyless = TestEnvironment::without_key();
    for name in [
        ".sops.yaml",
        "a/in-step.yaml",
        "a/behind.yaml",
        "b/closed.yaml",
    ] {
        keyless.write(name, environment.bytes(name));
    }
    for (environment, readable) in [(&environment, [true, true, false]), (&keyless, [false; 3])] {
        let run = environment.run(&["status", "--json", "."]).succeeds();
        let files: serde_json::Value = serde_json::from_str(&run.stdout).expect("the text is JSON");
        for (index, readable) in readable.into_iter().enumerate() {
            assert_eq!(files[index]["readable"], readable, "{run}");
        }
        assert_eq!(files[1]["recipients"][1]["name"], "bob");
        assert_eq!(files[1]["recipients"][1]["id"], other_recipient());
        assert_eq!(files[1]["mac_only_encrypted"], true);
        assert_eq!(files[2]["rule"]["number"], 2);
        assert_eq!(files[0]["drift"].as_array().map(Vec::len), Some(2), "{run}");
    }
    keyless.write("b/closed.yaml", "a: ENC[AES256_GCM,data:\nsops: x\n");
    let run = keyless.run(&["status"]);
    assert!(
        run.code == Some(2) && run.stdout.lines().count() == 2,
        "{run}"
    );
}

#[test]
fn whoami_says_where_keys_come_from_and_which_rules_name_them() {
    let environment = TestEnvironment::new();
    repository(&environment);
    let run = environment.run(&["whoami"]).succeeds();
    let file = environment.home().join(".config/sops/age/keys.txt");
    assert_eq!(
        run.stdout,
        format!(
            "{}\n  key in {}\n  named as ann in .sops.yaml: rule 1 (^a/)\n",
            recipient(),
            file.display()
        )
    );
    let mut command = environment.command(&["whoami", "--config", "/dev/null"]);
    command.env(
        "SOPS_AGE_KEY",
        sops_test_support::environment::other_identity(),
    );
    let run = environment.finish(command).succeeds();
    let expected = format!("{}\n  key in SOPS_AGE_KEY\n", other_recipient());
    assert!(run.stdout.starts_with(&expected), "{run}");
    let run = TestEnvironment::without_key().run(&["whoami"]);
    assert!(run.fails_with(1).stderr.contains("`sops-rs init`"));
}
