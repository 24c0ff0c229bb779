//! Windows line endings and byte order marks in encrypted and plaintext dotenv and INI files.

use sops_test_support::environment::{TestEnvironment, recipient};

/// The content of a file after Git converted its line breaks.
fn converted(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

const DOTENV: [&str; 4] = [
    "# c\nA=1\n\nB_unencrypted=two\nC=x\\ny\n",
    "A=1",
    "A=1\r\nB_unencrypted=2\r\n",
    "A=1\n\n",
];

#[test]
fn encrypted_dotenv_that_git_converted_is_opened_by_every_command() {
    for text in DOTENV {
        for name in ["x.env", ".env.local"] {
            let environment = TestEnvironment::new();
            environment.write(
                ".sops.yaml",
                format!("creation_rules:\n- age: {}\n", recipient()),
            );
            environment.encrypt("new.env", text);
            environment.write(name, environment.read("new.env").replace('\n', "\r\n"));
            let is_crlf = |environment: &TestEnvironment| {
                let text = environment.read(name);
                assert!(text.contains("ENC["), "{text}");
                text.matches('\n').count() == text.matches("\r\n").count()
            };
            let open = |arguments: &[&str]| environment.run(arguments).succeeds().stdout;
            assert_eq!(open(&["decrypt", name]), text);
            assert_eq!(open(&["filestatus", name]), "{\"encrypted\":true}\n");
            let value = text.lines().find(|line| line.starts_with("A=1"));
            let has_return = text.contains("1\r");
            let shown = if has_return { "1\r" } else { "1" };
            assert!(value.is_some());
            assert_eq!(open(&["decrypt", "--extract", "[\"A\"]", name]), shown);
            assert_eq!(open(&["exec-env", name, "printf %s \"$A\""]), shown);
            open(&["lint", name]);
            open(&["updatekeys", "--yes", name]);
            open(&["rotate", "-i", name]);
            assert!(is_crlf(&environment), "{text:?}");
            assert_eq!(open(&["decrypt", name]), text);
            open(&["set", name, "[\"A\"]", "\"9\""]);
            assert!(is_crlf(&environment), "{text:?}");
            assert_eq!(open(&["decrypt", name]), text.replace("A=1", "A=9"));
            let mut edit = environment.command(&["edit", name]);
            edit.env("EDITOR", environment.editor("sed -i s/A=9/A=8/ \"$1\""));
            environment.finish(edit).succeeds();
            assert!(is_crlf(&environment), "{text:?}");
            assert_eq!(open(&["decrypt", name]), text.replace("A=1", "A=8"));
            let group = ["--file", name, "--age", &recipient()];
            open(&[&["groups", "add", "-y", "-i"], &group[..]].concat());
            assert!(is_crlf(&environment), "{text:?}");
            open(&["decrypt", "-i", name]);
            assert_eq!(environment.read(name), text.replace("A=1", "A=8"));
        }
    }
}

#[test]
fn encrypted_ini_that_git_converted_is_opened_by_every_command() {
    let environment = TestEnvironment::new();
    let text = "; c\n[s]\nk=v\nb_unencrypted = x\n";
    environment.encrypt("x.ini", text);
    environment.write("x.ini", converted(&environment.read("x.ini")));
    assert_eq!(environment.decrypt("x.ini"), converted(text));
    environment.run(&["rotate", "-i", "x.ini"]).succeeds();
    let set = ["set", "x.ini", "[\"s\"][\"k\"]", "\"w\""];
    environment.run(&set).succeeds();
    let expected = converted(text).replace("k=v", "k=w");
    assert_eq!(environment.decrypt("x.ini"), expected);
}

#[test]
fn values_with_carriage_returns_come_with_a_warning() {
    let environment = TestEnvironment::new();
    let warning = "has Windows line endings, so each value";
    environment.write("x.env", "A=1\r\nB=two\r\n");
    let encrypt = ["encrypt", "-i", "--age", &recipient(), "x.env"];
    let run = environment.run(&encrypt);
    assert!(run.stderr.contains(warning), "{run}");
    run.succeeds();
    assert_eq!(environment.decrypt("x.env"), "A=1\r\nB=two\r\n");
    for (path, expected) in [
        ("[\"A\"]", "A=9\r\nB=two\r\n"),
        ("[\"C\"]", "A=9\r\nB=two\r\nC=9\r\n"),
    ] {
        let run = environment.run(&["set", "x.env", path, "\"9\""]);
        assert!(run.stderr.contains(warning), "{run}");
        run.succeeds();
        assert_eq!(environment.decrypt("x.env"), expected);
    }
    environment.run(&["unset", "x.env", "[\"A\"]"]).succeeds();
    assert_eq!(environment.decrypt("x.env"), "B=two\r\nC=9\r\n");
    // Without them, there is no message; nor if the last line has another ending.
    environment.write("lf.env", "A=1\nB=2\n");
    let run = environment.run(&["encrypt", "--quiet", "-i", "--age", &recipient(), "lf.env"]);
    assert_eq!(run.succeeds().stderr, "");
    environment
        .run(&["set", "lf.env", "[\"A\"]", "\"9\""])
        .succeeds();
    assert_eq!(environment.decrypt("lf.env"), "A=9\nB=2\n");
    environment.write("blank.env", "A=1\r\n\r\n");
    let run = environment
        .run(&["encrypt", "--age", &recipient(), "blank.env"])
        .fails_with(2);
    assert!(
        run.stderr.contains("save the file with LF line endings"),
        "{run}"
    );
}

#[test]
fn new_lines_of_ini_have_the_line_breaks_of_the_file() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.ini", "[s]\r\nk=v\r\n");
    for (path, value) in [
        ("[\"s\"][\"n\"]", "\"x\""),
        ("[\"t\"][\"n\"]", "\"x\""),
        ("[\"t\"]", "{\"m\": \"1\", \"n\": \"2\"}"),
    ] {
        environment.run(&["set", "x.ini", path, value]).succeeds();
    }
    let expected = "[s]\r\nk=v\r\nn = x\r\n\r\n[t]\r\nm = 1\r\nn = 2\r\n";
    assert_eq!(environment.decrypt("x.ini"), expected);
}

#[test]
fn a_byte_order_mark_that_an_editor_added_is_named() {
    let environment = TestEnvironment::new();
    for (name, text) in [("x.env", "A=1\nB=2\n"), ("c.env", "# c\nA=1\n")] {
        environment.encrypt(name, text);
        let encrypted = environment.read(name);
        environment.write(name, format!("\u{feff}{encrypted}"));
        let run = environment.run(&["decrypt", name]);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(
            run.stderr.contains("begins with a byte order mark"),
            "{run}"
        );
        assert!(!run.stderr.contains("restore the file"), "{run}");
    }
    // In INI and YAML, the byte order mark is ignored, as in `sops`.
    for (name, text) in [("x.ini", "[s]\na = b\n"), ("x.yaml", "a: b\n")] {
        environment.encrypt(name, text);
        let encrypted = environment.read(name);
        environment.write(name, format!("\u{feff}{encrypted}"));
        assert_eq!(
            environment.decrypt(name).trim_start_matches('\u{feff}'),
            text
        );
    }
}
