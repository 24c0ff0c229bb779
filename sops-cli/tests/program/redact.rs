//! Secrets are kept out of the output of commands.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sops_test_support::environment::{Run, TestEnvironment, program};

/// A token with characters that encodings change.
const TOKEN: &str = "s3cr+t/t<k&n \"quoted\"";
const VALUES: &str = "TOKEN: s3cr+t/t<k&n \"quoted\"\nKEY: |\n  -----BEGIN KEY-----\n  MIIEvQIBADANBgkq\n  \
    hkiG9w0BAQ\n  -----END KEY-----\nPIN: '1234'\nHOST_unencrypted: db.example.org\n";

fn with_values() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", VALUES);
    environment
}

fn redacted(environment: &TestEnvironment, command: &str) -> Run {
    environment.run(&["exec-env", "--redact", "x.yaml", command])
}

const SHORT: &str = "warning: x.yaml: values shorter than 8 bytes are not masked: `PIN`\n";

#[test]
fn values_do_not_pass_through_either_stream() {
    let environment = with_values();
    for (command, expected) in [
        ("echo \"$TOKEN\"", "***\n"),
        ("printf %s \"$TOKEN\"", "***"),
        ("echo \"<$TOKEN><$TOKEN>\"", "<***><***>\n"),
        ("printf %s \"$KEY\" | tail -n 3", "***\n***\n***\n"),
        ("echo \"$KEY\"", "***\n"),
        ("printf %s \"$TOKEN\" | base64", "***\n"),
        ("printf 'user:%s' \"$TOKEN\" | base64", "dXNlcjp***\n"),
        ("printf '%s' \"$KEY\" | base64", "***\n"),
        ("printf '%s' \"$KEY\" | base64 -w 64", "***\n"),
        ("printf '%s' \"$KEY\" | base64 -w 0", "***"),
        // One byte at a time.
        ("printf '%s!' \"$TOKEN\" | dd bs=1 2> /dev/null", "***!"),
        ("echo \"$PIN $HOST_unencrypted\"", "1234 db.example.org\n"),
        ("printf 's3cr+t/t<k&'", "s3cr+t/t<k&"),
    ] {
        let run = redacted(&environment, command).succeeds();
        assert_eq!(run.stdout, expected, "{command}");
        assert_eq!(run.stderr, SHORT, "{command}");
        let run = redacted(&environment, &format!("{{ {command}; }} >&2")).succeeds();
        assert_eq!(run.stdout, "");
        let written = run
            .stderr
            .strip_prefix(SHORT)
            .expect("the warning is first");
        run_is_clean(written);
    }
}

#[track_caller]
fn run_is_clean(text: &str) {
    for secret in [TOKEN, "MIIEvQIBADANBgkq", "czNjcit0L3Q8ayZuICJxdW90ZWQi"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn output_appears_before_the_command_ends() {
    let environment = with_values();
    let mut child = environment
        .command(&[
            "exec-env",
            "--redact",
            "x.yaml",
            "printf 'Password: '; read answer; echo $answer",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut prompt = [0; 10];
    stdout.read_exact(&mut prompt).expect("the prompt");
    assert_eq!(&prompt, b"Password: ");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"yes\n").expect("the command reads");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("it is UTF-8");
    assert_eq!(rest, "yes\n");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn exit_codes_and_signals_pass_on() {
    let environment = with_values();
    for (command, code) in [
        ("true", 0),
        ("exit 7", 7),
        ("./none", 127),
        ("kill -KILL $$", 137),
        ("kill -TERM $$", 143),
    ] {
        assert_eq!(
            redacted(&environment, command).code,
            Some(code),
            "{command}"
        );
    }
    let mut child = environment
        .command_of("env".as_ref(), &["--default-signal"])
        .arg(program())
        .args(["exec-env", "--redact", "x.yaml"])
        .arg("trap 'echo \"$TOKEN\"; exit 13' TERM; echo ready; while :; do sleep 0.05; done")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut ready = [0; 6];
    stdout.read_exact(&mut ready).expect("the command runs");
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is ours");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("it is UTF-8");
    assert_eq!(rest, "***\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(13));
}

#[test]
fn streams_with_the_same_target_keep_their_order() {
    let environment = with_values();
    let script = "\"$0\" exec-env --redact x.yaml 'for n in 1 2 3 4; do echo out $n; echo err $n \"$TOKEN\" >&2; done' > log 2>&1";
    let mut command = environment.command_of("/bin/sh".as_ref(), &["-c", script]);
    command.arg(program());
    environment.finish(command).succeeds();
    let expected: String = (1..5)
        .map(|number| format!("out {number}\nerr {number} ***\n"))
        .collect();
    assert_eq!(environment.read("log"), format!("{SHORT}{expected}"));
}

#[test]
fn a_closed_pipe_ends_the_command_as_usual() {
    let environment = with_values();
    let script =
        "{ \"$0\" exec-env --redact x.yaml 'yes \"$TOKEN\"'; echo $? > code; } | head -n 1";
    let mut command = environment.command_of("/bin/sh".as_ref(), &["-c", script]);
    command.arg(program());
    let run = environment.finish(command).succeeds();
    assert_eq!(run.stdout, "***\n");
    assert_eq!(environment.read("code"), "141\n");
}

#[test]
fn output_of_background_processes_is_waited_for_until_a_signal() {
    let environment = with_values();
    let run = redacted(
        &environment,
        "(sleep 0.5; echo \"late $TOKEN\") & echo first",
    );
    assert_eq!(run.succeeds().stdout, "first\nlate ***\n");
    let mut child = environment
        .command_of("env".as_ref(), &["--default-signal"])
        .arg(program())
        .args([
            "exec-env",
            "--redact",
            "x.yaml",
            "sleep 60 & echo $!; exit 5",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut id = [0; 16];
    let length = stdout.read(&mut id).expect("the command writes");
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(500));
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it waits");
    assert_eq!(child.wait().expect("it ends").code(), Some(5));
    assert!(start.elapsed() < Duration::from_secs(20));
    let id = String::from_utf8_lossy(&id[..length]).trim().to_owned();
    let killed = Command::new("kill").arg(id).status();
    assert!(killed.expect("kill runs").success());
}

#[test]
fn exec_file_masks_values_as_they_are_in_the_file() {
    let environment = TestEnvironment::new();
    let text = "a: 'it''s a secret: yes'\nb: \"tab\\there and\\u0020there\"\nc: >-\n  folded over\n  two lines\nd: 1234567890\n\
        e: 0x499602D2\nf_unencrypted: plaintext value\n";
    environment.encrypt("x.yaml", text);
    for (command, expected) in [
        (
            "cat {}",
            "a: '***'\nb: \"***\"\nc: ***\nd: ***\ne: ***\nf_unencrypted: plaintext value\n",
        ),
        ("base64 {}", "***\n"),
    ] {
        let run = environment.run(&["exec-file", "--redact", "x.yaml", command]);
        assert_eq!(run.succeeds().stdout, expected);
    }
    let run = environment.run(&[
        "exec-file",
        "--redact",
        "--output-type=json",
        "x.yaml",
        "cat {}",
    ]);
    let stdout = run.succeeds().stdout;
    for secret in ["secret", "there", "folded", "lines", "1234567890"] {
        assert!(!stdout.contains(secret), "{stdout}");
    }
    assert!(stdout.contains("plaintext value"), "{stdout}");
    environment.encrypt("x.bin", "a text in a file\n\u{1}\u{2}and more\n");
    let run = environment.run(&["exec-file", "--redact", "x.bin", "cat {}; grep -a text {}"]);
    assert_eq!(run.succeeds().stdout, "***\n");
}

#[test]
fn data_of_a_secret_is_masked_encoded_and_decoded() {
    let environment = TestEnvironment::new();
    environment.encrypt_with(
        "s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a-long-name}\ndata: {A: aHVudGVyMmh1bnRlcjI=, B: aHVudGVyMg==}\n",
        &["--encrypted-regex", "^(data|stringData)$"],
    );
    let print = "echo \"$A $B\"; printf %s \"$A\" | base64";
    let run = environment.run(&["exec-env", "--redact", "s.yaml", print]);
    let run = run.succeeds();
    assert_eq!(run.stdout, "*** hunter2\n***\n");
    assert!(run.stderr.contains("are not masked: `data.B`\n"), "{run}");
    let run = environment.run(&["exec-file", "--redact", "s.yaml", "cat {}"]);
    assert_eq!(
        run.succeeds().stdout,
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a-long-name}\ndata: {A: ***, B: ***}\n"
    );
}

#[test]
fn without_values_to_mask_the_command_gets_the_streams_themselves() {
    let environment = TestEnvironment::new();
    environment.encrypt("a.env", "A=short\nB=\n");
    let run = environment.run(&["exec-env", "--redact", "a.env", "echo $A"]);
    let run = run.succeeds();
    assert_eq!(run.stdout, "short\n");
    assert!(run.stderr.contains("are not masked: `A`\n"), "{run}");
}

#[test]
fn masking_cannot_be_combined_with_replacing_the_process() {
    let environment = with_values();
    let arguments = [
        "exec-env",
        "--redact",
        "--same-process",
        "x.yaml",
        "echo run",
    ];
    let run = environment.run(&arguments).fails_with(8);
    assert!(run.stderr.contains("cannot be used together"), "{run}");
    let run = environment.run(&["exec-env", "--redact", "--background", "x.yaml", "true"]);
    run.succeeds();
}

#[test]
fn commands_for_github_mask_each_line() {
    let environment = TestEnvironment::new();
    environment.encrypt(
        "x.yaml",
        "A: 100%\\of it\nB: |\n  first line\n  short\n  second%0Aline\nC: '1234'\nD_unencrypted: plaintext value\n",
    );
    for arguments in [
        &["exec-env", "--mask", "github", "x.yaml", "echo run"][..],
        &["exec-file", "--mask=github", "x.yaml", "echo run"],
    ] {
        let mut command = environment.command(arguments);
        command.env("GITHUB_ACTIONS", "true");
        let run = environment.finish(command).succeeds();
        assert_eq!(
            run.stdout,
            "::add-mask::100%25\\of it\n::add-mask::first line\n::add-mask::second%250Aline\nrun\n"
        );
        assert!(run.stderr.contains("are not masked: `C`\n"), "{run}");
        // Elsewhere, the commands would show the values.
        let run = environment.run(arguments).fails_with(1);
        assert!(run.stderr.contains("GITHUB_ACTIONS is not `true`"), "{run}");
    }
    let run = environment.run(&["exec-env", "--mask", "gitlab", "x.yaml", "echo run"]);
    let run = run.fails_with(1);
    assert!(run.stderr.contains("GitLab has no command"), "{run}");
    assert!(run.stderr.contains("help: use `--redact`"), "{run}");
}
