//! Command lines with which editors, plugins and scripts call `sops`: this program, under that
//! name, and the real one have the same exit code, print the same, and leave the same files.

mod lines;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sops_test_support::environment::{
    TestEnvironment, identity, other_identity, other_recipient, program, recipient,
};

use self::lines::{DIFFERENCES, LINES};

const FILES: &[(&str, &str)] = &[
    (
        "yaml",
        "data:\n    password: hunter2\n    user: admin\n    number: 7\nlist:\n    - 1\n    - two\n",
    ),
    (
        "json",
        "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": \"x\"\n\t}\n}\n",
    ),
    ("env", "A=1\nB=two words\n"),
    ("ini", "[s]\na = 1\nb = x\n"),
];

/// The output of a run, and the files after it.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    code: Option<i32>,
    stdout: String,
    files: BTreeMap<String, String>,
}

/// A directory with all files, the encrypted ones from the real `sops`.
fn fixture() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n    - age: {}\n", recipient()),
    );
    for (extension, text) in FILES {
        environment.write(&format!("p.{extension}"), text);
        environment.write(&format!("e.{extension}"), text);
    }
    environment.write("flat.yaml", "user: admin\nnumber: 7\n");
    environment.write("secret", "a secret\n");
    environment.write("text", "a text\n");
    environment.write(
        "k8s.yaml",
        "kind: Secret\nstringData:\n    password: hunter2\n",
    );
    for name in ["e.yaml", "e.json", "e.env", "e.ini", "flat.yaml", "secret"] {
        let command = environment.command_of("sops".as_ref(), &["encrypt", "-i", name]);
        environment.finish(command).succeeds();
    }
    environment
}

/// Runs the line in a copy of the fixture, with that program as `sops`.
fn run(fixture: &TestEnvironment, sops: &Path, line: &str) -> Outcome {
    let environment = TestEnvironment::new();
    for name in fixture.names() {
        environment.write(&name, fixture.bytes(&name));
    }
    let directory = environment.home().join("bin");
    std::fs::create_dir(&directory).expect("the directory can be created");
    symlink(sops, directory.join("sops")).expect("the link can be created");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = environment.command_of("sh".as_ref(), &["-c", line]);
    command
        .env("PATH", [directory.as_os_str(), &path].join(":".as_ref()))
        .env("SOPS_DISABLE_VERSION_CHECK", "1")
        .env("A", recipient())
        .env("B", other_recipient())
        .env(
            "E",
            environment.editor("sed -i 's/admin/root/; s/example/other/; s/\"x\"/\"y\"/' \"$1\""),
        );
    let run = environment.finish(command);
    let names = environment.names().into_iter();
    let files = names.map(|name| {
        let text = environment.read(&name);
        let is_kept = fixture.names().contains(&name) && fixture.read(&name) == text;
        let text = if is_kept { text } else { neutral(&text) };
        (name, text)
    });
    Outcome {
        code: run.code,
        stdout: neutral(&run.stdout),
        files: files.collect(),
    }
}

/// The plaintext of encrypted text; other text unchanged.
fn neutral(text: &str) -> String {
    if !text.contains("ENC[AES256_GCM") {
        return text.to_owned();
    }
    let format = if text.starts_with('{') {
        "json"
    } else if text.contains("sops_mac=") {
        "dotenv"
    } else if text.contains("[sops]") {
        "ini"
    } else {
        "yaml"
    };
    let environment = TestEnvironment::new();
    let types = ["--input-type", format, "--output-type", format];
    let mut child = environment
        .command_of("sops".as_ref(), &[&["decrypt"], &types[..]].concat())
        .env(
            "SOPS_AGE_KEY",
            format!("{} {}", identity(), other_identity()),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`sops` is on the PATH");
    let mut stdin = child.stdin.take().expect("the stream is a pipe");
    stdin
        .write_all(text.as_bytes())
        .expect("the program reads its input");
    drop(stdin);
    let output = child
        .wait_with_output()
        .expect("the process can be waited for");
    assert!(output.status.success(), "`sops` cannot decrypt {text}");
    format!(
        "encrypted {format}:\n{}",
        String::from_utf8_lossy(&output.stdout)
    )
}

fn real_sops() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&path).map(|directory| directory.join("sops"));
    candidates
        .find(|file| file.is_file())
        .expect("`sops` is on the PATH")
}

#[test]
fn command_lines_of_other_programs_do_the_same() {
    let fixture = fixture();
    let (real, ours) = (real_sops(), program());
    let mut wrong = Vec::new();
    for (client, line) in LINES {
        let theirs = run(&fixture, &real, line);
        let ours = run(&fixture, &ours, line);
        let is_known = DIFFERENCES.iter().any(|(known, _)| known == line);
        if (theirs == ours) == is_known {
            wrong.push(format!(
                "{client}: {line}\nsops: {theirs:#?}\nhere: {ours:#?}\n"
            ));
        }
    }
    assert!(LINES.len() >= 60);
    assert!(
        wrong.is_empty(),
        "{} lines:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The positions at which a shell can ask for a completion.
const POSITIONS: &[&str] = &[
    "",
    "-",
    "--",
    "--in",
    "-i",
    "-d",
    "-d -",
    "-i=true -",
    "--output",
    "--output decrypt",
    "--output-type yaml dec",
    "--output-type yaml set --val",
    "--indent x decrypt --in",
    "--indent 2 --verbose decrypt --in",
    "--indent x --verbose decrypt --in",
    "--verbose=maybe -i decrypt",
    "--nosuch decrypt -",
    "foo",
    "foo decrypt",
    "-- decrypt --in",
    "decrypt",
    "decrypt -",
    "decrypt --",
    "decrypt --in",
    "decrypt --in-place --i",
    "decrypt e.yaml",
    "decrypt e.yaml --out",
    "decrypt --output",
    "decrypt --output -",
    "decrypt --nosuch --in",
    "encrypt -",
    "encrypt --age",
    "rotate -",
    "rotate --add-",
    "edit -",
    "set -",
    "unset -",
    "updatekeys -",
    "filestatus -",
    "keyservice -",
    "publish -",
    "exec-env -",
    "exec-file --no",
    "groups",
    "groups -",
    "groups add",
    "groups add -",
    "groups delete -",
    "groups foo",
    "groups help -",
    "completion",
    "completion -",
    "completion bash",
    "completion bash -",
    "help",
    "help -",
    "h",
];

#[test]
fn completion_is_answered_at_every_position() {
    let environment = TestEnvironment::without_key();
    let directory = environment.home();
    let ours = directory.join("sops");
    symlink(program(), &ours).expect("the link can be created");
    let answer = |sops: &Path, position: &str| {
        let output = Command::new(sops)
            .args(position.split_whitespace())
            .arg("--generate-bash-completion")
            .output()
            .expect("the program can be started");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("the content is text"),
        )
    };
    for position in POSITIONS {
        let (theirs, ours) = (answer(&real_sops(), position), answer(&ours, position));
        assert_eq!(ours, theirs, "sops {position}");
    }
}
