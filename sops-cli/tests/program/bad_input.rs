//! Bad input: each has one message, the exit code of `sops`, and leaves every file as it was.

use std::fmt::Write as _;

use sops_test_support::environment::{TestEnvironment, identity, other_identity};

use crate::cases::{
    Case, Input, case, changes, command_lines, configuration, encrypted_files, flat, opened,
    plaintexts, private_keys, syntax,
};

/// The secrets in the files, arguments and variables of the cases, which no message may contain.
fn secrets() -> Vec<String> {
    let pieces = |identity: String| [identity[20..40].to_owned(), identity[40..60].to_owned()];
    let mut secrets = vec!["hunter2".to_owned(), "KEY-1HUNTER".to_owned()];
    secrets.extend([identity(), other_identity()].into_iter().flat_map(pieces));
    secrets
}

/// Runs the cases, checks the conditions for all of them, and returns the messages.
fn messages(cases: Vec<Case>) -> String {
    let mut text = String::new();
    for case in cases {
        let environment = TestEnvironment::new();
        let (arguments, variables) = case.set_up(&environment);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = environment.command(&arguments);
        command.envs(variables);
        let before: Vec<_> = environment
            .names()
            .into_iter()
            .map(|name| (environment.bytes(&name), name))
            .collect();
        let run = environment.finish(command);
        assert_eq!(run.code, Some(case.code), "{}: {run}", case.name);
        assert_eq!(run.stdout, "", "{}", case.name);
        let said = format!("{}{}", run.stdout, run.stderr).to_uppercase();
        for secret in secrets() {
            let is_said = said.contains(&secret.to_uppercase());
            assert!(!is_said, "{}: {run}", case.name);
        }
        let is_led_nowhere = run.stderr.lines().nth(1) == Some(" |");
        assert!(!is_led_nowhere, "{}: {run}", case.name);
        let after: Vec<_> = environment
            .names()
            .into_iter()
            .map(|name| (environment.bytes(&name), name))
            .collect();
        assert!(before == after, "{} changes a file", case.name);
        let _ = writeln!(
            text,
            "━━━ {}\n$ sops-rs {}\n{}exit code {}\n",
            case.name,
            case.arguments,
            without_varying_lines(&environment.neutral(&run.stderr)),
            case.code
        );
    }
    text
}

/// Replaces the numbers of lines after the first `enc`: age varies its length by chance.
fn without_varying_lines(message: &str) -> String {
    const ENC: u32 = 10;
    let varies = |number: &str| number.parse().is_ok_and(|number: u32| number > ENC);
    let mut neutral = String::new();
    for line in message.split_inclusive('\n') {
        let place = line
            .contains("--> ")
            .then(|| line.split(':').nth(1))
            .flatten();
        let number = place.or_else(|| line.split(' ').next().filter(|_| line.contains(" |")));
        neutral.push_str(&match number.filter(|number| varies(number)) {
            Some(number) => line.replacen(number, "NN", 1),
            None => line.to_owned(),
        });
    }
    neutral
}

#[test]
fn unencryptable_plaintexts_are_explained() {
    insta::assert_snapshot!(messages(plaintexts()));
}

#[test]
fn malformed_and_altered_encrypted_files_are_explained() {
    insta::assert_snapshot!(messages(encrypted_files()));
}

#[test]
fn unusual_files_that_sops_decrypts_are_decrypted() {
    for (case, plaintext) in opened() {
        let environment = TestEnvironment::new();
        let (arguments, _) = case.set_up(&environment);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = environment.run(&arguments);
        assert_eq!(run.code, Some(case.code), "{}: {run}", case.name);
        assert_eq!(run.stdout, plaintext, "{}", case.name);
    }
}

#[test]
fn unencryptable_flat_plaintexts_are_explained() {
    insta::assert_snapshot!(messages(flat::plaintexts()));
}

#[test]
fn malformed_and_altered_flat_files_are_explained() {
    insta::assert_snapshot!(messages(flat::encrypted_files()));
}

#[test]
fn impossible_changes_are_explained() {
    insta::assert_snapshot!(messages(changes()));
}

#[test]
fn mistakes_in_yaml_and_json_are_explained() {
    insta::assert_snapshot!(messages(syntax::mistakes()));
}

#[test]
fn invalid_configurations_are_explained() {
    insta::assert_snapshot!(messages(configuration::configurations()));
}

#[test]
fn unusable_private_keys_are_explained() {
    insta::assert_snapshot!(messages(private_keys()));
}

#[test]
fn invalid_command_lines_are_explained() {
    insta::assert_snapshot!(messages(command_lines()));
}

/// Text that a user may paste in the wrong place.
fn misplaced_private_keys() -> Vec<Case> {
    let plain = || Input::File("x.yaml", "a: b\n".into());
    vec![
        case("as a recipient", plain(), "encrypt -i --age KEY F", 1),
        case("as a fingerprint", plain(), "encrypt -i --pgp KEY F", 1),
        case("as a cloud key", plain(), "encrypt -i --gcp-kms KEY F", 1),
        case(
            "as a key service",
            plain(),
            "encrypt -i --age R --keyservice KEY F",
            1,
        ),
        case(
            "as an added fingerprint",
            Input::Encrypted,
            "rotate -i --add-pgp KEY F",
            1,
        ),
        case("as a file", Input::Nothing, "decrypt KEY", 100),
        case("as a flag", Input::Encrypted, "decrypt --KEY F", 1),
        case("as a path", Input::Encrypted, "set F [\"KEY 1", 7),
    ]
}

#[test]
fn misplaced_private_keys_are_explained() {
    insta::assert_snapshot!(messages(misplaced_private_keys()));
}
