//! Under the name `sops`, the program behaves like `sops` for other programs.

use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;

use sops_test_support::environment::{Run, TestEnvironment, other_recipient, program, recipient};

/// Runs under the name `sops`.
pub(crate) fn as_sops(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let mut command = environment.command(arguments);
    command.arg0("sops");
    environment.finish(command)
}

#[test]
fn the_version_is_that_of_sops() {
    let environment = TestEnvironment::without_key();
    for arguments in [
        &["--version"][..],
        &["-v"],
        &["--version", "--disable-version-check"],
        &["--disable-version-check", "-version"],
        &["--version", "--check-for-updates"],
    ] {
        let run = as_sops(&environment, arguments).succeeds();
        assert_eq!((&*run.stdout, &*run.stderr), ("sops 3.13.3\n", ""));
    }
    // The name can belong to a link or a copy, in any directory.
    let link = environment.path("sops");
    symlink(program(), &link).expect("the link can be created");
    let run = environment.finish(environment.command_of(&link, &["--version"]));
    assert_eq!(run.succeeds().stdout, "sops 3.13.3\n");
    std::fs::remove_file(&link).expect("the file can be removed");
    // Another process makes the copy: a program that another thread starts here would hold the new
    // file open for writing, and the copy could not run.
    let copied = std::process::Command::new("cp")
        .arg(program())
        .arg(&link)
        .status();
    assert!(copied.is_ok_and(|status| status.success()));
    let run = environment.finish(environment.command_of(&link, &["--version"]));
    assert_eq!(run.succeeds().stdout, "sops 3.13.3\n");
    let run = environment.run(&["--version"]).succeeds();
    assert!(run.stdout.starts_with("sops-rs "), "{run}");
}

#[test]
fn one_command_installs_the_name() {
    let environment = TestEnvironment::without_key();
    let link = environment.home().join(".local/bin/sops");
    for _ in 0..2 {
        let run = environment.run(&["link"]).succeeds();
        assert!(run.stderr.contains("is not on the PATH") || run.stderr.contains("comes first"));
        assert_eq!(run.stdout, "");
        let run = environment.finish(environment.command_of(&link, &["--version"]));
        assert_eq!(run.succeeds().stdout, "sops 3.13.3\n");
    }
    // A link to another version that no longer exists.
    std::fs::remove_file(&link).expect("the file can be removed");
    symlink("/nowhere/sops-rs", &link).expect("the link can be created");
    environment.run(&["link"]).succeeds();
    let run = environment.finish(environment.command_of(&link, &["link"]));
    run.succeeds();
    // This link belongs to another program.
    environment.write("bin/sops", "#!/bin/sh\n");
    environment.write("other/x", "");
    symlink("/nowhere/sops", environment.path("other/sops")).expect("the link can be created");
    environment.write("directory/sops/x", "");
    for directory in ["bin", "other", "directory"] {
        let run = environment.run(&["link", directory]).fails_with(3);
        assert!(run.stderr.contains("sops"), "{run}");
    }
    assert_eq!(environment.read("bin/sops"), "#!/bin/sh\n");
    environment
        .run(&["link", "--force", "directory"])
        .fails_with(3);
    for directory in ["bin", "other", "new/directory"] {
        environment.run(&["link", "--force", directory]).succeeds();
        let link = environment.path(directory).join("sops");
        assert!(
            link.is_symlink() && link.canonicalize().is_ok(),
            "{directory}"
        );
        let entries =
            std::fs::read_dir(environment.path(directory)).expect("the directory can be read");
        let rest = entries.filter(|entry| {
            let name = entry.as_ref().expect("the entry can be read").file_name();
            name.to_string_lossy().starts_with('.')
        });
        assert_eq!(rest.count(), 0, "{directory}");
    }
}

#[test]
fn errors_have_the_texts_that_programs_look_for() {
    const NO_CONFIG: &str = "config file not found, or has no creation rules, and no keys provided through command line options";
    const NO_KEY: &str = "Could not generate data key: [empty key group provided]";
    let environment = TestEnvironment::new();
    environment.write("p.yaml", "a: 1\n");
    environment.write("none/.sops.yaml", "");
    for (config, text) in [
        (None, NO_CONFIG),
        (Some("creation_rules:\n"), NO_CONFIG),
        (Some("creation_rules:\n  - path_regex: p.yaml\n"), NO_KEY),
        (Some("creation_rules:\n  - key_groups: []\n"), NO_KEY),
        (Some("creation_rules:\n  - key_groups: [{}]\n"), NO_KEY),
        (
            Some("creation_rules:\n  - path_regex: other\n    age: age1x\n"),
            "no matching creation rules found",
        ),
    ] {
        if let Some(config) = config {
            environment.write(".sops.yaml", config);
        }
        for arguments in [
            &["encrypt", "p.yaml"][..],
            &["-e", "p.yaml"],
            &["encrypt", "-i", "p.yaml"],
        ] {
            let run = environment.run(arguments).fails_with(1);
            assert!(run.stderr.contains(text), "{config:?}: {run}");
            let run = as_sops(&environment, arguments).fails_with(1);
            assert!(run.stderr.contains(text), "{config:?}: {run}");
            if text != "no matching creation rules found" {
                assert_eq!(run.stderr, format!("{text}\n"));
            }
        }
    }
    assert_eq!(environment.read("p.yaml"), "a: 1\n");
    for arguments in [&["decrypt", "p.yaml"][..], &["-d", "p.yaml"]] {
        let run = as_sops(&environment, arguments).fails_with(1);
        assert!(run.stderr.contains("sops metadata not found"), "{run}");
    }
}

#[test]
fn verbose_logs_the_messages_that_programs_look_for() {
    let recovered = "level=info msg=\"Data key recovered successfully\"\n";
    let written = "level=info msg=\"File written successfully\"\n";
    for (arguments, expected) in [
        (&["--verbose", "-d", "e.yaml"][..], &[recovered][..]),
        (
            &["--verbose", "decrypt", "-i", "e.yaml"],
            &[recovered, written],
        ),
        (
            &["--verbose", "rotate", "-i", "e.yaml"],
            &[recovered, written],
        ),
        (
            &["--verbose", "set", "e.yaml", "[\"a\"]", "2"],
            &[recovered, written],
        ),
        (&["--verbose", "edit", "e.yaml"], &[recovered, written]),
        (&["--verbose", "-e", "-i", "p.yaml"], &[written]),
        (&["decrypt", "e.yaml"], &[]),
    ] {
        let environment = TestEnvironment::new();
        environment.encrypt("e.yaml", "a: 1\n");
        environment.write("p.yaml", "a: 1\n");
        let mut command = environment.command(arguments);
        command
            .arg0("sops")
            .env("SOPS_AGE_RECIPIENTS", recipient())
            .env("EDITOR", environment.editor("sed -i s/1/3/ \"$1\""));
        let run = environment.finish(command).succeeds();
        for line in [recovered, written] {
            let count = usize::from(expected.contains(&line));
            assert_eq!(
                run.stderr.matches(line).count(),
                count,
                "{arguments:?}: {run}"
            );
        }
        let prints = arguments.contains(&"-d") || arguments.len() == 2;
        assert_eq!(
            run.stdout,
            if prints { "a: 1\n" } else { "" },
            "{arguments:?}"
        );
    }
    // No private key decrypts the file.
    let environment = TestEnvironment::without_key();
    environment.encrypt("e.yaml", "a: 1\n");
    let run = as_sops(&environment, &["--verbose", "-d", "e.yaml"]).fails_with(128);
    assert!(!run.stderr.contains("recovered"), "{run}");
}

/// `peers/command_lines` compares these lines with the real `sops`.
#[test]
fn invalid_command_lines_have_the_exit_codes_of_sops() {
    let environment = TestEnvironment::new();
    environment.encrypt("e.yaml", "a: 1\n");
    for (arguments, code) in [
        (&["help", "nope"][..], 3),
        (&["groups", "nope"], 3),
        (&["completion", "nope"], 3),
        (&["decrypt", ""], 2),
        (&["set", "", "[\"a\"]", "1"], 2),
        (&["exec-env", "", "env"], 2),
        (&["groups", "add"], 2),
        (&["filestatus", ""], 1),
        (&["updatekeys", "-y", ""], 1),
        (&["decrypt", "--nosuch", "e.yaml"], 1),
    ] {
        as_sops(&environment, arguments).fails_with(code);
    }
    environment.run(&["help", "nope"]).fails_with(1);
    let run = as_sops(&environment, &["decrypt", "--keyservice", "bad", "e.yaml"]).succeeds();
    assert_eq!(run.stdout, "a: 1\n");
    assert!(run.stderr.starts_with("warning: `--keyservice`"), "{run}");
}

/// Under its own name, the program encrypts the data key for this key again.
#[test]
fn a_key_that_is_added_and_removed_is_removed() {
    for (is_sops, count) in [(true, 0), (false, 1)] {
        let environment = TestEnvironment::new();
        environment.encrypt("e.yaml", "a: 1\n");
        let second = other_recipient();
        let rotate = [
            "rotate",
            "-i",
            "--add-age",
            &second,
            "--rm-age",
            &second,
            "e.yaml",
        ];
        match is_sops {
            true => as_sops(&environment, &rotate).succeeds(),
            false => environment.run(&rotate).succeeds(),
        };
        assert_eq!(environment.read("e.yaml").matches(&second).count(), count);
    }
}

#[test]
fn verbose_logs_each_key() {
    let environment = TestEnvironment::new();
    environment.write("p.yaml", "a: 1\n");
    let (own, foreign) = (recipient(), other_recipient());
    let both = format!("{foreign},{own}");
    let messages = |arguments: &[&str], code: i32| {
        let run = as_sops(&environment, arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {run}");
        let lines = run.stderr.lines().filter(|line| line.starts_with('['));
        let messages = lines.map(|line| {
            let (logger, line) = line.split_once('\t').expect("a log line has a tab");
            let (_, message) = line
                .split_once("level=info msg=")
                .expect("the line is a log line");
            format!("{logger} {message}")
        });
        messages.collect::<Vec<_>>()
    };
    let encrypt = [
        "--verbose",
        "encrypt",
        "--age",
        &both,
        "--output",
        "e.yaml",
        "p.yaml",
    ];
    let encrypted =
        |recipient: &str| format!("[AGE] \"Encryption succeeded\" recipient={recipient}");
    assert_eq!(
        messages(&encrypt, 0)[..2],
        [encrypted(&foreign), encrypted(&own)]
    );
    let (recovered, decrypted, failed) = (
        "[SOPS] \"Data key recovered successfully\"",
        "[AGE] \"Decryption succeeded\"",
        "[AGE] \"Decryption failed\"",
    );
    assert_eq!(
        messages(&["--verbose", "-d", "e.yaml"], 0),
        [decrypted, recovered]
    );
    let encrypt = ["encrypt", "--age", &foreign, "--output", "e.yaml", "p.yaml"];
    as_sops(&environment, &encrypt).succeeds();
    assert_eq!(messages(&["--verbose", "-d", "e.yaml"], 128), [failed]);
}

#[test]
fn hints_have_the_name_that_the_program_was_called_by() {
    let environment = TestEnvironment::new();
    environment.write("p.yaml", "a: 1\n");
    let link = environment.path("bin/sops");
    std::fs::create_dir(environment.path("bin")).expect("the directory can be created");
    symlink(program(), &link).expect("the link can be created");
    for (arguments, hint) in [
        (&["decrypt", "p.yaml"][..], "encrypt --in-place"),
        (&["set", "p.yaml", "[\"a\"]", ""], "unset"),
        (&["unset", "p.yaml"], "unset secret.yaml"),
        (&["exec-env", "--help"], "exec-env settings.yaml"),
    ] {
        let text = |run: Run| format!("{}{}", run.stdout, run.stderr);
        let under_sops = text(environment.finish(environment.command_of(&link, arguments)));
        let command = format!("sops {hint}");
        assert!(under_sops.contains(&command), "{arguments:?}: {under_sops}");
        assert!(!under_sops.contains("`sops-rs "), "{under_sops}");
        let own = text(environment.run(arguments));
        assert!(own.contains(&format!("sops-rs {hint}")), "{own}");
    }
}

/// A functional test of `sops` 3.13.3 compares this output.
#[test]
fn dates_are_decrypted_as_by_sops() {
    let environment = TestEnvironment::new();
    let link = environment.path("bin/sops");
    std::fs::create_dir(environment.path("bin")).expect("the directory can be created");
    symlink(program(), &link).expect("the link can be created");
    let text = "a: 2024-01-01\nb: 2006-01-02T15:04:05+07:06";
    environment.encrypt("dates.yaml", text);
    let under_sops = environment.command_of(&link, &["decrypt", "dates.yaml"]);
    let under_sops = environment.finish(under_sops).succeeds().stdout;
    let expected = "a: 2024-01-01T00:00:00Z\nb: 2006-01-02T15:04:05+07:06\n";
    assert_eq!(under_sops, expected);
    assert_eq!(environment.decrypt("dates.yaml"), text);
}

/// `peers/command_lines` compares these lines with the real `sops`.
#[test]
fn words_after_the_file_are_ignored() {
    for (line, changed, ignored) in [
        ("-d -i e.yaml --output e2.yaml", "e.yaml", Some("--output")),
        (
            "-e -i p.yaml --config .sops.yaml",
            "p.yaml",
            Some("--config"),
        ),
        ("-r -i e.yaml --output e2.yaml", "e.yaml", Some("--output")),
        ("-e -i p.yaml --age X", "p.yaml", Some("--age")),
        ("-d -i e.yaml e2.yaml", "e.yaml", None),
        (
            "decrypt -i e.yaml --outptu e2.yaml",
            "e.yaml",
            Some("--outptu"),
        ),
        (
            "encrypt -i p.yaml --confg .sops.yaml",
            "p.yaml",
            Some("--confg"),
        ),
        (
            "encrypt -i p.yaml --encrypted-regex ^b$",
            "p.yaml",
            Some("--encrypted-regex"),
        ),
        (
            "encrypt -i p.yaml --config /dev/null",
            "p.yaml",
            Some("--config"),
        ),
        ("rotate -i e.yaml --add-age X", "e.yaml", Some("--add-age")),
        (
            "decrypt -i e.yaml --output e2.yaml",
            "e.yaml",
            Some("--output"),
        ),
        (
            "--verbose decrypt -i e.yaml --output e2.yaml",
            "e.yaml",
            Some("--output"),
        ),
        ("decrypt -i e.yaml --help", "e.yaml", Some("--help")),
        ("decrypt -i e.yaml e2.yaml", "e.yaml", None),
        ("encrypt -i p.yaml .sops.yaml", "p.yaml", None),
        ("rotate -i e.yaml e2.yaml", "e.yaml", None),
        ("rotate -i directory e2.yaml", "directory/e.yaml", None),
        // The library of `sops` moves the flag and the word after it before the file.
        ("decrypt e.yaml -i e2.yaml", "e2.yaml", None),
    ] {
        let environment = TestEnvironment::new();
        let rule = format!("creation_rules: [{{age: {}}}]\n", recipient());
        environment.write(".sops.yaml", rule);
        environment.write("p.yaml", "a: 1\n");
        environment.encrypt("e.yaml", "a: 1\n");
        environment.write("e2.yaml", environment.read("e.yaml"));
        environment.write("directory/e.yaml", environment.read("e.yaml"));
        let names = [
            ".sops.yaml",
            "p.yaml",
            "e.yaml",
            "e2.yaml",
            "directory/e.yaml",
        ];
        let before = names.map(|name| environment.read(name));
        let arguments: Vec<_> = line.split(' ').collect();
        let run = as_sops(&environment, &arguments).succeeds();
        for (name, before) in names.iter().zip(before) {
            let is_changed = environment.read(name) != before;
            assert_eq!(is_changed, *name == changed, "{line}: {name}: {run}");
        }
        let several = "warning: more than one file was given; only the first one is used\n";
        assert_eq!(run.stderr.matches(several).count(), 1, "{line}: {run}");
        let said = ignored.map(|flag| format!("warning: `{flag}` is ignored"));
        let count = said.map_or(0, |said| run.stderr.matches(&said).count());
        assert_eq!(count, usize::from(ignored.is_some()), "{line}: {run}");
    }
}

#[test]
fn flags_after_the_file_count_where_sops_reads_them() {
    let environment = TestEnvironment::new();
    environment.encrypt("e.yaml", "a: 1\n");
    let encrypted = environment.read("e.yaml");
    let rule = format!(
        "creation_rules: [{{age: '{},{}'}}]\n",
        recipient(),
        other_recipient()
    );
    environment.write(".sops.yaml", &rule);
    environment.write("p.yaml", "a: 1\n");
    as_sops(&environment, &["decrypt", "e.yaml", "--output", "o"]).succeeds();
    assert_eq!(environment.read("o"), "a: 1\n");
    as_sops(
        &environment,
        &["decrypt", "--ignore-mac=true", "e.yaml", "-i"],
    )
    .succeeds();
    assert_eq!(environment.read("e.yaml"), "a: 1\n");
    // `sops` does not have this flag.
    for line in [
        "encrypt -i p.yaml --dry-run",
        "encrypt -i --dry-run p.yaml",
        "encrypt --dry-run p.yaml -i",
    ] {
        let arguments: Vec<_> = line.split(' ').collect();
        let run = as_sops(&environment, &arguments).succeeds();
        assert!(run.stdout.contains("p.yaml"), "{line}: {run}");
        assert_eq!(
            (&*environment.read("p.yaml"), &*run.stderr),
            ("a: 1\n", ""),
            "{line}"
        );
    }
    // Every word is a file.
    for name in ["e.yaml", "e2.yaml"] {
        environment.write(name, &encrypted);
    }
    let run = as_sops(
        &environment,
        &["updatekeys", "-y", "e.yaml", "--bogus", "e2.yaml"],
    );
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("cannot read --bogus"), "{run}");
    for name in ["e.yaml", "e2.yaml"] {
        assert!(
            environment.read(name).contains(&other_recipient()),
            "{name}"
        );
    }
}

#[test]
fn under_its_own_name_flags_after_the_file_work() {
    let environment = TestEnvironment::new();
    for name in ["e.yaml", "e2.yaml"] {
        environment.encrypt(name, "a: 1\n");
    }
    environment.write("p.yaml", "a: 1\nb: 2\n");
    let own = recipient();
    for arguments in [
        &["rotate", "-i", "e.yaml", "--add-age", &own][..],
        &["-d", "-i", "e.yaml", "e2.yaml", "--ignore-mac"],
        &[
            "encrypt",
            "-i",
            "p.yaml",
            "--age",
            &own,
            "--encrypted-regex",
            "^a$",
        ],
    ] {
        environment.run(arguments).succeeds();
    }
    for name in ["e.yaml", "e2.yaml"] {
        assert_eq!(environment.read(name), "a: 1\n");
    }
    assert!(environment.read("p.yaml").contains("b: 2\n"));
    let run = environment.run(&["encrypt", "-i", "p.yaml", "--confg", "e.yaml"]);
    run.fails_with(1);
    assert_eq!(environment.read("e.yaml"), "a: 1\n");
}

/// The calls of completion scripts in packages of `sops`. `peers/command_lines` compares all
/// positions.
#[test]
fn completion_scripts_of_sops_get_their_answer() {
    const QUESTION: &str = "--generate-bash-completion";
    let environment = TestEnvironment::without_key();
    for (arguments, expected) in [
        (&[][..], "completion\nexec-env\nexec-file\npublish\n"),
        (&["groups"], "add\ndelete\nhelp\nh\n"),
        (&["decrypt"], ""),
        (
            &["decrypt", "--in"],
            "--in-place\n--input-type\n--indent\n--in-place\n--input-type\n",
        ),
        (
            &["--output-type", "yaml", "set", "--val"],
            "--value-file\n--value-stdin\n",
        ),
        (
            &["groups", "add", "--a"],
            "--aws-profile\n--azure-kv\n--age\n",
        ),
    ] {
        let arguments = [arguments, &[QUESTION]].concat();
        for run in [
            as_sops(&environment, &arguments),
            environment.run(&arguments),
        ] {
            let run = run.succeeds();
            assert!(run.stdout.starts_with(expected), "{arguments:?}: {run}");
            assert_eq!(
                run.stdout.is_empty(),
                expected.is_empty(),
                "{arguments:?}: {run}"
            );
            assert_eq!(run.stderr, "");
        }
    }
    let mut command = environment.command(&[QUESTION]);
    command.env("_CLI_ZSH_AUTOCOMPLETE_HACK", "1");
    let run = environment.finish(command).succeeds();
    assert!(
        run.stdout
            .contains("decrypt:Decrypt a file and print the result\n"),
        "{run}"
    );
}
