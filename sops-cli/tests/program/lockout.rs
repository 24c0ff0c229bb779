//! Files that no one, or only other users, could decrypt after encryption.

use std::fs;
use std::process::Command;

use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_identity, other_recipient, recipient,
};

const TEXT: &str = "a: hunter2\n";

const WARNING: &str = "none of your private keys can decrypt";

/// A key that belongs to neither test recipient.
const THIRD: &str = "age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z";

fn key_file(environment: &TestEnvironment) -> String {
    let path = environment.home().join(".config/sops/age/keys.txt");
    path.to_str().expect("the text is UTF-8").to_owned()
}

fn with(environment: &TestEnvironment, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    let mut command: Command = environment.command(arguments);
    command.envs(variables.iter().copied());
    environment.finish(command)
}

#[test]
fn the_key_file_is_not_encrypted_with_itself() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.run(&["init"]).succeeds();
    let file = key_file(&environment);
    let key = fs::read_to_string(&file).expect("the file can be read");
    fs::hard_link(&file, environment.path("link.txt")).expect("the link can be created");
    let both = format!("{},{}", recipient(), other_recipient());
    for arguments in [
        &["encrypt", "-i", &file][..],
        &["encrypt", "-i", "link.txt"],
        &["-e", "-i", &file],
        &["encrypt", "-i", "--dry-run", &file],
        &["encrypt", "--output", &file, &file],
        // The others could decrypt it, but this user could not.
        &["encrypt", "-i", "--age", &other_recipient(), &file],
        &["encrypt", "-i", "--age", &both, &file],
    ] {
        let run = environment.run(arguments).fails_with(1);
        assert!(
            run.stderr
                .contains("reads your private keys from this file"),
            "{run}"
        );
        assert_eq!(
            fs::read_to_string(&file).expect("the file can be read"),
            key
        );
    }
    let run = environment
        .run(&["encrypt", "-i", &file, "link.txt"])
        .fails_with(1);
    assert!(run.stderr.contains("2 of 2 files"), "{run}");
    assert_eq!(environment.decrypt("x.yaml"), TEXT);

    // If there is a copy of the key file, or the key is somewhere else too, nothing is lost.
    environment
        .run(&["encrypt", "--age", &both, &file])
        .succeeds();
    let variables = [("SOPS_AGE_KEY", &*identity())];
    with(&environment, &variables, &["encrypt", "-i", &file]).succeeds();
    assert_ne!(
        fs::read_to_string(&file).expect("the file can be read"),
        key
    );
}

#[test]
fn a_file_with_the_only_key_that_could_decrypt_it_is_not_encrypted() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    let file = format!("# public key: {second}\n{}\n", other_identity());
    let base64 = "IyBjcmVhdGVkCkFHRS1TRUNSRVQtS0VZ";
    assert!(!file.contains(base64));
    let manifest = format!(
        "kind: Secret\nstringData:\n  age.agekey: |\n    {}\n",
        file.replace('\n', "\n    ").trim_end()
    );
    for (name, text) in [
        ("keys.txt", file.clone()),
        ("secret.yaml", manifest),
        (
            "keys.json",
            format!("{{\"key\": \"{}\"}}", other_identity()),
        ),
    ] {
        environment.write(name, &text);
        let run = environment
            .run(&["encrypt", "-i", "--age", &second, name])
            .fails_with(1);
        assert!(
            run.stderr
                .contains("the only private key that could decrypt it"),
            "{run}"
        );
        run.keeps(&[&other_identity()]);
        assert_eq!(environment.read(name), text);
        // Another key decrypts the file, or the file is a copy.
        for arguments in [
            &["encrypt", "--age", &second, name][..],
            &["encrypt", "-i", "--age", &format!("{second},{THIRD}"), name],
        ] {
            environment.run(arguments).succeeds();
        }
        environment.write(name, &text);
        environment
            .run(&["encrypt", "-i", "--age", &first, name])
            .succeeds();
        environment.write(name, &text);
        let variables = [("SOPS_AGE_KEY", &*other_identity())];
        with(
            &environment,
            &variables,
            &["encrypt", "-i", "--age", &second, name],
        )
        .succeeds();
    }
}

#[test]
fn lint_does_not_encrypt_the_only_key_that_could_decrypt_the_file() {
    let environment = TestEnvironment::new();
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData:\n  age.agekey: {}\n",
        other_identity()
    );
    environment.write("secret.yaml", &text);
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", other_recipient()),
    );
    let run = environment.run(&["lint", "--fix", "--yes"]);
    assert!(
        run.stderr
            .contains("the only private key that could decrypt it"),
        "{run}"
    );
    assert_eq!(environment.read("secret.yaml"), text);
}

#[test]
fn a_file_for_others_only_gets_a_warning() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: yaml$\n  age: {}\n",
            other_recipient()
        ),
    );
    environment.write("x.yaml", TEXT);
    let run = environment
        .run(&["encrypt", "-i", "--dry-run", "x.yaml"])
        .succeeds();
    assert!(run.stderr.contains(WARNING), "{run}");
    let run = environment.run(&["encrypt", "-i", "x.yaml"]).succeeds();
    assert!(run.stderr.contains(&format!("{WARNING} x.yaml;")), "{run}");
    for number in 0..12 {
        environment.write(&format!("d/{number}.yaml"), TEXT);
    }
    let run = environment
        .run(&["encrypt", "-i", "--dry-run", "d"])
        .succeeds();
    assert_eq!(run.stderr.matches(WARNING).count(), 1, "{run}");
    let run = environment.run(&["encrypt", "-i", "d"]).succeeds();
    assert_eq!(run.stderr.matches(WARNING).count(), 1, "{run}");
    assert!(run.stderr.contains("and 2 more files"), "{run}");
    let mut command = environment.command(&["edit", "new.yaml"]);
    command.env("EDITOR", environment.editor("echo a: b > \"$1\""));
    let run = environment.finish(command).succeeds();
    assert!(
        run.stderr.contains(&format!("{WARNING} new.yaml;")),
        "{run}"
    );
}

#[test]
fn no_warning_appears_if_a_key_may_be_in_another_place() {
    let second = other_recipient();
    let both = format!("{},{second}", recipient());
    let with_key = TestEnvironment::new();
    let without = TestEnvironment::without_key();
    let command = [("SOPS_AGE_KEY_CMD", "false")];
    let of_other = [("SOPS_AGE_KEY", &*other_identity())];
    for (environment, variables, flags) in [
        // A CI job has only public keys.
        (&without, &[][..], &["--age", &second][..]),
        (&with_key, &[], &["--age", &both]),
        (&with_key, &of_other, &["--age", &second]),
        (&with_key, &command, &["--age", &second]),
        (
            &with_key,
            &[],
            &["--age", &second, "--keyservice", "unix:///nowhere"],
        ),
    ] {
        environment.write("x.yaml", TEXT);
        let arguments = [&["encrypt", "-i"], flags, &["x.yaml"]].concat();
        let run = with(environment, variables, &arguments);
        assert!(!run.stderr.contains(WARNING), "{flags:?}: {run}");
        assert!(
            run.code == Some(0) || flags.contains(&"--keyservice"),
            "{run}"
        );
    }
    // Printing the result loses nothing.
    with_key.write("x.yaml", TEXT);
    let run = with_key
        .run(&["encrypt", "--age", &second, "x.yaml"])
        .succeeds();
    assert_eq!(run.stderr, "");
}

#[test]
fn a_key_file_that_is_a_pipe_is_not_read_for_the_lockout_check() {
    let environment = TestEnvironment::without_key();
    let pipe = environment.path("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .expect("the pipe can be created");
    environment.write("x.yaml", TEXT);
    let pipe = pipe.to_str().expect("the text is UTF-8");
    let arguments = ["encrypt", "-i", "--age", &recipient(), "x.yaml"];
    // Nothing writes to the pipe, so a reader would wait forever.
    with(&environment, &[("SOPS_AGE_KEY_FILE", pipe)], &arguments).succeeds();
}
