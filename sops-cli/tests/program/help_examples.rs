//! Every command's help ends with examples, and each of them runs as written.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_recipient, program, recipient,
};

use crate::help::all_commands;

/// The messages of examples that need a cluster, if there is no cluster.
const NO_CLUSTER: &str = "kubeconfig";

/// The message of examples that ask for a value, if there is no terminal.
const NO_TERMINAL: &str = "there is no terminal to ask for the value";

/// The messages of examples that show or ask for shares, if there is no terminal.
const NO_TERMINAL_FOR_SHARES: [&str; 2] = [
    "without a terminal, only one share is printed at a time",
    "no share found",
];

#[test]
fn examples_of_every_command_run() {
    let commands = all_commands(&TestEnvironment::without_key());
    let mut with_examples = 0;
    for command in &commands {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let environment = TestEnvironment::without_key();
        let help = environment.run(&[&words[..], &["--help"]].concat());
        for example in examples(&help.succeeds().stdout) {
            assert!(
                example.contains(&format!("sops-rs {}", words[0])),
                "{example}"
            );
            let environment = repository();
            match &words[..] {
                ["keyservice"] => listens(&environment, &example),
                ["agent", ..] => {
                    let run = run(&environment, &with_agent(&environment, &example));
                    assert!(run.code == Some(0), "{example}: {run}");
                }
                ["secret", ..] => {
                    let run = run(&environment, &example);
                    let asks = run.stderr.contains(NO_TERMINAL);
                    assert!(run.code == Some(0) || asks, "{example}: {run}");
                }
                ["keys", ..] => {
                    let run = run(&environment, &example);
                    let needs = |message: &&str| run.stderr.contains(*message);
                    let asks = NO_TERMINAL_FOR_SHARES.iter().any(needs);
                    assert!(run.code == Some(0) || asks, "{example}: {run}");
                }
                ["apply"] | ["doctor"] | ["flux", ..] => {
                    let run = run(&environment, &example);
                    let is_offline = example.contains("client") || example.contains("--export");
                    let needs_cluster = !is_offline && run.stderr.contains(NO_CLUSTER);
                    assert!(run.code == Some(0) || needs_cluster, "{example}: {run}");
                }
                _ => {
                    let run = run(&environment, &example);
                    assert!(run.code == Some(0), "{example}: {run}");
                }
            }
            with_examples += 1;
        }
    }
    assert!(with_examples > 100, "{with_examples}");
}

#[test]
fn every_command_has_up_to_three_examples() {
    let environment = TestEnvironment::without_key();
    for command in all_commands(&environment) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        // Without flags and arguments, there is only one way to call a command.
        let fewest = match words[..] {
            ["hook", "install" | "uninstall"] | ["lint", "schema"] => 1,
            ["agent", "lock" | "stop"] => 1,
            _ => 2,
        };
        let help = environment.run(&[&words[..], &["--help"]].concat());
        let count = examples(&help.succeeds().stdout).len();
        assert!((fewest..=3).contains(&count), "{words:?}");
        let help = |columns| {
            let mut command = environment.command(&[&words[..], &["--help"]].concat());
            command.env("COLUMNS", columns);
            examples(&environment.finish(command).succeeds().stdout)
        };
        assert_eq!(help("80"), help("200"));
    }
}

/// A script that runs the example while an agent runs, and stops the agent.
fn with_agent(environment: &TestEnvironment, example: &str) -> String {
    let directory = environment.home().join("run");
    let start = match example.contains("agent start") {
        true => "",
        false => "sops-rs agent start",
    };
    let stop = match example.contains("agent stop") {
        true => "",
        false => "sops-rs agent stop",
    };
    format!(
        "set -e; export XDG_RUNTIME_DIR='{0}'; mkdir -m 700 '{0}'\n{start}\n{example}\n{stop}",
        directory.display()
    )
}

/// The examples at the end of a help page, without the comments after them.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    lines
        .filter_map(|line| line.strip_prefix("  "))
        .map(|line| {
            line.split("  #")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        })
        .collect()
}

/// A repository with the files that the examples name, and stand-ins for the other programs in
/// them.
fn repository() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "destination_rules:\n- path_regex: ^apps/\n  directory: published\n\
             creation_rules:\n- path_regex: settings|secret.json\n  age: {0}\n\
             - age: {0}\n  encrypted_regex: ^(data|stringData)$\n",
            recipient()
        ),
    );
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n\
                  stringData:\n  password: one\n  old: two\n";
    environment.encrypt("secret.yaml", secret);
    environment.encrypt("apps/secret.yaml", secret);
    environment.encrypt("settings.yaml", "port: \"80\"\n");
    environment.encrypt("secret.json", "{\"a\": \"b\"}\n");
    environment.write("clusters/production/flux.yaml", "{}\n");
    environment.write(
        "clusters/production/account.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: web}\n\
         imagePullSecrets: [{name: db}]\n",
    );
    environment.write("password.json", "\"new\"");
    environment.write(
        "encryption-config.json",
        "{\"kind\": \"EncryptionConfiguration\", \"resources\": [{\"resources\": [\"secrets\"], \
         \"providers\": [{\"kms\": {\"apiVersion\": \"v2\", \"name\": \"a\"}}]}]}",
    );
    let database = [&[0; 16][..], &[0xed, 0xda, 0x0c, 0xed], &[0; 12]].concat();
    environment.write("snapshot.db", database);
    environment.write("tls.key", include_str!("../../../testdata/tls/server.key"));
    environment.write("backup.txt", identity());
    environment.write(".gitignore", "tls.key\nbackup.txt\nshare-*.txt\n");
    environment.write("tls.crt", include_str!("../../../testdata/tls/server.pem"));
    environment.write("api.env", "PORT=80\n");
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    for (name, text) in [(".ssh/id_ed25519", key), (".docker/config.json", "{}\n")] {
        let path = environment.home().join(name);
        let directory = path.parent().expect("the path has a parent directory");
        fs::create_dir_all(directory).expect("the home is writable");
        fs::write(path, text).expect("the home is writable");
    }
    script(
        &environment,
        "serve",
        "test \"$port\" = 80 || test -n \"$(cat \"$2\")\"",
    );
    script(
        &environment,
        "bin/code",
        "for file; do :; done; echo '# read' >> \"$file\"",
    );
    script(&environment, "bin/kustomize", "cat apps/secret.yaml");
    script(&environment, "bin/man", "cat");
    script(&environment, "generate", "echo 'port: \"81\"'");
    for directory in [
        ".local/share/bash-completion/completions",
        ".local/share/zsh/site-functions",
        ".config/fish/completions",
    ] {
        fs::create_dir_all(environment.home().join(directory)).expect("the home is writable");
    }
    let git = "git init -q -b main . && git add . && \
               git -c user.name=a -c user.email=a@example.org commit -qm files && git tag v1.0";
    let run = run(&environment, git);
    assert_eq!(run.code, Some(0), "{run}");
    environment
}

fn script(environment: &TestEnvironment, name: &str, text: &str) {
    environment.write(name, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(environment.path(name), fs::Permissions::from_mode(0o755))
        .expect("the permissions can be changed");
}

fn run(environment: &TestEnvironment, example: &str) -> Run {
    if example.contains("groups delete") {
        let add = format!(
            "sops-rs groups add --file secret.yaml --age {} --in-place --yes \
             --shamir-secret-sharing-threshold 2",
            recipient()
        );
        for _ in 0..2 {
            let run = environment.finish(shell(environment, &add));
            assert_eq!(run.code, Some(0), "{run}");
        }
        let group = format!("  - age: [{}]\n", recipient());
        let rule = format!("creation_rules:\n- key_groups:\n{group}{group}");
        environment.write(".sops.yaml", rule);
    }
    if example.contains("sops-rs git status") {
        let run = environment.finish(shell(environment, "sops-rs git install"));
        assert_eq!(run.code, Some(0), "{run}");
    }
    if example.contains("sops-rs init") {
        let keys = environment.home().join(".config/sops/age/keys.txt");
        fs::remove_file(keys).expect("the file can be removed");
        fs::remove_file(environment.path(".sops.yaml")).expect("the file can be removed");
    }
    let is_of_bob = example.contains("exposure --removed") || example.contains("offboard");
    if example.contains("recipients remove") || is_of_bob {
        let rule = format!(
            "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age:\n  - {} # ann\n  - {} # bob\n",
            recipient(),
            other_recipient()
        );
        environment.write(".sops.yaml", rule);
    }
    if is_of_bob {
        let commit = "git add . && git -c user.name=a -c user.email=a@example.org commit -qm x";
        environment.write("old.yaml", "stringData:\n  a: old-value\n");
        let encrypt = "sops-rs encrypt -i old.yaml";
        let script = format!("{encrypt} && {commit} && rm old.yaml && {commit}");
        let run = environment.finish(shell(environment, &script));
        assert_eq!(run.code, Some(0), "{run}");
    }
    if example.contains("encrypt -i secret.yaml") || example.contains("encrypt --age") {
        environment.write("secret.yaml", "stringData:\n  password: one\n");
        environment.write("settings.yaml", "port: \"80\"\n");
    }
    if example.contains("keys join") {
        let split = "for share in 1 4; do sops-rs keys split 2-of-5 --share $share > share-$share.txt || exit; done";
        let run = environment.finish(shell(environment, split));
        assert_eq!(run.code, Some(0), "{run}");
    }
    if example.contains("sops-rs resolve") {
        in_conflict(environment);
    }
    environment.finish(shell(environment, example))
}

/// Merges a branch that set the same value, and has the editor keep our side.
fn in_conflict(environment: &TestEnvironment) {
    let set = |value: &str| {
        format!(
            "sops-rs set secret.yaml '[\"stringData\"][\"password\"]' '\"{value}\"' && $GIT commit -qam {value}"
        )
    };
    let script_of_user = format!(
        "GIT='git -c user.name=a -c user.email=a@example.org'; git checkout -qb topic && {} && git checkout -q main && {} && ! $GIT merge -q topic",
        set("theirs"),
        set("ours"),
    );
    let run = environment.finish(shell(environment, &script_of_user));
    assert_eq!(run.code, Some(0), "{run}");
    script(
        environment,
        "bin/code",
        "for file; do :; done; sed -i '/^<<<</d; /^====/,/^>>>>/d' \"$file\"",
    );
}

/// A shell that runs the example. `age1…` is a placeholder for a recipient.
fn shell(environment: &TestEnvironment, example: &str) -> Command {
    let example = example.replace("age1…", &other_recipient());
    let mut command = environment.command_of(Path::new("/bin/sh"), &["-c", &example]);
    let own = program();
    let own = own.parent().expect("the program is in a directory");
    let inherited = std::env::var("PATH").expect("PATH is set");
    let stand_ins = environment.path("bin");
    command.env(
        "PATH",
        format!("{}:{}:{inherited}", stand_ins.display(), own.display()),
    );
    command.env("EDITOR", "code");
    command.env("XDG_RUNTIME_DIR", environment.path(""));
    command
}

/// Runs the example until the program listens.
fn listens(environment: &TestEnvironment, example: &str) {
    let mut command = shell(environment, &format!("exec {example}"));
    let mut process = command
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shell runs");
    let stderr = process.stderr.take().expect("the stream is a pipe");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    // Another program may use the port.
    let is_known = |line: &String| line.contains("listening on") || line.contains("in use");
    let line = lines.find(is_known);
    process.kill().expect("the process can be signaled");
    process.wait().expect("the process can be waited for");
    assert!(line.is_some(), "{example}");
}
