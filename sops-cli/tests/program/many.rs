//! Many files in one call.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use test_support::environment::{TestEnvironment, other_recipient, recipient};

const TEXT: &str = "a: hunter2\n";

#[test]
fn several_files_are_done_in_one_call() {
    let environment = TestEnvironment::new();
    let names: Vec<String> = (0..300).map(|number| format!("{number}.yaml")).collect();
    for name in &names {
        environment.write(name, TEXT);
    }
    let recipient = recipient();
    let of = |command: &[&str]| {
        let names = names.iter().map(String::as_str);
        let arguments: Vec<&str> = command.iter().copied().chain(names).collect();
        let run = environment.run(&arguments).succeeds();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    };
    of(&["encrypt", "-i", "--age", &recipient]);
    let encrypted = environment.read("7.yaml");
    of(&["rotate", "-i"]);
    assert_ne!(environment.read("7.yaml"), encrypted);
    of(&["decrypt", "-i"]);
    assert_eq!(environment.names().len(), names.len());
    for name in &names {
        assert_eq!(environment.read(name), TEXT);
    }
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.encrypt("y.yaml", TEXT);
    environment.write(
        "altered.yaml",
        environment.read("x.yaml").replacen("data:", "data:AAAA", 1),
    );
    let arguments = [
        "decrypt",
        "-i",
        "altered.yaml",
        "x.yaml",
        "none.yaml",
        "y.yaml",
        "x.yaml",
    ];
    let altered = environment.read("altered.yaml");
    let run = environment.run(&arguments).fails_with(25);
    assert!(
        run.stderr.contains("2 of 4 files could not be decrypted"),
        "{run}"
    );
    assert!(
        run.stderr.contains("none.yaml") && run.stderr.contains("altered.yaml"),
        "{run}"
    );
    assert!(!run.stderr.contains("hunter2"), "{run}");
    assert_eq!(
        [environment.read("x.yaml"), environment.read("y.yaml")],
        [TEXT, TEXT]
    );
    assert_eq!(environment.read("altered.yaml"), altered);
    assert_eq!(environment.names().len(), 3);
    let override_name = [
        "encrypt",
        "-i",
        "--filename-override",
        "z.yaml",
        "x.yaml",
        "y.yaml",
    ];
    environment.run(&override_name).fails_with(8);
}

#[test]
fn of_a_folder_the_files_are_done_that_are_meant() {
    let environment = TestEnvironment::new();
    let config = format!(
        "creation_rules:\n  - path_regex: \\.(yaml|json)$\n    age: {}\n",
        recipient()
    );
    let files = [
        (".sops.yaml", config.as_str()),
        (".gitignore", "ignored.yaml\n"),
        ("apps/ignored.yaml", TEXT),
        ("apps/web/x.yaml", TEXT),
        ("apps/.hidden.json", "{\"a\": \"hunter2\"}"),
        ("apps/README.md", "hunter2\n"),
        ("apps/other.yml", TEXT),
    ];
    for (name, text) in files {
        environment.write(name, text);
    }
    environment.write("apps/done.yaml", TEXT);
    environment
        .run(&["encrypt", "-i", "apps/done.yaml"])
        .succeeds();
    let done = environment.read("apps/done.yaml");
    environment.run(&["encrypt", "-i", "."]).succeeds();
    for (name, text) in files {
        let is_encrypted = ["apps/web/x.yaml", "apps/.hidden.json"].contains(&name);
        assert_eq!(environment.read(name) != text, is_encrypted, "{name}");
    }
    assert_eq!(environment.read("apps/done.yaml"), done);
    environment
        .run(&["decrypt", "-i", "apps", "apps/web/x.yaml"])
        .succeeds();
    for (name, text) in files {
        assert_eq!(environment.read(name), text, "{name}");
    }
    fs::remove_file(environment.path("apps/web/x.yaml")).expect("it is ours");
    environment.run(&["decrypt", "-i", "apps/web"]).succeeds();
}

#[test]
fn of_a_folder_the_files_stay_of_which_the_rule_selects_nothing() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n  - encrypted_regex: ^data$\n    age: {}\n",
            recipient()
        ),
    );
    let plain = "kind: Kustomization\nresources: [secret.yaml]\n";
    environment.write("apps/kustomization.yaml", plain);
    environment.write("apps/secret.yaml", "data: {a: hunter2}\n");
    let run = environment.run(&["encrypt", "-i", "apps"]).succeeds();
    assert_eq!(environment.read("apps/kustomization.yaml"), plain);
    assert!(!environment.read("apps/secret.yaml").contains("hunter2"));
    assert_eq!(
        run.stderr,
        "These files stay in plaintext, since their rule selects none of their values:\n    apps/kustomization.yaml\nFiles encrypted: 1\n"
    );
    // One that is named is meant.
    let named = ["encrypt", "-i", "apps/kustomization.yaml", "apps"];
    let run = environment.run(&named).fails_with(1);
    assert!(
        run.stderr.contains("1 of 1 files could not be encrypted"),
        "{run}"
    );
}

#[test]
fn of_a_folder_the_keys_of_encrypted_files_are_updated() {
    let environment = TestEnvironment::new();
    for name in ["in/x.yaml", "in/x.env", "in/x.bin", "in/not covered.yaml"] {
        environment.encrypt(name, "a=1: hunter2\n");
    }
    environment.write("in/plain.yaml", TEXT);
    let left = environment.read("in/not covered.yaml");
    let both = format!("{},{}", recipient(), other_recipient());
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n  - path_regex: /(x|plain)\n    age: {both}\n"),
    );
    environment.run(&["updatekeys", "--yes", "in"]).succeeds();
    for name in ["in/x.yaml", "in/x.env", "in/x.bin"] {
        assert!(
            environment.read(name).contains(&other_recipient()),
            "{name}"
        );
        assert_eq!(environment.decrypt(name), "a=1: hunter2\n");
    }
    assert_eq!(environment.read("in/plain.yaml"), TEXT);
    assert_eq!(environment.read("in/not covered.yaml"), left);
}

#[test]
fn a_signal_leaves_each_file_whole() {
    let environment = TestEnvironment::new();
    let names: Vec<String> = (100..400).map(|number| format!("{number}.yaml")).collect();
    for name in &names {
        environment.write(name, TEXT);
    }
    let recipient = recipient();
    environment
        .run(&[
            "encrypt",
            "-i",
            "--allow-plaintext",
            "--age",
            &recipient,
            ".",
        ])
        .succeeds();
    let begin = Instant::now();
    environment.run(&["rotate", "-i", "."]).succeeds();
    let whole = begin.elapsed();
    let mut ended = 0;
    for part in 1..=6 {
        let mut child = environment
            .command(&["rotate", "-i", "."])
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        thread::sleep(whole * part / 8);
        // It may have ended already.
        let _ = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        let status = child.wait().expect("it ends");
        ended += usize::from(!status.success());
        assert_eq!(environment.names(), names);
    }
    assert!(ended > 0, "no signal came in time");
    environment.run(&["decrypt", "-i", "."]).succeeds();
    for name in &names {
        assert_eq!(environment.read(name), TEXT);
    }
}
