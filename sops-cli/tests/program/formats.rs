//! The format of an encrypted file whose name does not determine it.

use sops_test_support::environment::{TestEnvironment, recipient};

/// A plaintext of each format, the path of a value in it, and the text of the value.
const TEXTS: [(&str, &str, &str); 5] = [
    ("yaml", "# c\na: hunter2\n", "[\"a\"]"),
    ("json", "{\"a\": \"hunter2\", \"data\": \"x\"}\n", "[\"a\"]"),
    ("env", "# c\na=hunter2\n", "[\"a\"]"),
    ("ini", "[a]\n; c\nb = hunter2\n", "[\"a\"][\"b\"]"),
    ("bin", "hunter2\0\n", "[\"data\"]"),
];

const NAMES: [&str; 5] = ["secret.enc", "t.json.enc", ".env.local", "x.yaml.orig", "x"];

/// An environment with encrypted files of all formats under names without a known extension, and a
/// creation rule for them.
fn environment(name: &str, extension: &str, text: &str) -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    let named = format!("x.{extension}");
    environment.encrypt(&named, text);
    environment.write(name, environment.read(&named));
    environment
}

/// `sops decrypt` has the same result, even for the binary file.
#[test]
fn json_that_is_read_as_yaml_is_written_as_yaml() {
    let environment = TestEnvironment::new();
    for (text, yaml) in [
        (
            "{\"a\": {\"b\": [1, null]}}\n",
            "a:\n    b:\n        - 1\n        - null\n",
        ),
        ("{\"data\": \"x\"}\n", "data: x\n"),
    ] {
        environment.encrypt("x.json", text);
        environment.write("x.yaml", environment.read("x.json"));
        let run = environment.run(&["decrypt", "x.yaml"]).succeeds();
        assert_eq!(run.stdout, yaml);
        let types = ["--input-type", "yaml", "--output-type", "yaml"];
        let run = environment.run_with_input(
            &[&["decrypt"], &types[..]].concat(),
            &environment.read("x.json"),
        );
        assert_eq!(run.succeeds().stdout, yaml);
        assert_eq!(environment.decrypt("x.json"), text);
    }
    // YAML in flow style has its own form.
    environment.encrypt("flow.yaml", "{a: 1, b: [x]}\n");
    assert_eq!(environment.decrypt("flow.yaml"), "{a: 1, b: [x]}\n");
}

#[test]
fn every_command_opens_an_encrypted_file_by_its_content() {
    for (extension, text, path) in TEXTS {
        for name in NAMES {
            let environment = environment(name, extension, text);
            let open = |arguments: &[&str]| environment.run(arguments).succeeds().stdout;
            assert_eq!(open(&["decrypt", name]), text, "{name}");
            assert_eq!(open(&["filestatus", name]), "{\"encrypted\":true}\n");
            assert_eq!(open(&["exec-file", name, "cat {}"]), text);
            let before = environment.read(name);
            open(&["updatekeys", "--yes", name]);
            open(&[
                "groups",
                "add",
                "-y",
                "-i",
                "--file",
                name,
                "--age",
                &recipient(),
            ]);
            let threshold = "--shamir-secret-sharing-threshold=1";
            let file = ["--file", name];
            open(&[&["groups", "delete", "-y", "-i", threshold, "1"][..], &file].concat());
            open(&["rotate", "-i", name]);
            assert_ne!(environment.read(name), before, "{name}");
            let mut edit = environment.command(&["edit", name]);
            edit.env(
                "EDITOR",
                environment.editor("sed -i s/hunter2/tiger/ \"$1\""),
            );
            environment.finish(edit).succeeds();
            assert_eq!(open(&["decrypt", name]), text.replace("hunter2", "tiger"));
            open(&["set", name, path, "\"hunter3\""]);
            let changed = text.replace("hunter2", "hunter3");
            let last = changed.trim_end_matches("\0\n");
            let expected = if extension == "bin" { last } else { &changed };
            assert_eq!(open(&["decrypt", name]), expected);
            if extension != "ini" {
                let variable = format!("printf %s \"${}\"", &path[2..path.len() - 2]);
                assert_eq!(open(&["exec-env", name, &variable]), "hunter3");
            }
            open(&["lint", name]);
            open(&["decrypt", "-i", name]);
            assert_eq!(environment.read(name), expected, "{name}");
        }
    }
}

#[test]
fn standard_input_and_pipes_are_opened_by_their_content() {
    for (extension, text, _) in TEXTS {
        let environment = environment("x", extension, text);
        let encrypted = environment.read("x");
        for arguments in [
            &["decrypt"][..],
            &["decrypt", "/dev/stdin"],
            &["-d", "/dev/fd/0"],
        ] {
            let run = environment.run_with_input(arguments, &encrypted).succeeds();
            assert_eq!(run.stdout, text, "{arguments:?}");
        }
    }
}

#[test]
fn encrypted_files_with_unknown_names_are_found_in_directories() {
    let environment = TestEnvironment::new();
    for (extension, text, _) in TEXTS {
        let named = format!("x.{extension}");
        environment.encrypt(&named, text);
        let encrypted = environment.read(&named);
        environment.write(&format!("found/{extension}.enc"), encrypted);
    }
    environment.write("found/notes.txt", "sops: x\n");
    environment.write("found/image", b"\x89PNG\0\xff");
    environment.run(&["decrypt", "-i", "found"]).succeeds();
    for (extension, text, _) in TEXTS {
        assert_eq!(environment.read(&format!("found/{extension}.enc")), text);
    }
    assert_eq!(environment.read("found/notes.txt"), "sops: x\n");
}

#[test]
fn plaintext_under_an_unknown_name_is_binary() {
    let environment = TestEnvironment::new();
    for (_, text, _) in TEXTS {
        environment.encrypt("x.enc", text);
        assert!(
            environment
                .read("x.enc")
                .starts_with("{\n\t\"data\": \"ENC[")
        );
        assert_eq!(environment.decrypt("x.enc"), text);
        environment.write("plain", text);
        let status = environment.run(&["filestatus", "plain"]).succeeds();
        assert_eq!(status.stdout, "{\"encrypted\":false}\n");
    }
}

#[test]
fn the_input_type_alone_decides_the_format_of_a_file_with_an_unknown_name() {
    let environment = TestEnvironment::new();
    for (format, text, begin) in [
        ("json", "{\"a\": \"x\"}\n", "{\"a\": \"ENC["),
        ("dotenv", "# c\na=x\n", "#ENC["),
        ("yaml", "a: x # c\n", "a: ENC["),
        ("ini", "[s]\na = x\n", "[s]\na = ENC["),
    ] {
        environment.encrypt_with(".env.example", text, &["--input-type", format]);
        let encrypted = environment.read(".env.example");
        assert!(encrypted.starts_with(begin), "{encrypted}");
        for flags in [
            &[][..],
            &["--input-type", format],
            &["--output-type", format],
        ] {
            let decrypt = [&["decrypt", ".env.example"], flags].concat();
            assert_eq!(environment.run(&decrypt).succeeds().stdout, text);
        }
        environment
            .run(&["decrypt", ".env.example", "--output-type", "json"])
            .succeeds();
    }
    // If the name determines a format, the output has that format, as in `sops`.
    environment.encrypt_with("a.yaml", "{\"a\": 1}\n", &["--input-type", "json"]);
    assert!(environment.read("a.yaml").starts_with("a: ENC["));
}

/// A binary file in another format comes back as it was, and JSON with other keys stays JSON.
#[test]
fn a_document_with_one_value_under_data_is_a_binary_file() {
    let environment = TestEnvironment::new();
    environment.encrypt_with("x", "hunter2", &["--output-type", "yaml"]);
    assert!(environment.read("x").starts_with("data: ENC["));
    let run = environment.run(&["decrypt", "--input-type", "yaml", "x"]);
    assert_eq!(run.succeeds().stdout, "hunter2");
    assert_eq!(environment.decrypt("x"), "data: hunter2\n");
}

/// The results of `sops filestatus` 3.13.3, which however refuses plaintext under a name without a
/// known extension.
#[test]
fn the_status_of_a_file_is_that_of_sops() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let encrypted = environment.read("x.yaml");
    let version = "    version: 3.13.3";
    assert!(encrypted.contains(version));
    let utf16 = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    environment.encrypt("binary", "hunter2");
    let binary = environment.read("binary");
    for (name, content, expected) in [
        ("e.yaml", Vec::new(), Some(false)),
        ("e.env", Vec::new(), Some(false)),
        ("e.ini", Vec::new(), Some(false)),
        ("e.json", Vec::new(), None),
        ("e.txt", Vec::new(), None),
        ("comment.yaml", b"# c\n".to_vec(), None),
        ("plain.yaml", utf16("a: 1\n"), Some(false)),
        ("u.yaml", utf16(&encrypted), Some(true)),
        ("u.txt", utf16(&binary), Some(true)),
        ("x.enc", utf16(&encrypted), Some(true)),
        ("text.txt", b"hunter2".to_vec(), Some(false)),
        (
            "bom.txt",
            [b"\xef\xbb\xbf", binary.as_bytes()].concat(),
            None,
        ),
        (
            "v1.yaml",
            encrypted.replace("3.13.3", "'1.x'").into(),
            Some(true),
        ),
        (
            "v.yaml",
            encrypted.replace("3.13.3", "x").into(),
            Some(true),
        ),
        (
            "none.yaml",
            encrypted.replace(version, "").into(),
            Some(false),
        ),
        ("list.yaml", encrypted.replace("3.13.3", "[]").into(), None),
    ] {
        environment.write(name, content);
        let run = environment.run(&["filestatus", name]);
        match expected {
            None => drop(run.fails_with(1)),
            Some(is_encrypted) => assert_eq!(
                run.succeeds().stdout,
                format!("{{\"encrypted\":{is_encrypted}}}\n"),
                "{name}"
            ),
        }
    }
}

#[test]
fn encrypted_files_in_utf16_are_opened_and_written_as_utf8() {
    let environment = TestEnvironment::new();
    for (extension, text, path) in TEXTS.into_iter().take(4) {
        let name = format!("x.{extension}");
        environment.encrypt(&name, text);
        let encrypted = environment.read(&name);
        for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
            let units = std::iter::once(0xfeff).chain(encrypted.encode_utf16());
            let utf16: Vec<u8> = units.flat_map(bytes_of).collect();
            environment.write(&name, &utf16);
            assert_eq!(environment.decrypt(&name), text);
            environment.run(&["set", &name, path, "\"x\""]).succeeds();
            assert!(environment.read(&name).contains("ENC["), "{name}");
        }
    }
    let plain: Vec<u8> = "\u{feff}a: 1\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    environment.write("plain.yaml", &plain);
    let run = environment.run(&["encrypt", "-i", "--age", &recipient(), "plain.yaml"]);
    assert!(run.stderr.contains("plain.yaml is in UTF-16"), "{run}");
    run.succeeds();
    assert_eq!(environment.decrypt("plain.yaml"), "a: 1\n");
}

/// Messages about a file that cannot be encrypted in the format of its name.
#[test]
fn messages_say_what_to_do_next() {
    let environment = TestEnvironment::new();
    let whole = "add `--input-type binary --output-type binary`";
    let unit = "[Service]\nExecStartPre=a\nExecStartPre=b\n";
    for (name, text, expected) in [
        ("a.json", "[1]", whole),
        ("a.yaml", "- a\n", whole),
        ("u.ini", unit, whole),
        ("m.ini", "[mysqld]\nskip-networking\n", whole),
        ("a.env", "KEY=\"-----BEGIN X-----\nabc\n\"\n", whole),
        (
            "a.env",
            "KEY=\"a\nabc\n\"\n",
            "the quote on line 1 does not join lines",
        ),
        ("c.yaml", "# c\n\n# d\n", "the file has only comments"),
        ("e.yaml", "\n \n", "the file is empty"),
        ("t.yaml", "a: |\n  x\n\ty\n", "a tab in the indentation"),
        (
            "t.yaml",
            "a:\n- b\n\t- c\n",
            "a tab begins the line after this text",
        ),
        ("b.yaml", "NAME: {ABC\n", "put the text in quotes"),
        ("b.yaml", "NAME: [ABC\n", "put the text in quotes"),
        (
            "x.yaml",
            "a: \"\u{7}bell\"\n",
            "in double quotes, write `\\x07`",
        ),
    ] {
        environment.write(name, text);
        let run = environment.run(&["encrypt", "--age", &recipient(), name]);
        assert_ne!(run.code, Some(0), "{text:?}: {run}");
        assert!(run.stderr.contains(expected), "{text:?}: {run}");
        assert!(!run.stderr.contains("remove one"), "{text:?}: {run}");
        if expected == whole {
            let flags = ["--input-type", "binary", "--output-type", "binary"];
            environment.encrypt_with(name, text, &flags);
            let run = environment.run(&[&["decrypt", name], &flags[..]].concat());
            assert_eq!(run.succeeds().stdout, text);
        }
    }
}

#[test]
fn probable_mistakes_cause_a_warning() {
    let environment = TestEnvironment::new();
    environment.encrypt("t.txt", "hunter2");
    let encrypt = ["encrypt", "-i", "--age", &recipient(), "t.txt"];
    let run = environment.run(&encrypt);
    assert!(run.stderr.contains("t.txt is already encrypted"), "{run}");
    run.succeeds();
    environment.run(&["decrypt", "-i", "t.txt"]).succeeds();
    assert_eq!(environment.decrypt("t.txt"), "hunter2");

    environment.write("a.json", "[1]");
    let binary = ["encrypt", "--age", &recipient(), "--input-type", "binary"];
    let run = environment.run(&[&binary[..], &["a.json"]].concat());
    assert!(
        run.stderr.contains("add `--output-type binary` too"),
        "{run}"
    );
    run.succeeds();
    environment.write("a.ini", "[1]");
    let run = environment.run(&[&binary[..], &["a.ini"]].concat());
    assert!(
        run.stderr.contains("add `--output-type binary` too"),
        "{run}"
    );
    run.fails_with(4);
}

#[test]
fn documents_of_several_files_are_named() {
    let environment = TestEnvironment::new();
    environment.encrypt("1.yaml", "a: 1\n");
    environment.encrypt("2.yaml", "s: 1\n");
    let (first, second) = (environment.read("1.yaml"), environment.read("2.yaml"));
    environment.write("both.yaml", format!("{first}---\n{second}"));
    for flags in [&[][..], &["--ignore-mac"]] {
        let run = environment.run(&[&["decrypt", "both.yaml"], flags].concat());
        assert!(
            run.stderr.contains("several encrypted files were joined"),
            "{run}"
        );
        assert!(!run.stderr.contains("restore the file"), "{run}");
        run.fails_with(25);
    }
}

/// `sops` 3.13.3 writes the final line break that versions before 3.10 left out.
#[test]
fn json_of_old_versions_gets_its_final_line_break() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.json", "{\"a\": 1}");
    assert_eq!(environment.decrypt("x.json"), "{\"a\": 1}");
    let encrypted = environment.read("x.json");
    for (version, text) in [("3.5.0", "{\"a\": 1}\n"), ("3.10.0", "{\"a\": 1}")] {
        environment.write("x.json", encrypted.replace("3.13.3", version));
        assert_eq!(environment.decrypt("x.json"), text);
    }
    environment.encrypt("x.ini", "[s]\na = b\n");
    let encrypted = environment.read("x.ini");
    environment.write("x.ini", format!("{encrypted}\n"));
    assert_eq!(environment.decrypt("x.ini"), "[s]\na = b\n");
}

#[test]
fn an_encrypted_file_under_the_name_of_another_format_is_not_encrypted_again() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.env", "a=hunter2\n");
    environment.write("x.ini", environment.read("x.env"));
    let run = environment.run(&["encrypt", "--age", &recipient(), "x.ini"]);
    assert!(run.stderr.contains("already encrypted, as dotenv"), "{run}");
    assert!(!run.stderr.contains("version control"), "{run}");
    run.fails_with(203);
    environment.write("x.json", environment.read("x.env"));
    let run = environment.run(&["encrypt", "--age", &recipient(), "x.json"]);
    assert!(
        run.stderr.contains("looks like an encrypted dotenv file"),
        "{run}"
    );
    assert!(!run.stderr.contains("as a whole"), "{run}");
    run.fails_with(2);
    environment.write("nul.yaml", "a\0:\0 \0b\0\n\0");
    let run = environment.run(&["decrypt", "nul.yaml"]);
    assert!(run.stderr.contains("if the file is UTF-16"), "{run}");
    run.fails_with(1);
}
