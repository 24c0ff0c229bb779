//! Encrypting and decrypting, in the new form and the old.

use sops_test_support::environment::{TestEnvironment, recipient};

const SECRET: &str = "\
kind: Secret # of the example
stringData:
  password: \"hunter2\"

  port: 0x1F
";

#[test]
fn decrypt_gives_back_every_byte() {
    let environment = TestEnvironment::new();
    for (name, text) in [
        ("a.yaml", SECRET),
        ("b.yml", "a: 1\r\nb: [x, 'y']"),
        ("c.json", "{\"a\": [1.50, \"x\"],\n \"b\": null }"),
    ] {
        environment.encrypt(name, text);
        assert!(environment.read(name).contains("ENC[AES256_GCM,"), "{name}");
        assert_eq!(environment.decrypt(name), text);
        environment.run(&["decrypt", name, "-i"]).succeeds();
        assert_eq!(environment.read(name), text);
    }
}

#[test]
fn the_old_form_does_the_same() {
    let environment = TestEnvironment::new();
    let recipient = recipient();
    for encrypt in [
        vec!["-e", "-a", &recipient, "-i", "a.yaml"],
        vec!["a.yaml", "--encrypt", "--in-place", "--age", &recipient],
        vec!["encrypt", "a.yaml", "-i", "-a", &recipient],
    ] {
        environment.write("a.yaml", SECRET);
        environment.run(&encrypt).succeeds();
        assert!(environment.read("a.yaml").contains("port: ENC["));
        for decrypt in [
            vec!["-d", "a.yaml"],
            vec!["a.yaml", "--decrypt"],
            vec!["decrypt", "a.yaml"],
        ] {
            assert_eq!(environment.run(&decrypt).succeeds().stdout, SECRET);
        }
        environment.run(&["-r", "-i", "a.yaml"]).succeeds();
        environment
            .run(&["-d", "a.yaml", "--output", "b.yaml"])
            .succeeds();
        assert_eq!(environment.read("b.yaml"), SECRET);
    }
}

#[test]
fn standard_input_needs_a_name() {
    let environment = TestEnvironment::new();
    let recipient = recipient();
    environment
        .run_with_input(&["encrypt", "--age", &recipient], SECRET)
        .fails_with(8);
    let encrypted = environment
        .run_with_input(
            &[
                "encrypt",
                "--age",
                &recipient,
                "--filename-override",
                "x.yaml",
            ],
            SECRET,
        )
        .succeeds()
        .stdout;
    // The content shows the format of an encrypted file.
    let run = environment.run_with_input(&["decrypt"], &encrypted);
    assert_eq!(run.succeeds().stdout, SECRET);
    let run = environment.run_with_input(&["decrypt"], SECRET);
    let run = run.fails_with(1);
    assert!(run.stderr.contains("format of standard input"), "{run}");
    for flags in [["--filename-override", "x.yaml"], ["--input-type", "yaml"]] {
        let mut arguments = vec!["decrypt"];
        arguments.extend(flags);
        let run = environment
            .run_with_input(&arguments, &encrypted)
            .succeeds();
        assert_eq!(run.stdout, SECRET);
    }
    // `/dev/stdin` is how the old form reads it.
    let run = environment.run_with_input(
        &[
            "-d",
            "--input-type",
            "yaml",
            "--output-type",
            "yaml",
            "/dev/stdin",
        ],
        &encrypted,
    );
    assert_eq!(run.succeeds().stdout, SECRET);
}

#[test]
fn recipients_and_rules_come_from_flags_environment_and_configuration() {
    let environment = TestEnvironment::new();
    let recipient = recipient();
    let text = "a: 1\nb: 2\n";
    environment.write("x.yaml", text);
    let encrypted = |run: sops_test_support::environment::Run| {
        let stdout = run.succeeds().stdout;
        let of = |key: &str| {
            stdout
                .lines()
                .any(|line| line.starts_with(&format!("{key}: ENC[")))
        };
        (of("a"), of("b"), stdout)
    };

    let mut command = environment.command(&["encrypt", "x.yaml"]);
    command.env("SOPS_AGE_RECIPIENTS", &recipient);
    let (a, b, _) = encrypted(environment.finish(command));
    assert!(a && b);

    let configuration = format!(
        "creation_rules:\n  - path_regex: ^x\n    encrypted_regex: ^a$\n    mac_only_encrypted: true\n    age: {recipient}\n"
    );
    environment.write(".sops.yaml", &configuration);
    let (a, b, stdout) = encrypted(environment.run(&["encrypt", "x.yaml"]));
    assert!(a && !b && stdout.contains("mac_only_encrypted: true"));
    let (a, b, _) = encrypted(environment.run(&["encrypt", "--encrypted-regex", "b", "x.yaml"]));
    assert!(
        !a && b,
        "a flag comes before the same rule of the configuration"
    );
    environment
        .run(&["encrypt", "--encrypted-suffix", "b", "x.yaml"])
        .fails_with(8);

    // The rule is looked up by the name, from the configuration above the working directory.
    environment.write("sub/y.yaml", text);
    environment.run(&["encrypt", "sub/y.yaml"]).fails_with(1);
    let mut command =
        environment.command(&["encrypt", "--filename-override", "../x.yaml", "y.yaml"]);
    command.current_dir(environment.path("sub"));
    let (a, b, _) = encrypted(environment.finish(command));
    assert!(a && !b);

    environment.write(
        "other.yaml",
        format!("creation_rules: [{{age: {recipient}}}]"),
    );
    for arguments in [
        vec!["--config", "other.yaml", "encrypt", "sub/y.yaml"],
        vec!["encrypt", "sub/y.yaml", "--config", "other.yaml"],
    ] {
        let (a, b, stdout) = encrypted(environment.run(&arguments));
        assert!(a && b && !stdout.contains("mac_only_encrypted"));
    }
    let arguments = [
        "--mac-only-encrypted",
        "--config",
        "other.yaml",
        "encrypt",
        "sub/y.yaml",
    ];
    let (_, _, stdout) = encrypted(environment.run(&arguments));
    assert!(stdout.contains("mac_only_encrypted: true"));
}

#[test]
fn a_rule_that_selects_nothing_is_refused_unless_plaintext_is_allowed() {
    let environment = TestEnvironment::new();
    environment.write("x.yaml", "a: secret\n");
    let recipient = recipient();
    let arguments = [
        "encrypt",
        "-i",
        "--age",
        &recipient,
        "--encrypted-regex",
        "^data$",
        "x.yaml",
    ];
    let run = environment.run(&arguments).fails_with(1);
    assert!(
        run.stderr.contains("^data$") && run.stderr.contains("--allow-plaintext"),
        "{run}"
    );
    assert!(!run.stderr.contains("secret"));
    assert_eq!(environment.read("x.yaml"), "a: secret\n");
    environment
        .run(&[&arguments[..], &["--allow-plaintext"]].concat())
        .succeeds();
    assert!(environment.read("x.yaml").starts_with("a: secret\nsops:\n"));
}

#[test]
fn the_status_is_printed_as_json() {
    let environment = TestEnvironment::new();
    environment.write("plain.yaml", SECRET);
    environment.encrypt("encrypted.yaml", SECRET);
    for (name, status) in [
        ("plain.yaml", "{\"encrypted\":false}\n"),
        ("encrypted.yaml", "{\"encrypted\":true}\n"),
    ] {
        assert_eq!(
            environment.run(&["filestatus", name]).succeeds().stdout,
            status
        );
    }
}

#[test]
fn the_mac_can_be_ignored() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\nb: 2\n");
    let text = environment.read("x.yaml");
    let shortened: String = text
        .lines()
        .filter(|line| !line.starts_with("a:"))
        .map(|line| format!("{line}\n"))
        .collect();
    environment.write("x.yaml", shortened);
    environment.run(&["decrypt", "x.yaml"]).fails_with(51);
    for arguments in [
        ["decrypt", "--ignore-mac", "x.yaml"],
        ["-d", "x.yaml", "--ignore-mac"],
    ] {
        assert_eq!(environment.run(&arguments).succeeds().stdout, "b: 2\n");
    }
}

#[test]
fn keys_are_found_where_sops_finds_them() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let bare = TestEnvironment::without_key();
    bare.write("x.yaml", environment.bytes("x.yaml"));
    let run = bare.run(&["decrypt", "x.yaml"]).fails_with(128);
    assert!(
        run.stderr.contains(&recipient()),
        "the message names who could open it: {run}"
    );
    let key_file = environment.home().join(".config/sops/age/keys.txt");
    for (variable, value) in [
        ("SOPS_AGE_KEY", sops_test_support::environment::identity()),
        ("SOPS_AGE_KEY_FILE", key_file.display().to_string()),
        ("SOPS_AGE_KEY_CMD", format!("cat '{}'", key_file.display())),
    ] {
        let mut command = bare.command(&["decrypt", "x.yaml"]);
        command.env(variable, value);
        assert_eq!(
            bare.finish(command).succeeds().stdout,
            "a: 1\n",
            "{variable}"
        );
    }
}

#[test]
fn a_key_file_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let key_file = environment.home().join(".config/sops/age/keys.txt");
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o644))
        .expect("the permissions can be changed");
    let run = environment.run(&["decrypt", "x.yaml"]).succeeds();
    assert_eq!(run.stdout, "a: 1\n");
    assert!(
        run.stderr.starts_with("warning: ") && run.stderr.contains("keys.txt"),
        "{run}"
    );
}

#[test]
fn more_than_one_file_is_a_warning() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let run = environment.run(&["decrypt", "x.yaml", "y.yaml"]).succeeds();
    assert!(run.stderr.contains("only the first one is used"), "{run}");
}

#[test]
fn another_format_is_written_as_sops_writes_it() {
    let environment = TestEnvironment::new();
    let text = "a: 0x10 # hex\nb: [x, {c: null}]\n";
    environment.encrypt("x.yaml", text);
    let json = "{\n\t\"a\": 16,\n\t\"b\": [\n\t\t\"x\",\n\t\t{\n\t\t\t\"c\": null\n\t\t}\n\t]\n}\n";
    let decrypt = |flags: &[&str]| {
        environment
            .run(&[&["decrypt", "x.yaml"], flags].concat())
            .succeeds()
            .stdout
    };
    assert_eq!(decrypt(&["--output-type", "json"]), json);
    assert_eq!(
        decrypt(&["--output-type", "json", "--indent", "2"]),
        json.replace('\t', "  ")
    );
    environment.write(".sops.yaml", "stores: {json: {indent: 3}}");
    assert_eq!(
        decrypt(&["--output-type", "json"]),
        json.replace('\t', "   ")
    );

    environment.write("plain.yaml", text);
    let recipient = recipient();
    let arguments = [
        "encrypt",
        "--age",
        &recipient,
        "--output-type",
        "json",
        "--output",
        "x.json",
        "plain.yaml",
    ];
    environment.run(&arguments).succeeds();
    assert_eq!(environment.decrypt("x.json"), json.replace('\t', "   "));
    let yaml = environment
        .run(&["-d", "x.json", "--output-type", "yaml"])
        .succeeds()
        .stdout;
    assert_eq!(yaml, "a: 16\nb:\n    - x\n    - c: null\n");
    // Ciphertext is still refused in this case.
    let arguments = [
        "encrypt",
        "--age",
        &recipient,
        "--output-type",
        "json",
        "x.yaml",
    ];
    environment.run(&arguments).fails_with(203);
}

#[test]
fn one_value_is_extracted() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a:\n  b: [x, 0x10, {c: 'd'}]\n");
    for (path, yaml, json) in [
        (r#"["a"]["b"][0]"#, "x", "x"),
        (r#"["a"]["b"][1]"#, "16\n", "16"),
        (r#"["a"]['b'][2]"#, "c: d\n", "{\n\t\"c\": \"d\"\n}\n"),
    ] {
        for arguments in [
            &["decrypt", "--extract", path, "x.yaml"][..],
            &["-d", "x.yaml", "--extract", path],
        ] {
            assert_eq!(environment.run(arguments).succeeds().stdout, yaml, "{path}");
            let arguments = [arguments, &["--output-type", "json"]].concat();
            assert_eq!(
                environment.run(&arguments).succeeds().stdout,
                json,
                "{path}"
            );
        }
    }
    for (path, code) in [
        ("a[", 91),
        (r#"["a""#, 91),
        (r#"["z"]"#, 1),
        (r#"["a"]["b"][3]"#, 1),
        (r#"["a"][0]"#, 1),
    ] {
        environment
            .run(&["decrypt", "--extract", path, "x.yaml"])
            .fails_with(code);
    }
}

/// With flags in the spellings that Go's library accepts, the file is decrypted in place or
/// printed.
#[test]
fn flags_may_be_spelled_as_in_sops() {
    let environment = TestEnvironment::new();
    let text = "a: 1\n";
    for (arguments, in_place) in [
        (&["decrypt", "-in-place", "x.yaml"][..], true),
        (&["decrypt", "--in-place=true", "x.yaml"], true),
        (&["decrypt", "-i=1", "x.yaml"], true),
        (&["decrypt", "-i", "-i", "x.yaml"], true),
        (&["-d", "-d", "-in-place", "x.yaml"], true),
        (&["decrypt", "-i", "-i=false", "x.yaml"], false),
        (&["decrypt", "-i=false", "--in-place", "x.yaml"], true),
        (
            &["decrypt", "-h=false", "--in-place=false", "x.yaml"],
            false,
        ),
        (&["decrypt", "-input-type", "yaml", "x.yaml"], false),
        (
            &["-d", "--ignore-mac=F", "-output-type=yaml", "x.yaml"],
            false,
        ),
    ] {
        environment.encrypt("x.yaml", text);
        let encrypted = environment.read("x.yaml");
        let run = environment.run(arguments).succeeds();
        let expected = if in_place {
            ("", text)
        } else {
            (text, &*encrypted)
        };
        assert_eq!(
            (&*run.stdout, &*environment.read("x.yaml")),
            expected,
            "{arguments:?}"
        );
    }
    for arguments in [
        &["decrypt", "--in-place=perhaps", "x.yaml"][..],
        &["decrypt", "--no-such-flag", "x.yaml"],
    ] {
        environment.run(arguments).fails_with(1);
    }
}

/// `sops` prints no message in this case.
#[test]
fn a_part_of_a_secret_that_a_rule_leaves_out_is_reported() {
    let environment = TestEnvironment::new();
    for (regex, part, is_warned) in [
        ("^data$", "stringData", true),
        ("^(data|stringDta)$", "stringData", true),
        ("^(data|stringData)$", "stringData", false),
        ("^(data|password)$", "stringData", false),
    ] {
        let text =
            format!("kind: Secret\ndata: {{u: Ym9i}}\n{part}:\n  password: hunter2\n  user: a\n");
        environment.write("a.yaml", text);
        let words = [
            "encrypt",
            "--age",
            &recipient(),
            "--encrypted-regex",
            regex,
            "a.yaml",
        ];
        let run = environment.run(&words).succeeds();
        let warning = format!("leaves `{part}` of the Secret in plaintext");
        assert_eq!(run.stderr.contains(&warning), is_warned, "{regex}: {run}");
        let words = [&words[..1], &["-i"], &words[1..]].concat();
        let run = environment.run(&words).succeeds();
        assert_eq!(run.stderr.contains(&warning), is_warned, "{regex}: {run}");
        let run = environment.run(&["lint", "--select", "SL010", "a.yaml"]);
        assert_eq!(run.code, Some(i32::from(is_warned)), "{run}");
        assert_eq!(run.stdout.contains("SL010"), is_warned, "{run}");
        assert!(!run.stdout.contains("hunter2"), "{run}");
    }
}

#[test]
fn an_encrypted_file_with_the_wrong_extension_is_recognized() {
    let environment = TestEnvironment::new();
    for (extension, format, shown, text) in [
        ("yaml", "yaml", "YAML", "a: hunter2\n"),
        ("json", "json", "JSON", "{\"a\": \"hunter2\"}\n"),
        ("env", "dotenv", "dotenv", "a=hunter2\n"),
        ("ini", "ini", "INI", "[a]\nb = hunter2\n"),
    ] {
        let name = format!("x.{extension}");
        environment.encrypt(&name, text);
        let flags = ["--input-type", format, "--output-type", format];
        let hint = format!(
            "this looks like an encrypted {shown} file: add `{}`, or give it a name that ends with `.{extension}`",
            flags.join(" ")
        );
        for other in ["wrong.ini", "wrong.json"] {
            if other.ends_with(extension) || (other, extension) == ("wrong.ini", "json") {
                continue;
            }
            environment.write(other, environment.read(&name));
            for arguments in [
                &["decrypt", other][..],
                &["edit", other],
                &["rotate", "-i", other],
                &["set", other, "[\"a\"]", "\"b\""],
            ] {
                let mut command = environment.command(arguments);
                command.env("EDITOR", "true");
                let run = environment.finish(command);
                assert_ne!(run.code, Some(0), "{run}");
                assert!(
                    run.stderr.contains(&hint),
                    "{arguments:?} {extension}: {run}"
                );
            }
            let decrypt = [&["decrypt"], &flags[..], &[other]].concat();
            assert_eq!(environment.run(&decrypt).succeeds().stdout, text);
        }
    }
    environment.write(
        "lost.yaml",
        "a: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\n",
    );
    let run = environment.run(&["decrypt", "lost.yaml"]).fails_with(1);
    assert!(run.stderr.contains("restore the file"), "{run}");
}

#[test]
fn a_key_path_after_the_file_prints_no_secret() {
    let environment = TestEnvironment::new();
    environment.encrypt("db.yaml", "data:\n  user: hunter2\n");
    for path in ["data.user", "data.usr", "[\"data\"][\"user\"]"] {
        let run = environment.run(&["decrypt", "db.yaml", path]).fails_with(8);
        let run = run.keeps(&["hunter2"]);
        assert!(run.stderr.contains("is not a file"), "{run}");
        assert!(run.stderr.contains("sops-rs decrypt --extract"), "{run}");
    }
    let run = environment.run(&["decrypt", "db.yaml", "other"]).succeeds();
    assert!(run.stderr.contains("only the first one is used"), "{run}");
    let run = crate::as_sops::as_sops(&environment, &["decrypt", "db.yaml", "data.user"]);
    assert_eq!(run.succeeds().stdout, "data:\n  user: hunter2\n");
}

#[test]
fn each_decrypted_file_of_a_directory_is_listed() {
    let environment = TestEnvironment::new();
    environment.encrypt("apps/a.yaml", "a: b\n");
    environment.encrypt("apps/b.env", "A=b\n");
    let run = environment.run(&["decrypt", "apps"]).fails_with(2);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(lines[1].contains("sops-rs status apps"), "{run}");
    let run = environment.run(&["decrypt", "-i", "apps"]).succeeds();
    assert_eq!(
        run.stderr,
        "apps/a.yaml: decrypted\napps/b.env: decrypted\nFiles decrypted: 2\n"
    );
}
