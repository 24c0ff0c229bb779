//! Dotenv, INI and binary files.

use std::process::Stdio;

use sops_test_support::environment::{TestEnvironment, recipient};

const DOTENV: &str = "# hunter2 \n\nA=hunter2 'x'\n  B = c#\\nd\nC_unencrypted=1";
const INI: &str = "\u{feff}; hunter2\r\nz=1\r\n\r\n[a.b] # c\r\nk : \"hunter2\" ; d\r\n";

#[test]
fn every_command_leaves_what_it_does_not_change() {
    for (name, text) in [("x.env", DOTENV), ("x.ini", INI), ("x", "hunter2\0\n")] {
        let environment = TestEnvironment::new();
        environment.encrypt(name, text);
        let encrypted = environment.read(name);
        assert!(!encrypted.contains("hunter2"), "{encrypted}");
        assert_eq!(environment.decrypt(name), text);
        environment.run(&["rotate", "-i", name]).succeeds();
        assert_ne!(environment.read(name), encrypted);
        assert_eq!(environment.decrypt(name), text);
        let status = environment.run(&["filestatus", name]).succeeds().stdout;
        assert_eq!(status.trim(), "{\"encrypted\":true}");
        environment.run(&["decrypt", "-i", name]).succeeds();
        assert_eq!(environment.read(name), text);
    }
}

#[test]
fn empty_files_come_back_empty() {
    for name in ["x.env", "x.ini", "x.bin"] {
        let environment = TestEnvironment::new();
        environment.write(name, "");
        let recipient = recipient();
        environment
            .run(&[
                "encrypt",
                "-i",
                "--allow-plaintext",
                "--age",
                &recipient,
                name,
            ])
            .succeeds();
        assert!(environment.read(name).contains("ENC[AES256_GCM,"), "{name}");
        environment.run(&["decrypt", "-i", name]).succeeds();
        assert_eq!(environment.read(name), "");
    }
}

#[test]
fn binary_files_may_contain_any_bytes() {
    let environment = TestEnvironment::new();
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    environment.encrypt("x.bin", &bytes);
    environment.run(&["rotate", "-i", "x.bin"]).succeeds();
    let mut command = environment.command(&["decrypt", "x.bin"]);
    let output = command.stdout(Stdio::piped()).output();
    assert_eq!(output.expect("the program runs").stdout, bytes);
}

#[test]
fn setting_a_value_keeps_the_other_lines() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.env", DOTENV);
    environment
        .run(&["set", "x.env", "[\"A\"]", "\"new\""])
        .succeeds();
    let expected = DOTENV.replace("hunter2 'x'", "new");
    assert_eq!(environment.decrypt("x.env"), expected);
    environment.encrypt("x.ini", INI);
    environment
        .run(&["set", "x.ini", "[\"a.b\"][\"k\"]", "\"new\""])
        .succeeds();
    let expected = INI.replace("\"hunter2\"", "new");
    assert_eq!(environment.decrypt("x.ini"), expected);
}

#[test]
fn a_directory_with_all_formats_is_processed_in_one_call() {
    let environment = TestEnvironment::new();
    let rule = "creation_rules:\n  - path_regex: ^in/\n    age: ".to_owned() + &recipient() + "\n";
    environment.write(".sops.yaml", rule);
    let files = [
        ("in/x.yaml", "a: hunter2\n"),
        ("in/x.json", "{\"a\": \"hunter2\"}\n"),
        ("in/x.env", DOTENV),
        ("in/x.ini", INI),
    ];
    for (name, text) in files {
        environment.write(name, text);
    }
    // Of files without a known extension, commands recognize only encrypted ones, by their content.
    environment.write("in/README", "hunter2");
    environment.write("in/object", "{\"hunter2\": 1}");
    environment.write("in/x.bin", "hunter2");
    environment.run(&["encrypt", "-i", "in/x.bin"]).succeeds();
    environment.run(&["encrypt", "-i", "in"]).succeeds();
    for (name, _) in files {
        assert!(!environment.read(name).contains("hunter2"), "{name}");
    }
    let binary = environment.read("in/x.bin");
    environment.run(&["rotate", "-i", "in"]).succeeds();
    assert_ne!(environment.read("in/x.bin"), binary);
    environment.run(&["decrypt", "-i", "in"]).succeeds();
    for (name, text) in files {
        assert_eq!(environment.read(name), text, "{name}");
    }
    for (name, text) in [
        ("in/README", "hunter2"),
        ("in/object", "{\"hunter2\": 1}"),
        ("in/x.bin", "hunter2"),
    ] {
        assert_eq!(environment.read(name), text, "{name}");
    }
}
