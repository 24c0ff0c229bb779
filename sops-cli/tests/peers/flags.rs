//! Compares the command line with that of `sops`: every flag of `sops` must be known here.

use std::process::Command;

use sops_test_support::environment::TestEnvironment;

/// All commands of `sops`.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["encrypt"],
    &["decrypt"],
    &["edit"],
    &["set"],
    &["unset"],
    &["rotate"],
    &["updatekeys"],
    &["filestatus"],
    &["exec-env"],
    &["exec-file"],
    &["publish"],
    &["keyservice"],
    &["groups", "add"],
    &["groups", "delete"],
    &["completion"],
];

/// A flag with its other names, and whether a value follows it.
struct Flag {
    names: Vec<String>,
    takes_value: bool,
}

impl Flag {
    /// The flag in all forms that Go's library accepts.
    fn spellings(&self) -> Vec<String> {
        let long = |name: &&String| name.starts_with("--");
        let one_dash = self
            .names
            .iter()
            .filter(long)
            .map(|name| name[1..].to_owned());
        let names: Vec<String> = self.names.iter().cloned().chain(one_dash).collect();
        let switches: &[String] = if self.takes_value { &[] } else { &names };
        let assigned = |name: &String| ["true", "F"].map(|value| format!("{name}={value}"));
        let assigned = switches.iter().flat_map(assigned);
        names.iter().cloned().chain(assigned).collect()
    }
}

#[test]
fn every_flag_of_sops_is_known() {
    let environment = TestEnvironment::without_key();
    let mut count = 0;
    for command in COMMANDS {
        let flags = flags(command);
        assert!(!flags.is_empty(), "{command:?}: no flags are listed");
        for flag in flags {
            for name in flag.spellings() {
                count += 1;
                let mut arguments = command.to_vec();
                arguments.push(&name);
                // Every kind of flag accepts this value. Without further arguments, the commands do
                // nothing.
                arguments.extend(flag.takes_value.then_some("1"));
                arguments.push("--no-such-flag");
                let run = environment.run(&arguments);
                // An invalid value of a known flag is reported first.
                let is_known = run.stderr.contains("'--no-such-flag'")
                    || run.stderr.contains("[possible values: ");
                assert!(is_known, "{arguments:?}: {run}");
            }
        }
    }
    assert!(count > 200, "only {count} flags were tried");
}

/// The flags that the help of `sops` lists.
fn flags(command: &[&str]) -> Vec<Flag> {
    let output = Command::new("sops")
        .args(command)
        .arg("--help")
        .output()
        .expect("`sops` is on the PATH");
    let help = String::from_utf8(output.stdout).expect("the help is text");
    // `   --output-type value, -o value  what it is for`
    let lines = help.lines().filter(|line| line.starts_with("   -"));
    lines
        .map(|line| {
            let names = line.trim().split("  ").next().unwrap_or_default();
            let names: Vec<_> = names.split(", ").collect();
            Flag {
                takes_value: names.iter().any(|name| name.contains(' ')),
                names: names
                    .iter()
                    .filter_map(|name| name.split(' ').next())
                    .filter(|name| !matches!(*name, "--help" | "-h" | "--version" | "-v"))
                    .map(str::to_owned)
                    .collect(),
            }
        })
        .collect()
}
