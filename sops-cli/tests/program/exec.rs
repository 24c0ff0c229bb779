//! Commands that run with secrets.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use sops_test_support::environment::{Run, TestEnvironment};

const VALUES: &str =
    "TEXT: hunter2\nNUMBER: 0x10\nFLOAT: 1.50\nTRUTH: true\nLINES: |\n  one\n  two\n";

fn with_values() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", VALUES);
    environment
}

/// Runs a command with the values of `x.yaml`.
fn with_variables(environment: &TestEnvironment, flags: &[&str], command: &str) -> Run {
    let arguments = [&["exec-env"], flags, &["x.yaml", command]].concat();
    environment.run(&arguments)
}

/// Runs a command with the file `x.yaml`.
fn with_file(environment: &TestEnvironment, flags: &[&str], command: &str) -> Run {
    let arguments = [&["exec-file"], flags, &["x.yaml", command]].concat();
    environment.run(&arguments)
}

#[test]
fn values_are_variables() {
    let environment = with_values();
    let print = r#"printf '%s|' "$TEXT" "$NUMBER" "$FLOAT" "$TRUTH" "$LINES""#;
    let run = with_variables(&environment, &[], print).succeeds();
    assert_eq!(run.stdout, "hunter2|16|1.5|true|one\ntwo\n|");
    environment.encrypt("x.json", r#"{"A": "b c", "D": null}"#);
    let run = environment.run(&["exec-env", "x.json", "echo \"$A,$D\""]);
    assert_eq!(run.succeeds().stdout, "b c,<nil>\n");
}

#[test]
fn secrets_override_the_existing_environment() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "HOME: /secret\n");
    let print = "echo \"$HOME,$OTHER\"";
    for (flags, expected) in [
        (&[][..], "/secret,there\n"),
        (&["--pristine"], "/secret,\n"),
    ] {
        let arguments = [&["exec-env"], flags, &["x.yaml", print]].concat();
        let mut command = environment.command(&arguments);
        command.env("OTHER", "there");
        assert_eq!(environment.finish(command).succeeds().stdout, expected);
    }
}

#[test]
fn values_that_cannot_be_variables_are_errors() {
    let environment = TestEnvironment::new();
    for (text, message) in [
        (
            "a: {b: hunter2}\n",
            "`a`: an environment variable holds only one value",
        ),
        (
            "a: [hunter2]\n",
            "`a`: an environment variable holds only one value",
        ),
        (
            "'a=b': hunter2\n",
            "an environment variable cannot have this name",
        ),
        (
            "'': hunter2\n",
            "an environment variable cannot have this name",
        ),
        ("a: \"hunter2\\0\"\n", "zero byte"),
    ] {
        environment.encrypt("x.yaml", text);
        let run = with_variables(&environment, &[], "echo run").fails_with(1);
        assert!(run.stderr.contains(message), "{run}");
        assert!(!run.stderr.contains("hunter2"), "{run}");
    }
    environment.encrypt("x.yaml", "a: 1\n---\nb: 2\n");
    let run = with_variables(&environment, &[], "echo \"$a,$b\"").succeeds();
    assert_eq!(run.stdout, "1,\n");
    assert!(run.stderr.contains("only the first one is used"), "{run}");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let environment = with_values();
    for (command, code) in [
        ("true", 0),
        ("exit 7", 7),
        ("./none", 127),
        ("kill -KILL $$", 137),
    ] {
        for run in [
            with_variables(&environment, &[], command),
            with_file(&environment, &[], command),
            with_file(&environment, &["--no-fifo"], command),
        ] {
            assert_eq!(run.code, Some(code), "{command}: {run}");
        }
    }
}

#[test]
fn a_command_line_without_a_command_is_an_error() {
    let environment = with_values();
    for command in ["exec-env", "exec-file"] {
        environment.run(&[command]).fails_with(1);
        environment.run(&[command, "x.yaml"]).fails_with(1);
        environment
            .run(&[command, "none.yaml", "true"])
            .fails_with(2);
        let arguments = [command, "--user", "no such user", "x.yaml", "true"];
        let run = environment.run(&arguments).fails_with(1);
        assert!(run.stderr.contains("unknown user"), "{run}");
    }
    let both = ["--background", "--same-process"];
    with_variables(&environment, &both, "echo run").fails_with(8);
    with_file(&environment, &["--background"], "echo run").fails_with(1);
    for name in ["../x", "/x", "a/b", ".."] {
        let run = with_file(&environment, &["--filename", name], "echo run").fails_with(1);
        assert!(run.stderr.contains("--filename"), "{run}");
    }
}

#[test]
fn the_file_can_be_read_repeatedly_and_is_removed_afterwards() {
    let environment = with_values();
    for flags in [&[][..], &["--no-fifo"], &["--filename", "my file"]] {
        let command = "cat '{}'; head -c 3 '{}'; true < '{}'; cat '{}'; echo '{}'";
        let run = with_file(&environment, flags, command).succeeds();
        let path = run.stdout.strip_prefix(&format!("{VALUES}TEX{VALUES}"));
        let path = path.unwrap_or_else(|| panic!("{run}")).trim_end();
        assert!(
            !fs::exists(path).expect("the directory is readable"),
            "{path}"
        );
        let directory = std::path::Path::new(path)
            .parent()
            .expect("the path has a parent directory");
        assert!(
            !fs::exists(directory).expect("the directory is readable"),
            "{path}"
        );
    }
    let longest = "x".repeat(255);
    for name in [&*longest, "next", "other"] {
        let flags = ["--filename", name];
        let run = with_file(&environment, &flags, "cat {}; cat {}").succeeds();
        assert_eq!(run.stdout, VALUES.repeat(2), "{name}");
    }
    let run = with_file(&environment, &[], "stat -c %F,%a {}").succeeds();
    assert_eq!(run.stdout, "fifo,600\n");
    let run = with_file(
        &environment,
        &["--no-fifo"],
        "stat -c %F,%a {}; stat -f -c %T {}",
    );
    let stdout = run.succeeds().stdout;
    assert!(stdout.starts_with("regular file,600\n"), "{stdout}");
    assert!(stdout.ends_with("\ntmpfs\n"), "{stdout}");
}

#[test]
fn a_file_is_passed_in_another_format() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let run = with_file(&environment, &["--output-type", "json"], "cat {}").succeeds();
    assert_eq!(run.stdout, "{\n\t\"a\": 1\n}\n");
}

#[test]
fn a_large_file_passes_through_the_pipe() {
    let environment = TestEnvironment::new();
    let text: String = (0..20_000)
        .map(|number| format!("k{number}: value\n"))
        .collect();
    environment.encrypt("x.yaml", &text);
    let run = with_file(&environment, &[], "head -1 {}; cat {}").succeeds();
    assert!(run.stdout == format!("k0: value\n{text}"));
}

#[test]
fn the_file_is_removed_if_the_command_is_killed() {
    let environment = with_values();
    for flags in [&[][..], &["--no-fifo"]] {
        let run = with_file(&environment, flags, "ls {}; kill -KILL $$");
        assert_eq!(run.code, Some(137), "{run}");
        let file = run.stdout.trim_end();
        assert!(file.ends_with("tmp-file"), "{run}");
        assert!(
            !fs::exists(file).expect("the directory is readable"),
            "{run}"
        );
    }
}

#[test]
fn signals_are_passed_on() {
    let environment = with_values();
    for arguments in [
        &["exec-env", "x.yaml"][..],
        &["exec-file", "x.yaml"],
        &["exec-file", "--no-fifo", "x.yaml"],
    ] {
        for (signal, code) in [("INT", 12), ("TERM", 13), ("HUP", 14), ("USR1", 15)] {
            let command = "trap 'exit 12' INT; trap 'exit 13' TERM; trap 'exit 14' HUP; trap 'exit 15' USR1; \
                 echo {}; n=0; while [ $n -lt 1000 ]; do sleep 0.05; n=$((n + 1)); done";
            // The process that runs the tests may ignore some of the signals, and ignored signals
            // stay ignored.
            let mut child = environment
                .command_of("env".as_ref(), &["--default-signal"])
                .arg(sops_test_support::environment::program())
                .args(arguments)
                .arg(command)
                .stdout(Stdio::piped())
                .spawn()
                .expect("the program runs");
            let mut line = String::new();
            let mut stdout = BufReader::new(child.stdout.take().expect("the stream is a pipe"));
            stdout
                .read_line(&mut line)
                .expect("the command says that it runs");
            let id = child.id().to_string();
            let sent = Command::new("kill").args(["-s", signal, &id]).status();
            assert!(sent.expect("kill runs").success());
            let status = child.wait().expect("the process can be waited for");
            assert_eq!(status.code(), Some(code), "{signal}");
            assert!(
                line == "{}\n" || !fs::exists(line.trim_end()).expect("the directory is readable")
            );
        }
    }
}

#[test]
fn the_command_ignores_signals_that_nohup_ignores() {
    let environment = with_values();
    let script = r#"trap '' HUP; exec "$0" exec-env x.yaml 'kill -HUP $$; kill -HUP $PPID; sleep 0.1; echo "$TEXT"'"#;
    let program = sops_test_support::environment::program();
    let mut command = environment.command_of("/bin/sh".as_ref(), &["-c", script]);
    command.arg(program);
    assert_eq!(environment.finish(command).succeeds().stdout, "hunter2\n");
}

#[test]
fn exec_env_with_same_process_replaces_the_process_with_the_command() {
    let environment = with_values();
    let child = environment
        .command(&["exec-env", "--same-process", "x.yaml", "echo $$ $TEXT"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let expected = format!("{} hunter2\n", child.id());
    let output = child
        .wait_with_output()
        .expect("the process can be waited for");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn a_background_command_continues_after_the_program_exits() {
    let environment = with_values();
    let pipe = environment.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let run = with_variables(
        &environment,
        &["--background"],
        "echo $TEXT > pipe; echo seen",
    );
    assert_eq!(run.succeeds().stdout, "");
    assert_eq!(
        fs::read_to_string(pipe).expect("the command writes"),
        "hunter2\n"
    );
}

#[test]
fn a_command_runs_as_another_user() {
    let environment = with_values();
    let permissions = fs::Permissions::from_mode(0o755);
    fs::set_permissions(
        environment
            .path("")
            .parent()
            .expect("the path has a parent directory"),
        permissions,
    )
    .expect("the permissions can be changed");
    let flags = ["--user", "nobody"];
    if !rustix::process::geteuid().is_root() {
        let run = with_variables(&environment, &flags, "echo run").fails_with(1);
        assert!(run.stderr.contains("only the administrator"), "{run}");
        return;
    }
    let run = with_variables(
        &environment,
        &flags,
        "id -un; id -G; echo $USER,$LOGNAME,$TEXT",
    );
    let groups = Command::new("id").args(["-G", "nobody"]).output();
    let groups = String::from_utf8(groups.expect("id runs").stdout).expect("numbers");
    let expected = format!("nobody\n{groups}nobody,nobody,hunter2\n");
    assert_eq!(run.succeeds().stdout, expected);
    for more in [&[][..], &["--no-fifo"]] {
        let flags = [&flags, more].concat();
        let run = with_file(&environment, &flags, "cat {}; stat -c %U,%a {}").succeeds();
        assert_eq!(run.stdout, format!("{VALUES}nobody,600\n"));
    }
}

#[test]
fn a_missing_command_gets_an_example_of_that_command() {
    let environment = with_values();
    for (arguments, example) in [
        (
            &["exec-file", "x.yaml"][..],
            "exec-file secrets.yaml './serve --settings {}'`",
        ),
        (
            &["exec-env", "x.yaml"],
            "exec-env secrets.env './serve --port 80'`",
        ),
    ] {
        let run = environment.run(arguments).fails_with(1);
        assert!(run.stderr.contains(example), "{run}");
    }
}

#[test]
fn a_command_of_several_words_runs_without_a_shell() {
    let environment = TestEnvironment::new();
    environment.encrypt("a.env", "A=hunter2\n");
    for (arguments, output) in [
        (
            &[
                "exec-env",
                "a.env",
                "--",
                "sh",
                "-c",
                "echo \"$A\" $0 $1",
                "x  y",
                "--pristine",
            ][..],
            "hunter2 x y --pristine\n",
        ),
        (
            &["exec-env", "--", "a.env", "printf", "%s|", "$A", "a b", ""],
            "$A|a b||",
        ),
        (
            &["exec-env", "a.env", "sh", "--", "-c", "echo $A"],
            "hunter2\n",
        ),
        // A single word works as before.
        (&["exec-env", "a.env", "--", "echo $A"], "hunter2\n"),
        (&["exec-env", "--", "a.env", "echo $A"], "hunter2\n"),
        (
            &["exec-env", "--same-process", "a.env", "--", "printenv", "A"],
            "hunter2\n",
        ),
        (
            &[
                "exec-env",
                "--pristine",
                "a.env",
                "--",
                "/usr/bin/env",
                "-u",
                "X",
            ],
            "A=hunter2\n",
        ),
        (&["exec-file", "a.env", "--", "cat", "{}"], "A=hunter2\n"),
        (
            &[
                "exec-file",
                "--filename",
                "x",
                "a.env",
                "--",
                "sh",
                "-c",
                "basename $0",
                "{}",
            ],
            "x\n",
        ),
    ] {
        let run = environment.run(arguments).succeeds();
        assert_eq!(run.stdout, output, "{arguments:?}");
    }
    let run = environment.run(&["exec-env", "a.env", "--", "false", "x"]);
    assert_eq!(run.code, Some(1));
    let run = environment
        .run(&["exec-env", "a.env", "--", "./none", "x"])
        .fails_with(1);
    assert!(run.stderr.contains("cannot run the command"), "{run}");
    for arguments in [
        &["exec-env", "a.env"][..],
        &["exec-env", "a.env", "--"],
        &["exec-env", "--", "a.env"],
    ] {
        let run = environment.run(arguments).fails_with(1);
        assert!(
            run.stderr
                .contains("exec-env secrets.env -- ./serve --port 80"),
            "{run}"
        );
    }
    // The words are clear without `--`, too.
    let run = environment
        .run(&["exec-env", "a.env", "sh", "-c", "echo \"$0\"", "-x"])
        .succeeds();
    assert_eq!(run.stdout, "-x\n");
}

#[test]
fn nested_values_are_variables_with_a_separator() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "db: {host: h, ports: [1, 2]}\nTOP: t\n");
    let print = "echo $db__host $db__ports__1 $TOP";
    let run = with_variables(&environment, &["--separator", "__"], print).succeeds();
    assert_eq!(run.stdout, "h 2 t\n");
    let run = with_variables(&environment, &[], print).fails_with(1);
    assert!(run.stderr.contains("help: `--separator __`"), "{run}");
    environment.encrypt("x.ini", "A = 1\n[s]\nB = 2\n");
    let run = environment.run(&["exec-env", "--separator=_", "x.ini", "echo $A $s_B"]);
    assert_eq!(run.succeeds().stdout, "1 2\n");
    let run = environment
        .run(&["exec-env", "x.ini", "true"])
        .fails_with(1);
    assert!(
        run.stderr
            .contains("the keys before the first section header"),
        "{run}"
    );
    assert!(run.stderr.contains("help: `--separator __`"), "{run}");
}

#[test]
fn exec_env_uses_the_values_of_a_kubernetes_secret() {
    let environment = TestEnvironment::new();
    environment.encrypt_with(
        "s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {USER: ann}\ndata: {PASSWORD: aHVudGVyMg==}\n",
        &["--encrypted-regex", "^(data|stringData)$"],
    );
    let run = environment.run(&[
        "exec-env",
        "--pristine",
        "s.yaml",
        "env | grep -v PWD= | sort",
    ]);
    assert_eq!(run.succeeds().stdout, "PASSWORD=hunter2\nUSER=ann\n");
    environment.encrypt(
        "s.yaml",
        "apiVersion: v1\nkind: Secret\ndata: {A: hunter2!}\n",
    );
    let run = environment
        .run(&["exec-env", "s.yaml", "true"])
        .fails_with(1);
    assert!(
        run.stderr
            .contains("`data.A`: a value under `data` of a Secret must be base64"),
        "{run}"
    );
    run.keeps(&["hunter2"]);
}

#[test]
fn names_that_no_shell_finds_are_a_warning() {
    let environment = TestEnvironment::new();
    environment.encrypt("a.env", "export A=1\nB-C=2\nD.E=3\n1F=4\nG_1=5\n");
    let run = environment
        .run(&["exec-env", "a.env", "echo \"<$A>$G_1\""])
        .succeeds();
    assert_eq!(run.stdout, "<>5\n");
    assert_eq!(
        run.stderr,
        "warning: a.env: the name of the variable is `export A`, which no program looks for; remove `export` from the file\n\
         warning: a.env: shells do not pass on variables with these names: `B-C`, `D.E`, `1F`; use only letters, digits and `_`\n"
    );
    let run = environment
        .run(&["exec-env", "a.env", "--", "printenv", "B-C"])
        .succeeds();
    assert_eq!(run.stdout, "2\n");
    assert!(!run.stderr.contains("B-C"), "{run}");
}

#[test]
fn a_command_that_cannot_get_the_file_is_a_warning() {
    let environment = with_values();
    let run = with_file(&environment, &[], "true").succeeds();
    assert!(run.stderr.contains("the command has no `{}`"), "{run}");
    let run = with_file(&environment, &[], "test -n {}").succeeds();
    assert_eq!(run.stderr, "");
    environment.encrypt("y.yaml", VALUES);
    let run = environment.run(&["exec-env", "x.yaml", "y.yaml", "--", "true"]);
    assert!(run.fails_with(1).stderr.contains("y.yaml is a second one"));
}
