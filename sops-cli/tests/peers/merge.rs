//! Merged files: `sops` decrypts them with their MAC, and no plaintext is written on the way.

use std::fs;
use std::path::Path;

use sops_test_support::environment::{TestEnvironment, program, recipient};

use crate::terminal::run_program;
use crate::tracing::writes;

const BASE: &str =
    "# kept\nuser: web\npassword: correct-horse # why\nlist:\n  - a: 1\n    b: 2\n  - 0x1F\n";
const OURS: &str =
    "# kept\nuser: web\npassword: battery-staple # why\nlist:\n  - a: 1\n    b: 3\n  - 0x1F\n";
const THEIRS: &str = "# kept\nuser: web\npassword: correct-horse # why\nlist:\n  - a: 1\n    b: 2\n  - 0x2F\ntoken: open-sesame\n";
const OTHER: &str = "user: web\npassword: open-sesame\n";

/// Parts of the secrets. No write may contain them.
const SECRETS: [&str; 3] = ["correct-h", "battery-s", "open-ses"];

fn set_up(theirs: &str) -> TestEnvironment {
    let environment = TestEnvironment::new();
    let driver = format!("'{}' git merge-driver -- %O %A %B %P", program().display());
    let git = |arguments: &[&str]| git(&environment, arguments);
    git(&["init", "-q", "-b", "main"]);
    git(&["config", "merge.sops.driver", &driver]);
    git(&["config", "user.name", "t"]);
    git(&["config", "user.email", "t@example.com"]);
    environment.write(".gitattributes", "*.yaml merge=sops\n");
    let commit = |text: &str| {
        edit(&environment, text);
        git(&["add", "--all"]);
        git(&["commit", "-q", "-m", "x"]);
    };
    environment.encrypt("secret.yaml", BASE);
    git(&["add", "--all"]);
    git(&["commit", "-q", "-m", "x"]);
    git(&["checkout", "-q", "-b", "topic"]);
    commit(theirs);
    git(&["checkout", "-q", "main"]);
    commit(OURS);
    environment
}

fn git(environment: &TestEnvironment, arguments: &[&str]) {
    let run = environment.finish(environment.command_of(Path::new("git"), arguments));
    assert_eq!(run.code, Some(0), "{run}");
}

fn edit(environment: &TestEnvironment, text: &str) {
    environment.write("../plaintext", text);
    let editor = environment.editor("cat ../plaintext > \"$1\"");
    let mut command = environment.command(&["edit", "secret.yaml"]);
    command.env("EDITOR", editor);
    environment.finish(command).succeeds();
    fs::remove_file(environment.path("../plaintext")).expect("the file was written");
}

#[test]
fn sops_decrypts_a_merged_file_with_its_mac() {
    let environment = set_up(THEIRS);
    git(&environment, &["merge", "-q", "--no-edit", "topic"]);
    let run =
        environment.finish(environment.command_of(Path::new("sops"), &["decrypt", "secret.yaml"]));
    let text = run.succeeds().stdout;
    for expected in [
        "password: battery-staple",
        "b: 3",
        "token: open-sesame",
        "# kept",
        "- 47",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let run = environment.finish(environment.command_of(
        Path::new("sops"),
        &["set", "secret.yaml", "[\"user\"]", "\"db\""],
    ));
    run.succeeds();
    assert!(environment.decrypt("secret.yaml").contains("user: db"));
}

/// Asserts that no plaintext was written except, in the editor, to the file on a memory file
/// system.
fn assert_no_plaintext(trace: &str, is_editor_allowed: bool) {
    assert!(trace.contains("write"), "nothing was traced");
    assert_eq!(
        has_secret(trace),
        is_editor_allowed,
        "the trace has what is written"
    );
    for line in trace.lines() {
        let is_in_memory = line.contains("</dev/shm/") || line.contains("</run/");
        if is_in_memory && is_editor_allowed {
            continue;
        }
        for secret in SECRETS {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

/// A repository in which the merge of `topic` has a conflict.
fn in_conflict() -> TestEnvironment {
    let environment = set_up(OTHER);
    let merge = environment.command_of(Path::new("git"), &["merge", "-q", "--no-edit", "topic"]);
    environment.finish(merge);
    assert!(environment.read("secret.yaml").contains("<<<<<<<"));
    environment
}

#[test]
fn a_merge_writes_no_plaintext() {
    for (theirs, is_conflict) in [(THEIRS, false), (OTHER, true)] {
        for words in [
            &["merge", "-q", "--no-edit", "topic"][..],
            &["rebase", "-q", "topic"],
            &["cherry-pick", "topic"],
        ] {
            let environment = set_up(theirs);
            let merge = environment.command_of(Path::new("git"), words);
            assert_no_plaintext(&writes(&environment, &merge), false);
            let is_marked = environment.read("secret.yaml").contains("<<<<<<<");
            assert_eq!(is_marked, is_conflict, "{words:?}");
        }
    }
    // A merge that fails, because a version was tampered with or is in plaintext.
    for damage in [
        (|text| text.replace("user: ENC[", "user: ENT[")) as fn(String) -> String,
        |_| OTHER.replace("open-sesame", "x"),
    ] {
        let environment = set_up(THEIRS);
        git(&environment, &["checkout", "-q", "topic"]);
        environment.write("secret.yaml", damage(environment.read("secret.yaml")));
        git(&environment, &["commit", "-q", "-a", "-m", "x"]);
        git(&environment, &["checkout", "-q", "main"]);
        let merge =
            environment.command_of(Path::new("git"), &["merge", "-q", "--no-edit", "topic"]);
        assert_no_plaintext(&writes(&environment, &merge), false);
        assert!(environment.read("secret.yaml").contains("<<<<<<<"));
    }
}

#[test]
fn a_resolution_writes_plaintext_to_memory_only() {
    for flags in [&["--ours"][..], &["--ours", "[\"password\"]", "[\"user\"]"]] {
        let environment = in_conflict();
        let resolve = environment.command(&[&["resolve", "secret.yaml"], flags].concat());
        assert_no_plaintext(&writes(&environment, &resolve), false);
    }
    for is_mergetool in [false, true] {
        let environment = in_conflict();
        let tool = format!("'{}' resolve -- \"$MERGED\"", program().display());
        git(&environment, &["config", "mergetool.sops.cmd", &tool]);
        let trust = ["config", "mergetool.sops.trustExitCode", "true"];
        git(&environment, &trust);
        let mut resolve = match is_mergetool {
            true => environment.command_of(
                Path::new("git"),
                &["mergetool", "--no-prompt", "--tool=sops"],
            ),
            false => environment.command(&["resolve", "secret.yaml"]),
        };
        let editor = environment.editor("sed -n -i '/^<<</d; /^===/,/^>>>/d; p' \"$1\"");
        resolve
            .env("EDITOR", editor)
            .env_remove("SOPS_RS_ALLOW_DISK")
            .env("XDG_RUNTIME_DIR", "/dev/shm");
        assert_no_plaintext(&writes(&environment, &resolve), true);
        let plaintext = environment.decrypt("secret.yaml");
        assert!(plaintext.contains("battery-staple"), "{plaintext}");
    }
}

/// The recipient of `testdata/keys/encrypted.age`.
const LOCKED: &str = "age1pcl3xy47svxvgh484gxc5q8pce9dd257nyc5jzhh0thp4nwepv2qaj4ghv";

/// Each version has another data key.
#[test]
fn a_merge_asks_for_a_passphrase_once_and_a_diff_never() {
    let environment = TestEnvironment::new();
    let driver = format!("'{}' git merge-driver -- %O %A %B %P", program().display());
    let textconv = format!("'{}' git textconv --", program().display());
    let git = |arguments: &[&str]| git(&environment, arguments);
    git(&["init", "-q", "-b", "main"]);
    for (name, value) in [
        ("merge.sops.driver", &*driver),
        ("diff.sops.textconv", &textconv),
        ("user.name", "t"),
        ("user.email", "t@example.com"),
    ] {
        git(&["config", name, value]);
    }
    environment.write(".gitattributes", "*.yaml merge=sops diff=sops\n");
    let recipients = format!("{},{LOCKED}", recipient());
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {recipients}\n"),
    );
    environment.write("secret.yaml", "a: 1\nb: 1\n");
    environment
        .run(&["encrypt", "-i", "secret.yaml"])
        .succeeds();
    let commit = |commands: &[&[&str]]| {
        for command in commands {
            environment.run(command).succeeds();
        }
        git(&["add", "--all"]);
        git(&["commit", "-q", "-m", "x"]);
    };
    commit(&[]);
    git(&["checkout", "-q", "-b", "topic"]);
    commit(&[
        &["rotate", "-i", "secret.yaml"],
        &["set", "secret.yaml", "[\"b\"]", "\"2\""],
    ]);
    git(&["checkout", "-q", "main"]);
    commit(&[
        &["rotate", "-i", "secret.yaml"],
        &["set", "secret.yaml", "[\"a\"]", "\"2\""],
    ]);
    let keys = environment.home().join(".config/sops/age/keys.txt");
    let own_key = fs::read(&keys).expect("the environment has a key");
    let locked = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../testdata/keys/encrypted.age"
    );
    fs::copy(locked, &keys).expect("the file can be copied");
    let run = |arguments: &[&str]| {
        let command = environment.command_of(Path::new("git"), arguments);
        let typed = ("assphrase", &b"passphrase of the test key\n"[..]);
        run_program(&environment, &command, Some(typed))
    };
    let shown = run(&["--no-pager", "diff", "HEAD~"]);
    assert!(shown.status.success(), "{}", shown.bytes);
    assert!(
        shown.bytes.contains("ENC[") && !shown.bytes.contains("assphrase"),
        "{}",
        shown.bytes
    );
    let shown = run(&["merge", "-q", "--no-edit", "topic"]);
    assert!(shown.status.success(), "{}", shown.bytes);
    assert_eq!(
        shown.bytes.matches("Enter passphrase").count(),
        1,
        "{}",
        shown.bytes
    );
    fs::write(&keys, own_key).expect("the file can be written");
    assert_eq!(environment.decrypt("secret.yaml"), "a: \"2\"\nb: \"2\"\n");
}

#[test]
fn a_diff_writes_no_plaintext_to_a_file() {
    let environment = set_up(THEIRS);
    let textconv = format!("'{}' git textconv --", program().display());
    git(&environment, &["config", "diff.sops.textconv", &textconv]);
    git(
        &environment,
        &["config", "diff.sops.cachetextconv", "false"],
    );
    environment.write(".gitattributes", "*.yaml merge=sops diff=sops\n");
    for words in [
        &["--no-pager", "diff", "main", "topic"][..],
        &["--no-pager", "log", "-p", "--all"],
        &["--no-pager", "blame", "secret.yaml"],
    ] {
        let diff = environment.command_of(Path::new("git"), words);
        let trace = writes(&environment, &diff);
        let lines: Vec<&str> = trace.lines().filter(|line| has_secret(line)).collect();
        assert!(!lines.is_empty(), "{words:?}: nothing was shown");
        for line in lines {
            // Only the pipe to Git may have the plaintext.
            assert!(line.contains("(1<pipe:"), "{line}");
        }
    }
    let diff = environment.command(&["diff", "--show-values", "main", "topic"]);
    let trace = writes(&environment, &diff);
    let lines: Vec<&str> = trace.lines().filter(|line| has_secret(line)).collect();
    assert!(!lines.is_empty());
    for line in lines {
        assert!(line.contains("(1<pipe:"), "{line}");
    }
}

fn has_secret(text: &str) -> bool {
    SECRETS.iter().any(|secret| text.contains(secret))
}

#[test]
fn edit_offers_to_resolve_a_conflict_on_a_terminal() {
    for (answer, is_resolved) in [("y\n", true), ("n\n", false)] {
        let environment = set_up(OTHER);
        let merge = environment.command_of(Path::new("git"), &["merge", "-q", "topic"]);
        environment.finish(merge);
        let editor = environment.editor("sed -n -i '/^<<</d; /^===/,/^>>>/d; p' \"$1\"");
        let script = format!(
            "EDITOR=\"{editor}\" '{}' edit secret.yaml",
            program().display()
        );
        let shell = environment.command_of(Path::new("/bin/sh"), &["-c", &script]);
        let typed = Some(("(y/n)", answer.as_bytes()));
        let shown = run_program(&environment, &shell, typed);
        assert!(
            shown.bytes.contains("secret.yaml has a merge conflict"),
            "{}",
            shown.bytes
        );
        assert_eq!(shown.status.success(), is_resolved, "{}", shown.bytes);
        assert_eq!(
            environment.read("secret.yaml").contains("<<<<<<<"),
            !is_resolved
        );
    }
}
