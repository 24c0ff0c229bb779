//! Every command that changes a file says so in one line; `--quiet` and `--color`.

use sops_test_support::environment::{TestEnvironment, recipient};

/// A repository with a rule whose recipient has a name.
fn repository() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let rule = format!("creation_rules:\n- age:\n  - {} # ann\n", recipient());
    environment.write(".sops.yaml", rule);
    environment.write("x.yaml", "a: 1\nb: 2\n");
    environment.write("new.yaml", "a: 2\n");
    environment
}

const COMMANDS: [(&[&str], &str); 7] = [
    (
        &["encrypt", "-i", "x.yaml"],
        "x.yaml: encrypted for ann (age1shs52pvk…h4s60w)\n",
    ),
    (&["set", "x.yaml", "a", "2"], "x.yaml: changed\n"),
    (&["unset", "x.yaml", "b"], "x.yaml: changed\n"),
    (
        &["rotate", "-i", "x.yaml"],
        "x.yaml: encrypted with a new data key\n",
    ),
    (
        &["encrypt", "--over", "x.yaml", "new.yaml"],
        // The plaintext is the same.
        "",
    ),
    (
        &["decrypt", "--output", "plain.yaml", "x.yaml"],
        "plain.yaml: decrypted\n",
    ),
    (&["decrypt", "-i", "x.yaml"], "x.yaml: decrypted\n"),
];

#[test]
fn each_change_of_a_file_has_one_line() {
    let environment = repository();
    for (arguments, expected) in COMMANDS {
        let run = environment.run(arguments).succeeds();
        assert_eq!(
            (&*run.stdout, &*run.stderr),
            ("", expected),
            "{arguments:?}"
        );
    }
}

#[test]
fn quiet_commands_say_nothing() {
    let environment = repository();
    for (arguments, _) in COMMANDS {
        let run = environment
            .run(&[arguments, &["--quiet"]].concat())
            .succeeds();
        assert_eq!((&*run.stdout, &*run.stderr), ("", ""), "{arguments:?}");
    }
    // Warnings and errors are still printed.
    let run = environment.run(&["decrypt", "--quiet", "x.yaml"]);
    assert_ne!(run.code, Some(0));
    assert!(run.stderr.starts_with("error: "), "{run}");
}

#[test]
fn colors_can_be_forced_and_forbidden() {
    let environment = repository();
    let is_colored = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = environment.command(&[arguments, &["decrypt", "x.yaml"]].concat());
        command.envs(variables.iter().copied());
        let run = environment.finish(command);
        assert!(
            run.stderr.contains("not encrypted") || run.stderr.contains("error"),
            "{run}"
        );
        run.stderr.contains('\u{1b}')
    };
    for (arguments, variables, expected) in [
        (&[][..], &[][..], false),
        (&["--color", "always"], &[], true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "0")], false),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
    ] {
        let found = is_colored(arguments, variables);
        assert_eq!(found, expected, "{arguments:?} {variables:?}");
    }
}
