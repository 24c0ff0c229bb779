//! Publishing encrypted files: to a directory here, and to servers in the other files.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "gcp")]
mod gcp;
#[cfg(feature = "vault")]
mod vault;

use sops_test_support::environment::{
    Run, TestEnvironment, other_identity, other_recipient, recipient,
};

const TEXT: &str = "password: hunter2\n";

fn with_rules(rules: &str) -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.encrypt("a.yaml", TEXT);
    environment.write(".sops.yaml", format!("destination_rules:\n{rules}"));
    environment
}

fn publish(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    environment.run(&[&["publish"], arguments].concat())
}

#[test]
fn a_file_is_published_unchanged() {
    let environment = with_rules("- path_regex: ^a\n  directory: out\n");
    let encrypted = environment.read("a.yaml");
    let run = publish(&environment, &["-y", "a.yaml"]).succeeds();
    assert_eq!(run.stdout, "");
    assert_eq!(environment.read("out/a.yaml"), encrypted);
    // Publishing again, from another directory: the destination is relative to the configuration.
    environment.write("b/x", "");
    let mut command = environment.command(&["publish", "--yes", "--omit-extensions", "../a.yaml"]);
    command.current_dir(environment.path("b"));
    assert_eq!(
        environment.finish(command).code,
        Some(1),
        "the path is matched as it is given"
    );
    environment.write(
        ".sops.yaml",
        "destination_rules:\n- {directory: out, omit_extensions: true}\n",
    );
    let mut command = environment.command(&["publish", "--yes", "../a.yaml"]);
    command.current_dir(environment.path("b"));
    environment.finish(command).succeeds();
    assert_eq!(environment.read("out/a"), encrypted);
}

#[test]
fn a_file_is_encrypted_again_with_the_recreation_rule() {
    let second = other_recipient();
    let environment = with_rules(&format!(
        "- directory: out\n  recreation_rule:\n    age: {second}\n    encrypted_regex: ^pass\n    mac_only_encrypted: true\n"
    ));
    environment.encrypt("a.yaml", "password: hunter2 # kept\nname: x\n");
    let run = publish(&environment, &["-y", "a.yaml"]).succeeds();
    assert_eq!(
        run.stdout,
        format!(
            "The following changes will be made to the file's key groups:\nGroup 1\n+++ {second}\n--- {}\n",
            recipient()
        )
    );
    let published = environment.read("out/a.yaml");
    assert!(published.contains("name: x\n") && published.contains("mac_only_encrypted: true"));
    assert!(!published.contains(&recipient()) && !published.contains("hunter2"));
    environment.run(&["decrypt", "out/a.yaml"]).fails_with(128);
    let mut command = environment.command(&["decrypt", "out/a.yaml"]);
    command.env("SOPS_AGE_KEY", other_identity());
    assert_eq!(
        environment.finish(command).succeeds().stdout,
        "password: hunter2 # kept\nname: x\n"
    );
    // This is impossible without the private key.
    let mut command = environment.command(&["publish", "-y", "a.yaml"]);
    command.env("HOME", environment.path("nowhere"));
    environment.finish(command).fails_with(128);
}

#[test]
fn a_directory_is_published_without_published_files() {
    let environment = with_rules("- directory: apps/out\n");
    for name in ["apps/b.json", "apps/c/d.env"] {
        let text = if name.ends_with("json") {
            "{\"a\": 1}"
        } else {
            "A=1\n"
        };
        environment.encrypt(name, text);
    }
    let run = publish(&environment, &["-y", "apps"]).fails_with(1);
    assert!(run.stderr.contains("help: `--recursive`"), "{run}");
    for _ in 0..2 {
        publish(&environment, &["-y", "--recursive", "apps"]).succeeds();
        for name in ["b.json", "c/d.env"] {
            let published = environment.read(&format!("apps/out/{name}"));
            assert_eq!(published, environment.read(&format!("apps/{name}")));
        }
    }
    assert!(!environment.path("apps/out/out").exists());
    // Refused files are left out.
    let run = environment.run_with_input(&["publish", "--recursive", "apps"], "n\ny\n");
    assert!(
        run.succeeds()
            .stderr
            .contains("publication of apps/b.json canceled")
    );
    environment.write("apps/plain.yaml", TEXT);
    let run = publish(&environment, &["-y", "--recursive", "apps"]).fails_with(1);
    assert!(run.stderr.contains("sops metadata not found"), "{run}");
}

#[test]
fn the_user_is_asked() {
    let environment = with_rules("- directory: out\n");
    for (answer, code) in [("n\n", 1), ("", 1), ("y\n", 0)] {
        let run = environment.run_with_input(&["publish", "a.yaml"], answer);
        assert_eq!(run.code, Some(code), "{run}");
        assert_eq!(environment.path("out/a.yaml").exists(), code == 0);
    }
}

#[test]
fn unpublishable_files_are_named() {
    let environment = with_rules("- {path_regex: x, directory: out}\n");
    let fails = |rules: &str, arguments: &[&str], code: i32, wanted: &str| {
        environment.write(".sops.yaml", rules);
        let run = publish(&environment, arguments).fails_with(code);
        let shown = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(wanted), "{rules}: {run}");
    };
    let (file, rules) = (&["-y", "a.yaml"][..], "destination_rules:\n");
    for (rule, wanted) in [
        (
            "- {path_regex: x, directory: out}",
            "no matching destination found in config for `a.yaml`",
        ),
        (
            "- {path_regex: a}",
            "no destination configured for this file",
        ),
        (
            "- {s3_bucket: b, gcs_bucket: c}",
            "more than one destination in a destination rule",
        ),
        #[cfg(not(feature = "aws"))]
        (
            "- {s3_bucket: b, s3_prefix: p/}",
            "this sops-rs was built without support for Amazon S3: install a release package, or build it with `--features cloud`",
        ),
        #[cfg(not(feature = "gcp"))]
        (
            "- {gcs_bucket: b}",
            "this sops-rs was built without support for Google Cloud Storage: install a release package, or build it with `--features gcp`",
        ),
        #[cfg(not(feature = "vault"))]
        (
            "- {vault_path: v, omit_extensions: true}",
            "this sops-rs was built without support for HashiCorp Vault: install a release package, or build it with `--features vault`",
        ),
        (
            "- {path_regex: '[', directory: out}",
            "destination_rules[0].path_regex: ",
        ),
        ("- {directory: .}", "would be published to itself"),
        ("- {directory: out, recreation_rule: {age: age1x}}", "age1x"),
    ] {
        fails(&format!("{rules}{rule}\n"), file, 1, wanted);
        // None of this affects other commands.
        environment.run(&["decrypt", "a.yaml"]).succeeds();
    }
    let here = format!("{rules}- {{directory: out}}\n");
    fails(&here, &[], 100, "no file");
    fails(&here, &["-y", "none.yaml"], 1, "none.yaml");
    let rule = format!(
        "recreation_rule: {{age: {}, encrypted_regex: ^x$}}",
        recipient()
    );
    environment.write(
        ".sops.yaml",
        format!("{rules}- {{directory: out, {rule}}}\n"),
    );
    let run = publish(&environment, file).fails_with(1);
    assert!(
        run.stderr.contains("selects none") && run.stderr.contains("help: change the rule\n"),
        "{run}"
    );
    environment.write("p.yaml", TEXT);
    fails(&here, &["-y", "p.yaml"], 1, "sops metadata not found");
    environment.write("out/a.yaml", "not: encrypted\n");
    fails(
        &here,
        file,
        3,
        "already exists and is not an encrypted file",
    );
    assert_eq!(environment.read("out/a.yaml"), "not: encrypted\n");
    std::fs::remove_file(environment.path(".sops.yaml")).expect("the file can be removed");
    let run = publish(&environment, file).fails_with(1);
    assert!(run.stderr.contains("config file not found"), "{run}");
    environment.write(
        ".sops.yaml",
        format!("{rules}- {{directory: new, recreation_rule: {{encrypted_regex: x}}}}\n"),
    );
    let run = publish(&environment, file).succeeds();
    assert!(
        run.stderr
            .contains("has no keys, so the file is published as it is"),
        "{run}"
    );
}

#[cfg(unix)]
#[test]
fn no_link_leads_out_of_a_directory() {
    let environment = with_rules("- directory: out\n");
    environment.encrypt("other.yaml", "a: b\n");
    let other = environment.read("other.yaml");
    for directory in ["out", "apps"] {
        std::fs::create_dir(environment.path(directory)).expect("the directory is writable");
    }
    let link = |name: &str| {
        std::os::unix::fs::symlink(environment.path("other.yaml"), environment.path(name))
            .expect("the directory is writable");
    };
    link("out/a.yaml");
    let run = publish(&environment, &["-y", "a.yaml"]);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("is not a regular file"), "{run}");
    assert_eq!(environment.read("other.yaml"), other);
    link("apps/b.yaml");
    publish(&environment, &["-y", "--recursive", "apps"]).succeeds();
    assert!(!environment.path("out/b.yaml").exists());
}
