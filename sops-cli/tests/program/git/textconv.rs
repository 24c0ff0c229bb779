//! `git-sops-textconv`, which never fails.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Output;

use sops_test_support::environment::{TestEnvironment, other_recipient, program};

use super::{GitClone, secret};

/// An environment with a link to the program.
struct Textconv {
    environment: TestEnvironment,
    link: PathBuf,
}

impl Textconv {
    fn new() -> Self {
        let environment = TestEnvironment::new();
        let link = environment.home().join("git-sops-textconv");
        symlink(program(), &link).expect("the home is writable");
        Self { environment, link }
    }

    /// The output of the program. Whatever the variables are, it is the same under both names.
    fn output(&self, file: &str, variables: &[(&str, &str)]) -> Vec<u8> {
        let as_link = self.environment.command_of(&self.link, &[file]);
        let as_command = self.environment.command(&["git", "textconv", "--", file]);
        let outputs = [as_link, as_command].map(|mut command| {
            let output: Output = command
                .envs(variables.iter().copied())
                .output()
                .expect("the program runs");
            assert_eq!(output.status.code(), Some(0), "{file}");
            assert_eq!(output.stderr, b"", "{file}");
            output.stdout
        });
        assert_eq!(outputs[0], outputs[1], "{file}");
        outputs[0].clone()
    }

    fn text(&self, file: &str) -> String {
        String::from_utf8(self.output(file, &[])).expect("the file is UTF-8")
    }
}

#[test]
fn every_format_is_decrypted_whatever_its_name() {
    let textconv = Textconv::new();
    let environment = &textconv.environment;
    for (name, text) in [
        ("a.yaml", "a: correct-horse # b\n"),
        ("a.json", "{\n\t\"a\": \"correct-horse\"\n}\n"),
        ("a.env", "A=correct-horse\n"),
        ("a.ini", "[a]\nb = correct-horse\n"),
        ("a.bin", "correct-horse\0\n"),
    ] {
        environment.encrypt(name, text);
        fs::rename(environment.path(name), environment.path("AbC_odd name"))
            .expect("the file can be renamed");
        assert_eq!(textconv.text("AbC_odd name"), text, "{name}");
    }
}

#[test]
fn files_that_cannot_be_decrypted_are_printed_unchanged() {
    let textconv = Textconv::new();
    let environment = &textconv.environment;
    environment.encrypt("good.yaml", "a: correct-horse\nb: 2\n");
    let good = environment.read("good.yaml");
    let line = |from: &str| {
        let lines = good
            .lines()
            .find(|line| line.trim_start().starts_with(from));
        lines.expect("the line exists").to_owned()
    };
    environment.write("theirs.yaml", "a: correct-horse\n");
    environment
        .run(&["encrypt", "-i", "--age", &other_recipient(), "theirs.yaml"])
        .succeeds();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("plaintext", b"a: 1\n".to_vec()),
        ("empty", Vec::new()),
        ("no text", b"\0\xff\xfe ENC[AES256_GCM,data:\xff".to_vec()),
        ("truncated", good.as_bytes()[..good.len() / 2].to_vec()),
        ("another key", environment.bytes("theirs.yaml")),
        (
            "wrong MAC",
            good.replace(&line("mac:"), "    mac: x").into_bytes(),
        ),
        (
            "no MAC",
            good.replace(&(line("mac:") + "\n"), "").into_bytes(),
        ),
        (
            "a value in plaintext",
            good.replace(&line("b:"), "b: 3").into_bytes(),
        ),
        ("a moved value", good.replace("\nb: ", "\nc: ").into_bytes()),
        (
            "no time",
            good.replace(&line("lastmodified:"), "    lastmodified: x")
                .into_bytes(),
        ),
        (
            "conflict",
            format!("<<<<<<< a\n{good}=======\n>>>>>>> b\n").into_bytes(),
        ),
        (
            "deep",
            ("[".repeat(100_000) + "ENC[AES256_GCM,data:").into_bytes(),
        ),
        (
            "sops: in prose",
            b"sops:\n  ENC[AES256_GCM,data:x]\n".to_vec(),
        ),
    ];
    for (name, bytes) in cases {
        environment.write("file", &bytes);
        assert!(textconv.output("file", &[]) == bytes, "{name}");
    }
    let mut huge = vec![b'x'; 65 * 1024 * 1024];
    huge[..good.len()].copy_from_slice(good.as_bytes());
    environment.write("file", &huge);
    assert!(textconv.output("file", &[]) == huge, "huge");
}

#[test]
fn a_truncated_file_is_printed_unchanged() {
    let textconv = Textconv::new();
    let environment = &textconv.environment;
    for (name, text) in [
        ("a.yaml", "a: b\n"),
        ("a.json", "{\"a\": \"b\"}"),
        ("a.env", "A=b\n"),
    ] {
        environment.encrypt(name, text);
        let bytes = environment.bytes(name);
        // Without its last line break, the file is complete.
        for length in (0..bytes.len() - 2).step_by(bytes.len() / 15) {
            environment.write("file", &bytes[..length]);
            let command = environment.command_of(&textconv.link, &["file"]);
            let run = environment.finish(command).succeeds();
            assert_eq!(run.stdout.as_bytes(), &bytes[..length], "{name}: {length}");
            assert_eq!(run.stderr, "");
        }
    }
}

#[test]
fn missing_files_and_wrong_arguments_print_nothing() {
    let textconv = Textconv::new();
    fs::create_dir(textconv.environment.path("directory")).expect("the directory can be created");
    for file in ["missing", "directory"] {
        assert_eq!(textconv.text(file), "", "{file}");
    }
    for arguments in [&[][..], &["a", "b"]] {
        let command = textconv.environment.command_of(&textconv.link, arguments);
        let run = textconv.environment.finish(command).succeeds();
        assert_eq!((&*run.stdout, &*run.stderr), ("", ""));
    }
}

#[test]
fn a_name_is_never_a_flag() {
    let textconv = Textconv::new();
    for name in [
        "--config=x",
        "--help",
        "-v",
        "--",
        "-d",
        "--get-completions",
        "__complete",
    ] {
        textconv.environment.write("file", "a: correct-horse\n");
        fs::rename(
            textconv.environment.path("file"),
            textconv.environment.path(name),
        )
        .expect("the file can be renamed");
        assert_eq!(textconv.text(name), "a: correct-horse\n", "{name}");
    }
}

#[test]
fn nothing_is_asked_or_run() {
    let textconv = Textconv::new();
    let environment = &textconv.environment;
    environment.encrypt("a.yaml", "a: correct-horse\n");
    let encrypted = environment.read("a.yaml");
    let key = environment.home().join(".config/sops/age/keys.txt");
    let identity = fs::read_to_string(&key).expect("the key exists");
    fs::remove_file(&key).expect("the file can be removed");
    let script = environment.home().join("key-command");
    let mark = environment.path("was-run");
    fs::write(
        &script,
        format!(
            "#!/bin/sh\ntouch '{}'\necho '{}'\n",
            mark.display(),
            identity.trim()
        ),
    )
    .expect("the home is writable");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700))
        .expect("the permissions can be changed");
    let script = script.display().to_string();
    // Each of these would open the file, or block.
    for variables in [
        [("SOPS_AGE_KEY_CMD", &*script)],
        [("SOPS_KEYSERVICE", "tcp://127.0.0.1:1")],
        [("SOPS_AGE_KEY_FILE", "/dev/stdin")],
    ] {
        assert_eq!(
            textconv.output("a.yaml", &variables),
            encrypted.as_bytes(),
            "{variables:?}"
        );
    }
    assert!(!mark.exists());
    let open = textconv.output("a.yaml", &[("SOPS_AGE_KEY", identity.trim())]);
    assert_eq!(open, b"a: correct-horse\n");
}

#[test]
fn logs_of_ci_have_no_plaintext_unless_a_setting_allows_it() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    let log = |ci: &str| {
        let mut command = clone.git_command(clone.path(""), &["log", "-p"]);
        command.env("CI", ci);
        clone.environment.finish(command).succeeds().stdout
    };
    for (ci, is_shown) in [("true", false), ("1", false), ("", true), ("false", true)] {
        assert_eq!(log(ci).contains("correct-horse"), is_shown, "{ci}");
    }
    clone
        .git(&["config", "sops.textconvInCI", "true"])
        .succeeds();
    assert!(log("true").contains("correct-horse"));
}

#[test]
fn git_shows_names_that_look_like_flags() {
    let clone = GitClone::new();
    for name in ["--config=x.enc.yaml", "-d.enc.yaml", "a b\n.enc.yaml"] {
        clone.encrypt(name, &secret("correct-horse"));
    }
    clone.sops_rs(&["git", "install"]).succeeds();
    clone.commit_all();
    let log = clone.git(&["log", "-p"]).succeeds().stdout;
    assert_eq!(
        log.matches("+  password: correct-horse\n").count(),
        3,
        "{log}"
    );
}

/// Git writes the differences below the message, into a file in `.git`.
#[test]
fn a_commit_message_never_contains_plaintext() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    let editor = clone
        .environment
        .editor("cp \"$1\" ../message; echo x > \"$1\"");
    let link = clone
        .setting("diff.sops.textconv")
        .expect("the setting exists");
    let in_shell = format!("'{}' git textconv --", program().display());
    let commit = ["commit", "-q", "-a"];
    let with_flag = [&commit[..], &["-v"]].concat();
    let with_setting = [&["-c", "commit.verbose=true", "-C", "."], &commit[..]].concat();
    for (textconv, arguments) in [
        (&link, &with_flag),
        (&link, &with_setting),
        (&link, &vec!["saved", "-v"]),
        (&in_shell, &with_flag),
    ] {
        for (key, value) in [
            ("diff.sops.textconv", &**textconv),
            ("alias.saved", "commit -q -a"),
        ] {
            clone.git(&["config", key, value]).succeeds();
        }
        clone.set("db.enc.yaml", "battery-staple");
        let diff = clone.git(&["diff"]).succeeds();
        assert!(diff.stdout.contains("battery-staple"), "{diff}");
        let mut command = clone.git_command(clone.path(""), arguments);
        command.env("GIT_EDITOR", &editor);
        clone.environment.finish(command).succeeds();
        let message = clone.environment.read("../message");
        assert!(message.contains("+  password: ENC["), "{message}");
        assert!(!message.contains("battery-staple"), "{message}");
        assert!(!message.contains("correct-horse"), "{message}");
        clone.set("db.enc.yaml", "correct-horse");
        clone.commit_all();
    }
}
