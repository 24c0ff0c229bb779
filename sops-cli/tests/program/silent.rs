//! Requests that `sops` silently ignores, which are errors or warnings here.

use std::fs::OpenOptions;
use std::process::Stdio;

use sops_test_support::environment::{TestEnvironment, recipient};

const TEXT: &str = "a: hunter2\n";

#[test]
fn standard_output_must_not_be_the_input_file() {
    let environment = TestEnvironment::new();
    let ours = recipient();
    environment.encrypt("encrypted.yaml", TEXT);
    let encrypted = environment.read("encrypted.yaml");
    for (arguments, text, is_emptied) in [
        (&["decrypt", "x.yaml"][..], &encrypted[..], false),
        (&["decrypt", "x.yaml"], &encrypted, true),
        (
            &["decrypt", "--extract", "['a']", "x.yaml"],
            &encrypted,
            false,
        ),
        (&["rotate", "x.yaml"], &encrypted, false),
        (&["encrypt", "--age", &ours, "x.yaml"], TEXT, false),
        (&["encrypt", "--age", &ours, "x.yaml"], TEXT, true),
    ] {
        environment.write("x.yaml", text);
        let output = OpenOptions::new()
            .append(!is_emptied)
            .write(true)
            .truncate(is_emptied)
            .open(environment.path("x.yaml"))
            .expect("the file can be opened");
        let mut command = environment.command(arguments);
        command.stdout(Stdio::from(output)).stderr(Stdio::piped());
        let run = command.output().expect("the program can be started");
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(3), "{arguments:?}: {stderr}");
        assert!(
            stderr.contains("the output would overwrite the input file"),
            "{stderr}"
        );
        assert!(
            stderr.contains("x.yaml") && stderr.contains("`--in-place`"),
            "{stderr}"
        );
        let left = environment.read("x.yaml");
        assert_eq!(left, if is_emptied { "" } else { text }, "{arguments:?}");
    }
    // The output is another file, or the same file in place.
    environment.write("x.yaml", &encrypted);
    let output = OpenOptions::new()
        .append(true)
        .open(environment.path("x.yaml"));
    let mut command = environment.command(&["decrypt", "-i", "x.yaml"]);
    command.stdout(output.expect("the file can be opened"));
    assert!(
        command
            .status()
            .expect("the program can be started")
            .success()
    );
    assert_eq!(environment.read("x.yaml"), TEXT);
}

#[test]
fn an_editor_that_returns_immediately_gets_a_hint_to_wait() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    for (script, is_told) in [("", true), ("sleep 1", false)] {
        let mut command = environment.command(&["edit", "x.yaml"]);
        command.env("EDITOR", environment.editor(script));
        let run = environment.finish(command).fails_with(200);
        assert!(
            run.stderr.starts_with("note: the file was not changed"),
            "{run}"
        );
        assert_eq!(
            run.stderr.contains("EDITOR='code --wait'"),
            is_told,
            "{run}"
        );
    }
}

#[test]
fn quotes_do_not_join_lines_of_dotenv() {
    let environment = TestEnvironment::new();
    let ours = recipient();
    let arguments = ["encrypt", "--age", &ours, "a.env"];
    environment.write("a.env", "A=1\nT=\"x=\nc2VjcmV0cGFydA==\nend=\"\n");
    let run = environment.run(&arguments).fails_with(23);
    assert!(run.stderr.contains("--> a.env:2:3"), "{run}");
    assert!(
        run.stderr.contains("ends on line 4") && run.stderr.contains("--input-type binary"),
        "{run}"
    );
    assert!(!run.stderr.contains("c2Vj"), "{run}");
    let run = environment.run(&["encrypt", "--allow-plaintext", "--age", &ours, "a.env"]);
    assert!(run.succeeds().stdout.contains("\nc2VjcmV0cGFydA=ENC["));
    environment.write("a.env", "KEY=\"-----BEGIN X-----\nabc\n-----END X-----\"\n");
    let run = environment.run(&arguments).fails_with(2);
    assert!(
        run.stderr
            .contains("the quote on line 1 does not join lines"),
        "{run}"
    );
    environment.write("a.env", "A=\"x\nB=\"y\"\n");
    let run = environment.run(&arguments).succeeds();
    assert_eq!(
        run.stderr,
        "warning: a.env: line 1, column 3: this quote is never closed, so it becomes part of the value\n"
    );
}
