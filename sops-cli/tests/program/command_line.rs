//! Command lines that `sops` accepts: flags in all forms, and words that begin with a dash.

use std::os::unix::process::CommandExt;

use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

const TEXT: &str = "a: 1\nb: x\n";

fn encrypted() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.encrypt("e.yaml", TEXT);
    environment
}

/// Runs under the name `sops`.
fn as_sops(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let mut command = environment.command(arguments);
    command.arg0("/usr/bin/sops");
    environment.finish(command)
}

#[test]
fn the_last_occurrence_of_a_flag_counts() {
    let environment = encrypted();
    environment.write("empty.yaml", "");
    let rule = format!("creation_rules: [{{age: {}}}]\n", recipient());
    environment.write("rule.yaml", rule);
    environment.write("p.yaml", TEXT);
    for arguments in [
        &[
            "--config",
            "/dev/null",
            "--config",
            "rule.yaml",
            "encrypt",
            "p.yaml",
        ][..],
        &[
            "--config",
            "empty.yaml",
            "encrypt",
            "--config",
            "rule.yaml",
            "p.yaml",
        ],
        &[
            "encrypt",
            "-config",
            "empty.yaml",
            "-config=rule.yaml",
            "p.yaml",
        ],
        &[
            "--config",
            "/dev/null",
            "--config",
            "rule.yaml",
            "-e",
            "p.yaml",
        ],
    ] {
        let run = environment.run(arguments).succeeds();
        assert!(run.stdout.contains(&recipient()), "{arguments:?}: {run}");
        assert_eq!(run.stderr, "", "{arguments:?}");
    }
    let flags = ["--output-type", "yaml", "--input-type", "json"];
    let rest = [
        "-d",
        "--input-type",
        "yaml",
        "--output-type",
        "dotenv",
        "e.yaml",
    ];
    let run = environment.run(&[&flags[..], &rest].concat()).succeeds();
    assert_eq!(run.stdout, "a=1\nb=x\n");
    // These flags can appear more than once.
    let (one, two) = (recipient(), other_recipient());
    let add = [
        "groups", "add", "--file", "e.yaml", "--age", &one, "--age", &two,
    ];
    let run = environment.run(&[&add[..], &["--yes"]].concat()).succeeds();
    assert_eq!(run.stdout.matches(&one).count(), 2, "{run}");
    assert_eq!(run.stdout.matches(&two).count(), 1, "{run}");
}

#[test]
fn an_unknown_format_counts_as_not_given() {
    let environment = encrypted();
    environment.write("secret", "text\n");
    environment
        .run(&["encrypt", "-i", "--age", &recipient(), "secret"])
        .succeeds();
    for (file, text) in [("e.yaml", TEXT), ("secret", "text\n")] {
        for old in [false, true] {
            let types = ["--output-type", "plaintext", "--input-type", "Yaml"];
            let command = if old { "--decrypt" } else { "decrypt" };
            let run = match old {
                true => environment.run(&[&types[..], &[command, file]].concat()),
                false => environment.run(&[&[command], &types[..], &[file]].concat()),
            };
            let run = run.succeeds();
            assert_eq!(run.stdout, text);
            for said in [
                "`--output-type plaintext` is ignored",
                "`--input-type Yaml` is ignored",
            ] {
                assert_eq!(run.stderr.matches(said).count(), 1, "{run}");
            }
        }
    }
}

#[test]
fn values_may_begin_with_a_dash() {
    let environment = encrypted();
    environment.write("-e.yaml", environment.read("e.yaml"));
    for (value, expected) in [("-1", "-1"), ("-1.5e3", "-1500"), ("\"-x\"", "-x")] {
        environment
            .run(&["set", "e.yaml", "[\"a\"]", value])
            .succeeds();
        let run = environment.run(&["decrypt", "--extract", "[\"a\"]", "e.yaml"]);
        assert_eq!(run.succeeds().stdout.trim_end(), expected, "{value}");
    }
    let run = environment.run(&["set", "e.yaml", "[\"a\"]", "--idempotent", "-2"]);
    run.succeeds();
    assert!(environment.decrypt("e.yaml").contains("a: -2\n"));
    environment
        .run(&["decrypt", "--output", "-o.yaml", "--", "-e.yaml"])
        .succeeds();
    assert_eq!(environment.read("-o.yaml"), TEXT);
    let run = environment
        .run(&["decrypt", "--output", "-", "e.yaml"])
        .succeeds();
    assert!(run.stderr.contains("wrote a file named `-`"), "{run}");
    assert!(environment.names().contains(&"-".to_owned()));
    // The word is the value of the flag before it, whatever it looks like.
    environment
        .run(&["decrypt", "--output", "-i", "e.yaml"])
        .succeeds();
    assert!(environment.names().contains(&"-i".to_owned()));
    let run = environment.run(&["encrypt", "--age", "-x", "e.yaml"]);
    assert!(run.stderr.contains("recipient `-x`"), "{run}");
    let run = environment.run(&["exec-env", "-e.yaml", "true"]);
    run.fails_with(1);
    for arguments in [
        &["exec-env", "e.yaml", "--", "echo $b"][..],
        &["exec-env", "--", "e.yaml", "echo $b"],
        &["exec-env", "-pristine=false", "e.yaml", "echo $b"],
    ] {
        let run = environment.run(arguments).succeeds();
        assert_eq!(run.stdout, "x\n", "{arguments:?}");
    }
}

#[test]
fn numbers_are_read_as_by_go() {
    let environment = encrypted();
    for (indent, spaces) in [("0x2", "  "), ("03", "   "), ("+1", " "), ("-1", "\t")] {
        let arguments = [
            "--indent",
            indent,
            "decrypt",
            "--output-type",
            "json",
            "e.yaml",
        ];
        let run = environment.run(&arguments).succeeds();
        let expected = format!("{{\n{spaces}\"a\": 1,\n{spaces}\"b\": \"x\"\n}}\n");
        assert_eq!(run.stdout, expected, "{indent}");
    }
    for indent in ["two", "", "1.0", "256"] {
        let arguments = ["--indent", indent, "decrypt", "e.yaml"];
        environment.run(&arguments).fails_with(1);
    }
}

#[test]
fn a_dash_is_standard_input() {
    let environment = encrypted();
    let encrypted = environment.read("e.yaml");
    for arguments in [
        &[
            "decrypt",
            "--input-type",
            "yaml",
            "--output-type",
            "yaml",
            "-",
        ][..],
        &["-d", "--filename-override", "x.yaml", "-"],
    ] {
        let run = environment.run_with_input(arguments, &encrypted);
        assert_eq!(run.succeeds().stdout, TEXT, "{arguments:?}");
    }
    let own = recipient();
    for arguments in [
        &[
            "encrypt",
            "--age",
            &own,
            "--filename-override",
            "x.yaml",
            "-",
        ][..],
        &["-e", "--age", &own, "--filename-override", "x.yaml", "-"],
    ] {
        let run = environment.run_with_input(arguments, TEXT);
        environment.write("x.yaml", run.succeeds().stdout);
        assert_eq!(environment.decrypt("x.yaml"), TEXT);
    }
    environment.run(&["decrypt", "-i", "-"]).fails_with(8);
    environment
        .run(&["encrypt", "--age", &own, "-"])
        .fails_with(8);
    environment.run(&["rotate", "-"]).fails_with(2);
    // An existing file with this name takes precedence, as in `sops`.
    environment.write("-", &encrypted);
    let run = environment.run(&[
        "decrypt",
        "--input-type",
        "yaml",
        "--output-type",
        "json",
        "-",
    ]);
    assert!(run.succeeds().stdout.starts_with("{\n"));
}

#[test]
fn a_changed_file_is_written_in_the_format_of_the_flag() {
    for (arguments, expected) in [
        (
            &["set", "--output-type", "yaml", "e.json", "[\"b\"]", "\"y\""][..],
            "a: 1\nb: \"y\"\n",
        ),
        (
            &["unset", "--output-type", "yaml", "e.json", "[\"b\"]"],
            "a: 1\n",
        ),
        (
            &["rotate", "-i", "--output-type", "yaml", "e.json"],
            "a: 1\nb: x\n",
        ),
        (&["edit", "--output-type", "yaml", "e.json"], "a: 2\nb: x\n"),
    ] {
        let environment = TestEnvironment::new();
        environment.encrypt("e.json", "{\"a\": 1, \"b\": \"x\"}\n");
        let mut command = environment.command(arguments);
        command.env("EDITOR", environment.editor("sed -i s/1/2/ \"$1\""));
        let run = environment.finish(command).succeeds();
        assert!(
            run.stderr.contains("read it with `--input-type yaml`"),
            "{run}"
        );
        assert!(
            environment.read("e.json").starts_with("a: ENC["),
            "{arguments:?}"
        );
        let flags = [
            "decrypt",
            "--input-type",
            "yaml",
            "--output-type",
            "yaml",
            "e.json",
        ];
        let run = environment.run(&flags).succeeds();
        assert_eq!(
            run.stdout.replace('"', ""),
            expected.replace('"', ""),
            "{arguments:?}"
        );
    }
    let environment = TestEnvironment::new();
    environment.encrypt("e.json", "{\"a\": 1}\n");
    let before = environment.read("e.json");
    let set = [
        "set",
        "--idempotent",
        "--output-type",
        "yaml",
        "e.json",
        "[\"a\"]",
        "1",
    ];
    environment.run(&set).succeeds();
    assert_eq!(environment.read("e.json"), before);
}

#[test]
fn flags_without_effect_are_named() {
    let environment = encrypted();
    let before = environment.read("e.yaml");
    for (arguments, said) in [
        (
            &["-i", "decrypt", "e.yaml"][..],
            "`--in-place` before the command has no effect",
        ),
        (&["-e", "-d", "e.yaml"], "only the last in this order"),
    ] {
        let run = environment.run(arguments).succeeds();
        assert_eq!(
            (&*run.stdout, environment.read("e.yaml")),
            (TEXT, before.clone())
        );
        assert!(run.stderr.contains(said), "{run}");
    }
    // `sops` ends flags at the first word.
    for arguments in [
        &["-d", "e.yaml", "-i"][..],
        &["decrypt", "e.yaml", "--no-such-flag"],
    ] {
        let run = as_sops(&environment, arguments).succeeds();
        assert_eq!(
            (&*run.stdout, environment.read("e.yaml")),
            (TEXT, before.clone())
        );
        let flag = arguments[arguments.len() - 1];
        assert!(
            run.stderr.contains(&format!("`{flag}` is ignored")),
            "{run}"
        );
    }
    let run = environment
        .run(&["decrypt", "e.yaml", "--no-such-flag"])
        .fails_with(1);
    assert!(run.stderr.contains("--no-such-flag"), "{run}");
    environment.run(&["-d", "e.yaml", "-i"]).succeeds();
    assert_eq!(environment.read("e.yaml"), TEXT);
}

#[test]
fn a_new_file_needs_no_command() {
    let environment = TestEnvironment::new();
    environment.write("directory/x", "");
    let editor = environment.editor("printf new > \"$1\"");
    let own = recipient();
    let absolute = environment.path("directory/secret");
    let names = [
        "./newfile",
        "directory/dcrypt",
        absolute.to_str().expect("UTF-8"),
    ];
    for name in names {
        let mut command = environment.command(&["--age", &own, name]);
        command.env("EDITOR", &editor);
        environment.finish(command).succeeds();
        assert_eq!(environment.decrypt(name), "new");
    }
    // The user probably did not mean this as a file name.
    let mut command = environment.command(&["--age", &own, "dcrypt"]);
    command.env("EDITOR", &editor);
    let run = environment.finish(command).fails_with(1);
    assert!(
        run.stderr.contains("did you mean `sops-rs decrypt`?"),
        "{run}"
    );
    let mut command = environment.command(&["--age", &own, "dcrypt"]);
    command.arg0("sops").env("EDITOR", &editor);
    let run = environment.finish(command).succeeds();
    assert!(run.stderr.contains("did you mean `decrypt`?"), "{run}");
    assert_eq!(environment.decrypt("dcrypt"), "new");
}

#[test]
fn a_guessed_command_opens_no_editor() {
    let environment = encrypted();
    for (word, meant) in [
        ("show", "`sops-rs decrypt`"),
        ("get", "`sops-rs decrypt --extract KEY-PATH`"),
        ("explain", "`sops-rs config explain`"),
        ("run", "`sops-rs exec-env`"),
        ("create", "`sops-rs secret create`"),
        ("encypt", "`sops-rs encrypt`"),
        ("frobnicate", "`sops-rs --help` lists"),
    ] {
        let mut command = environment.command(&[word, "a.yaml"]);
        command.env("EDITOR", environment.editor("echo opened >&2"));
        let run = environment.finish(command).fails_with(1);
        assert!(
            run.stderr.contains(meant) && !run.stderr.contains("opened"),
            "{run}"
        );
    }
    let run = environment.run(&["secret", "tls", "web"]).fails_with(1);
    assert!(run.stderr.contains("`sops-rs secret create tls`"), "{run}");
    let run = environment.run(&["recipients", "a.yaml"]).fails_with(1);
    assert!(
        run.stderr
            .contains("`sops-rs recipients list --for a.yaml`"),
        "{run}"
    );
    for (command, all) in [("rotate", "rotate -i ."), ("updatekeys", "updatekeys .")] {
        let run = environment.run(&[command]).fails_with(100);
        assert!(run.stderr.contains(&format!("`sops-rs {all}`")), "{run}");
    }
}

#[test]
fn a_missing_file_has_one_wording() {
    let environment = encrypted();
    for (arguments, code) in [
        (&["decrypt", "no.yaml"][..], 100),
        (&["encrypt", "-i", "no.yaml"], 100),
        (&["set", "no.yaml", "a", "1"], 2),
        (&["rotate", "-i", "no.yaml"], 2),
        (&["exec-env", "no.yaml", "true"], 2),
        (&["ls", "no.yaml"], 2),
        (&["status", "no.yaml"], 2),
        (&["keys", "check", "no.yaml"], 2),
        (&["verify", "no.yaml"], 2),
        (&["propose", "no.yaml", "a", "1"], 2),
        (&["accept", "no.yaml"], 2),
    ] {
        let run = environment.run(arguments).fails_with(code);
        let wording = "error: cannot read no.yaml: No such file or directory";
        assert!(run.stderr.contains(wording), "{run}");
    }
}
