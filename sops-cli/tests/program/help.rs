//! The help of the program.

use sops_test_support::environment::TestEnvironment;

#[test]
fn the_whole_help() {
    let environment = TestEnvironment::without_key();
    let mut whole = environment.run(&["--help"]).succeeds().stdout;
    for command in commands(&whole) {
        let help = environment.run(&[&command, "--help"]).succeeds().stdout;
        whole += &format!("\n━━━ {command} ━━━\n\n{help}");
    }
    insta::assert_snapshot!(whole);
}

/// The commands that the help lists.
fn commands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| !line.starts_with("Usage:"));
    let list = list.take_while(|line| *line != "Options:");
    list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase()))
        .filter(|name| !["help", "sops-rs"].contains(name))
        .map(str::to_owned)
        .collect()
}

/// The words of all commands, with those of their subcommands.
pub(crate) fn all_commands(environment: &TestEnvironment) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    let mut next = vec![Vec::new()];
    while let Some(words) = next.pop() {
        let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = environment.run(&arguments).succeeds().stdout;
        let names = commands(&help).into_iter().rev();
        next.extend(names.map(|name| [&words[..], &[name]].concat()));
        all.push(words);
    }
    // The first one is the program.
    all.split_off(1)
}

#[test]
fn the_summaries_of_the_most_used_commands_fit_on_a_screen() {
    let environment = TestEnvironment::without_key();
    for command in [
        "encrypt",
        "decrypt",
        "edit",
        "set",
        "unset",
        "rotate",
        "updatekeys",
        "exec-env",
        "exec-file",
        "lint",
    ] {
        let mut process = environment.command(&[command, "-h"]);
        process.env("COLUMNS", "80");
        let help = environment.finish(process).succeeds().stdout;
        assert!(help.lines().count() <= 24, "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 80),
            "{help}"
        );
    }
}

#[test]
fn flags_without_effect_are_hidden_and_accepted() {
    let environment = TestEnvironment::without_key();
    let help = environment.run(&["keygen", "--help"]).succeeds().stdout;
    assert!(
        !help.contains("--indent") && !help.contains("--config"),
        "{help}"
    );
    let run = environment.run(&["keygen", "--indent", "2", "--output", "key.txt"]);
    run.succeeds();
}

#[test]
fn the_version_names_the_program() {
    let environment = TestEnvironment::without_key();
    for flag in ["--version", "-v"] {
        let run = environment
            .run(&[flag, "--disable-version-check"])
            .succeeds();
        assert!(run.stdout.starts_with("sops-rs "), "{run}");
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let environment = TestEnvironment::without_key();
    let run = environment.run(&["man"]).succeeds();
    assert!(
        run.stdout.contains(".TH sops-rs 1") && run.stdout.contains("filestatus"),
        "{run}"
    );
    let run = environment.run(&["man", "edit"]).succeeds();
    assert!(run.stdout.contains("SOPS_EDITOR"), "{run}");
    for (command, text) in [
        ("decrypt", "Do not report each file that was changed"),
        ("decrypt", "When to color messages"),
        ("lint", "Write all findings to a baseline file"),
    ] {
        let run = environment.run(&["man", command]).succeeds();
        assert!(run.stdout.contains(text), "{run}");
    }
    let run = environment.run(&["man", "groups", "add"]).succeeds();
    assert!(run.stdout.contains(".TH sops-rs-groups-add 1"), "{run}");
    environment.run(&["man", "nothing"]).fails_with(1);
    environment.run(&["man", "groups", "nothing"]).fails_with(1);
}

#[test]
fn every_command_and_subcommand_has_a_manual_page() {
    let environment = TestEnvironment::without_key();
    environment
        .run(&["man", "--directory", "man/man1"])
        .succeeds();
    let help = environment.run(&["--help"]).succeeds().stdout;
    for command in commands(&help) {
        let subcommands = environment.run(&[&command, "--help"]).succeeds().stdout;
        let names = std::iter::once(command.clone()).chain(
            commands(&subcommands)
                .into_iter()
                .map(|subcommand| format!("{command}-{subcommand}")),
        );
        for name in names {
            let page = environment.read(&format!("man/man1/sops-rs-{name}.1"));
            assert!(page.contains(&format!(".TH sops-rs-{name} 1")), "{page}");
        }
    }
    let page = environment.read("man/man1/sops-rs.1");
    assert!(page.contains("SOPS_AGE_KEY_FILE"), "{page}");
}

#[test]
fn flags_are_listed_only_where_they_have_an_effect() {
    let environment = TestEnvironment::without_key();
    for (command, flag, is_listed) in [
        ("filestatus", "--input-type", true),
        ("filestatus", "--output-type", false),
        ("offboard", "--quiet", true),
        ("recipients add", "--quiet", true),
        ("ls", "--quiet", false),
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let run = environment.run(&words).succeeds();
        assert_eq!(run.stdout.contains(flag), is_listed, "{command} {flag}");
    }
}
