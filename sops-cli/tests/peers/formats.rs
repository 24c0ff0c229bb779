//! Which format a file has, and which metadata is accepted, compared with `sops`.

use std::os::unix::fs::symlink;
use std::path::Path;

use sops_test_support::environment::{TestEnvironment, program, recipient};

fn peer(environment: &TestEnvironment, arguments: &[&str]) -> (Option<i32>, String) {
    let run = environment.finish(environment.command_of(Path::new("sops"), arguments));
    (run.code, run.stdout)
}

fn ours(environment: &TestEnvironment, arguments: &[&str]) -> (Option<i32>, String) {
    let run = environment.run(arguments);
    (run.code, run.stdout)
}

/// A name, a document and a path in it, for each format.
const TEXTS: [(&str, &str, &str); 4] = [
    ("yaml", "a: x\n", "[\"a\"]"),
    ("json", "{\n\t\"a\": \"x\"\n}\n", "[\"a\"]"),
    ("dotenv", "a=x\n", "[\"a\"]"),
    ("ini", "[s]\na = x\n", "[\"s\"][\"a\"]"),
];

#[test]
fn files_that_are_changed_under_unknown_names_are_read_by_sops() {
    for (format, text, path) in TEXTS {
        let environment = TestEnvironment::new();
        let types = ["--input-type", format, "--output-type", format];
        environment.write("x", text);
        let recipient = recipient();
        let encrypt = [&["encrypt", "--age", &recipient], &types[..], &["x"]].concat();
        let (code, encrypted) = peer(&environment, &encrypt);
        assert_eq!(code, Some(0), "{format}");
        environment.write(".env.local", &encrypted);
        assert_eq!(ours(&environment, &["decrypt", ".env.local"]).1, text);
        for change in [
            &["set", ".env.local", path, "\"word\""][..],
            &["rotate", "-i", ".env.local"],
        ] {
            assert_eq!(ours(&environment, change).0, Some(0), "{change:?}");
            let decrypt = [&["decrypt"], &types[..], &[".env.local"]].concat();
            let expected = (Some(0), text.replace('x', "word"));
            assert_eq!(
                peer(&environment, &decrypt),
                expected,
                "{format} {change:?}"
            );
        }
    }
}

/// The results of `sops` for JSON files under names without a known extension.
#[test]
fn json_under_an_unknown_name_is_as_in_sops() {
    let environment = TestEnvironment::new();
    for (text, flags) in [
        ("{\"a\": \"x\"}", &["--output-type", "json"][..]),
        ("{\"a\": \"x\"}", &["--output-type", "yaml"]),
        ("{\"data\": \"x\"}", &[]),
        ("{\"data\": \"x\"}", &["--input-type", "json"]),
        ("{\"data\": \"x\"}", &["--input-type", "yaml"]),
        ("{\"data\": \"x\"}", &["--input-type", "binary"]),
        ("{\"data\": \"x\"}", &["--output-type", "json"]),
        ("{\"data\": \"x\"}", &["--output-type", "yaml"]),
    ] {
        environment.write("x.json", text);
        let (_, encrypted) = peer(&environment, &["encrypt", "--age", &recipient(), "x.json"]);
        environment.write("x.enc", &encrypted);
        let decrypt = [&["decrypt"], flags, &["x.enc"]].concat();
        assert_eq!(
            ours(&environment, &decrypt),
            peer(&environment, &decrypt),
            "{text} {flags:?}"
        );
    }
}

/// Under the name `sops`, a plaintext of another format becomes JSON there.
#[test]
fn under_the_name_of_sops_the_output_format_is_that_of_the_name() {
    let environment = TestEnvironment::new();
    symlink(program(), environment.path("sops")).expect("the directory is writable");
    for (format, text, _) in TEXTS {
        environment.write(".env.example", text);
        let recipient = recipient();
        let flags = ["--age", &recipient, "--input-type", format];
        let encrypt = [&["encrypt"], &flags[..], &[".env.example"]].concat();
        let program = environment.path("sops");
        let run = environment.finish(environment.command_of(&program, &encrypt));
        assert!(run.stdout.starts_with("{\n\t\""), "{format}: {run}");
        assert_eq!(
            run.stderr.contains("written as JSON"),
            format != "json",
            "{run}"
        );
        let decrypted = |encrypted: &str| {
            environment.write("x", encrypted);
            peer(&environment, &["decrypt", "--output-type", format, "x"])
        };
        let theirs = peer(&environment, &encrypt).1;
        assert_eq!(decrypted(&run.stdout), decrypted(&theirs), "{format}");
    }
}

/// A field of the metadata, whether `sops` decrypts the file, and the status that it prints.
#[test]
fn fields_of_the_metadata_are_accepted_as_by_sops() {
    let environment = TestEnvironment::new();
    environment.write("x.yaml", "a: x\n");
    let (_, encrypted) = peer(&environment, &["encrypt", "--age", &recipient(), "x.yaml"]);
    let with_line = |key: &str, line: &str| -> String {
        let begin = format!("    {key}:");
        let lines = encrypted.lines().map(|old| match old.starts_with(&begin) {
            true => line.to_owned(),
            false => old.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    let modified = encrypted
        .lines()
        .find_map(|line| line.strip_prefix("    lastmodified: "))
        .expect("the metadata has a time")
        .trim_matches('"');
    let version = |text: &str| with_line("version", &format!("    version: {text}"));
    let time = |text: String| with_line("lastmodified", &format!("    lastmodified: '{text}'"));
    let added = |line: &str| format!("{encrypted}    {line}\n");
    let texts = [
        version("'1.x'"),
        version("1.13"),
        version("v3.3.0"),
        version("'3.3'"),
        version("true"),
        version("''"),
        version("[]"),
        version("99.0.0"),
        with_line("version", ""),
        time(modified.replace('Z', ".000Z")),
        time(modified.replace('Z', "+00:00")),
        time(modified.replace('Z', "-00:00")),
        time(modified.replace('Z', "+01:00")),
        time(modified.replace('T', " ")),
        time(String::new()),
        added("shamir_threshold: 1.5"),
        added("shamir_threshold: true"),
        added("shamir_threshold: '0x2'"),
        added("shamir_threshold: x"),
        added("mac_only_encrypted: '0'"),
        added("mac_only_encrypted: 'no'"),
        added("key_groups: [{pgp: [{fp: x, enc: y}]}]"),
        added("kms: ''"),
        added("kms: [x]"),
        added("pgp: [{FP: x, Enc: y, created_at: '2020-01-01T00:00:00Z'}]"),
        added("foo: {bar: [1]}"),
        encrypted.replace("    mac:", "    MAC:"),
        encrypted.replace("    lastmodified:", "    LastModified:"),
        encrypted.replace("recipient:", "Recipient:"),
        encrypted.replace("    age:", "    AGE:"),
        encrypted.replace("enc: |\n", "enc: |2\n\n"),
    ];
    for text in texts {
        environment.write("x.yaml", &text);
        for command in ["decrypt", "filestatus"] {
            let arguments = [command, "x.yaml"];
            assert_eq!(
                ours(&environment, &arguments),
                peer(&environment, &arguments),
                "{command}\n{text}"
            );
        }
    }
}

/// Versions before 3.10 wrote JSON without a final line break, and INI with an empty line at its
/// end.
#[test]
fn files_of_old_versions_are_decrypted_as_by_sops() {
    let environment = TestEnvironment::new();
    for (name, text) in [("x.json", "{\"a\": \"x\"}"), ("x.ini", "[s]\na = x\n")] {
        environment.write(name, text);
        let (_, encrypted) = peer(&environment, &["encrypt", "--age", &recipient(), name]);
        let old = encrypted.replace("3.13.3", "3.5.0");
        assert_ne!(old, encrypted);
        let old = match name {
            "x.json" => old.trim_end().to_owned(),
            _ => format!("{old}\n"),
        };
        environment.write(name, &old);
        let decrypt = ["decrypt", name];
        assert_eq!(
            ours(&environment, &decrypt),
            peer(&environment, &decrypt),
            "{name}"
        );
    }
}
