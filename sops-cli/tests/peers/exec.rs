//! Commands that run with secrets: compares their output and exit codes with those under `sops`.

use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment, program, recipient};

const VALUES: &str = "s: text\ni: 0x1F\nf: 1.50\nf2: 1e30\nf3: 3.0\nf4: 1e-7\nf5: .inf\nf6: 123456789.0\nb: true\n\
    n: null\nt: 2020-01-02T03:04:05.5Z\nd: 2020-01-02\nm: \"one\\ntwo\"\n# comment\n\" x y\": odd\ne: \"\"\nbin: !!binary aGVsbG8=\n\
    SOPS_AGE_KEY: mine\nHOME: /other\n";

const SORTED: &str = "env -0 | sort -z | tr '\\0' '\\n' | grep -v ^_=";

/// A document, the arguments that run a command with it, and whether `sops` differs only in its
/// exit code.
struct Case {
    file: (&'static str, &'static str),
    arguments: &'static [&'static str],
    /// The exit code of `sops` if it differs.
    theirs: Option<i32>,
}

const fn case(file: (&'static str, &'static str), arguments: &'static [&'static str]) -> Case {
    Case {
        file,
        arguments,
        theirs: None,
    }
}

fn cases() -> Vec<Case> {
    let all = ("x.yaml", VALUES);
    let json = (
        "x.json",
        "{\"a\": \"b c\", \"n\": null, \"f\": 100000.0, \"i\": 17}",
    );
    let dotenv = ("x.env", "A=b c\n# comment\nB='1'\nC=one\\ntwo\nD=\n");
    let ini = ("x.ini", "[s]\na = b c\nb = 1\n");
    let binary = ("x.bin", "any text\nat all");
    let short = ("y.yaml", "A: b c\nB: 1\n");
    let mut cases = vec![
        case(all, &["exec-env", "F", SORTED]),
        case(all, &["exec-env", "--pristine", "F", SORTED]),
        case(all, &["exec-env", "--same-process", "F", SORTED]),
        case(json, &["exec-env", "--pristine", "F", SORTED]),
        case(short, &["exec-env", "--pristine", "F", SORTED]),
        case(dotenv, &["exec-env", "--pristine", "F", SORTED]),
        case(dotenv, &["exec-file", "F", "cat {}"]),
        case(
            dotenv,
            &["exec-file", "--output-type", "json", "F", "cat {}"],
        ),
        case(ini, &["exec-env", "--pristine", "F", SORTED]),
        case(ini, &["exec-file", "F", "cat {}"]),
        case(ini, &["exec-file", "--output-type", "yaml", "F", "cat {}"]),
        case(binary, &["exec-env", "--pristine", "F", SORTED]),
        case(binary, &["exec-file", "--no-fifo", "F", "cat {}"]),
        case(all, &["exec-env", "F", "exit 7"]),
        case(all, &["exec-env", "F", "./none 2>/dev/null"]),
        case(all, &["exec-env", "--same-process", "F", "exit 7"]),
        case(all, &["exec-env", "--background", "F", "exit 7"]),
        case(
            all,
            &["exec-env", "--background", "--same-process", "F", "true"],
        ),
        case(all, &["exec-env", "--user", "no-such-user", "F", "true"]),
        case(all, &["exec-env", "F"]),
        case(
            all,
            &["exec-env", "--decryption-order", "age,age", "F", "true"],
        ),
        case(all, &["exec-env", "none.yaml", "true"]),
        case(("x.yaml", "a: {b: 1}\n"), &["exec-env", "F", "true"]),
        case(("x.yaml", "a: []\n"), &["exec-env", "F", "true"]),
        case(("x.yaml", "a=b: 1\n"), &["exec-env", "F", "true"]),
        case(("x.yaml", "a: \"x\\0\"\n"), &["exec-env", "F", "true"]),
        case(("x.yaml", "\"a\\0\": x\n"), &["exec-env", "F", "true"]),
        case(
            ("x.yaml", "a: 1\n---\nb: 2\n"),
            &["exec-env", "--pristine", "F", SORTED],
        ),
        case(json, &["exec-file", "--output-type", "yaml", "F", "cat {}"]),
        case(short, &["exec-file", "F", "cat {}; test -p {}"]),
        case(
            short,
            &["exec-file", "--no-fifo", "F", "cat {} {}; stat -c %a,%F {}"],
        ),
        case(
            short,
            &[
                "exec-file",
                "--filename",
                "y",
                "F",
                "basename {}; stat -c %a,%F {}",
            ],
        ),
        case(short, &["exec-file", "F", "cat {} >&2; exit 7"]),
        case(short, &["exec-file", "--filename", "../y", "F", "true"]),
        case(short, &["exec-file", "--filename", "a/b", "F", "true"]),
        case(short, &["exec-file", "F"]),
    ];
    for arguments in [
        &["exec-env", "F", "kill -TERM $$"][..],
        &["exec-file", "F", "cat {} >&2; kill -TERM $$"],
    ] {
        cases.push(Case {
            file: short,
            arguments,
            // `sops` exits with Go's -1 after every signal.
            theirs: Some(255),
        });
    }
    cases
}

/// Runs a program on the encrypted file of the case.
fn run(environment: &TestEnvironment, program: &Path, case: &Case) -> Run {
    let name = |argument: &&'static str| {
        if *argument == "F" {
            case.file.0
        } else {
            *argument
        }
    };
    let arguments: Vec<&str> = case.arguments.iter().map(name).collect();
    let mut command = environment.command_of(program, &arguments);
    command.env("OTHER", "variable");
    environment.finish(command)
}

#[test]
fn commands_run_as_under_sops() {
    for case in cases() {
        let environment = TestEnvironment::new();
        environment.encrypt(case.file.0, case.file.1);
        let ours = run(&environment, &program(), &case);
        let theirs = run(&environment, Path::new("sops"), &case);
        assert_eq!(
            ours.stdout, theirs.stdout,
            "{:?}\n{ours}\n{theirs}",
            case.arguments
        );
        let expected = case.theirs.or(ours.code);
        assert_eq!(
            theirs.code, expected,
            "{:?}\n{ours}\n{theirs}",
            case.arguments
        );
    }
}

#[test]
fn values_that_sops_encrypted_are_decrypted_as_by_sops() {
    let json = "{\"a\": 1.0, \"b\": 1e3, \"c\": 1000000.0, \"d\": -0.0, \"e\": 1.5, \"f\": 7}";
    for (name, text) in [("x.yaml", VALUES), ("x.json", json)] {
        let environment = TestEnvironment::new();
        environment.write(name, text);
        let encrypt = ["encrypt", "-i", "--age", &recipient(), name];
        let command = environment.command_of(Path::new("sops"), &encrypt);
        environment.finish(command).succeeds();
        for arguments in [
            &["exec-env", "--pristine", name, SORTED][..],
            &["exec-file", "--output-type", "dotenv", name, "cat {}"],
            &["decrypt", "--output-type", "dotenv", name],
            &["decrypt", "--output-type", "yaml", name],
            &["decrypt", name],
        ] {
            let run =
                |program: &Path| environment.finish(environment.command_of(program, arguments));
            let (ours, theirs) = (run(&program()), run(Path::new("sops")));
            assert_eq!(
                ours.stdout, theirs.stdout,
                "{arguments:?}\n{ours}\n{theirs}"
            );
        }
    }
}
