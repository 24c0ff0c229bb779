//! Many files in one call.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};

/// The recipient of the files, as messages show it.
const SHORT: &str = "age1shs52pvk…h4s60w";

const TEXT: &str = "a: hunter2\n";

#[test]
fn several_files_are_processed_in_one_call() {
    let environment = TestEnvironment::new();
    let names: Vec<String> = (0..300).map(|number| format!("{number}.yaml")).collect();
    for name in &names {
        environment.write(name, TEXT);
    }
    let recipient = recipient();
    let of = |command: &[&str], done: &str| {
        let words = names.iter().map(String::as_str);
        let arguments: Vec<&str> = command.iter().copied().chain(words).collect();
        let run = environment.run(&arguments).succeeds();
        let lines: String = names
            .iter()
            .map(|name| format!("{name}: {done}\n"))
            .collect();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", &*lines));
    };
    let encrypt = ["encrypt", "-i", "--age", &recipient];
    of(&encrypt, "encrypted for age1shs52pvk…h4s60w");
    let encrypted = environment.read("7.yaml");
    of(&["rotate", "-i"], "encrypted with a new data key");
    assert_ne!(environment.read("7.yaml"), encrypted);
    of(&["decrypt", "-i"], "decrypted");
    assert_eq!(environment.names().len(), names.len());
    for name in &names {
        assert_eq!(environment.read(name), TEXT);
    }
}

#[test]
fn a_file_that_fails_does_not_stop_the_others() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.encrypt("y.yaml", TEXT);
    environment.write(
        "altered.yaml",
        environment.read("x.yaml").replacen("data:", "data:AAAA", 1),
    );
    let arguments = [
        "decrypt",
        "-i",
        "altered.yaml",
        "x.yaml",
        "none.yaml",
        "y.yaml",
        "x.yaml",
    ];
    let altered = environment.read("altered.yaml");
    let run = environment.run(&arguments).fails_with(25);
    assert!(
        run.stderr.contains("2 of 4 files could not be decrypted"),
        "{run}"
    );
    assert!(
        run.stderr.contains("none.yaml") && run.stderr.contains("altered.yaml"),
        "{run}"
    );
    assert!(!run.stderr.contains("hunter2"), "{run}");
    assert_eq!(
        [environment.read("x.yaml"), environment.read("y.yaml")],
        [TEXT, TEXT]
    );
    assert_eq!(environment.read("altered.yaml"), altered);
    assert_eq!(environment.names().len(), 3);
    let override_name = [
        "encrypt",
        "-i",
        "--filename-override",
        "z.yaml",
        "x.yaml",
        "y.yaml",
    ];
    environment.run(&override_name).fails_with(8);
}

#[test]
fn in_a_directory_only_selected_files_are_processed() {
    let environment = TestEnvironment::new();
    let config = format!(
        "creation_rules:\n  - path_regex: \\.(yaml|json)$\n    age: {}\n",
        recipient()
    );
    let files = [
        (".sops.yaml", config.as_str()),
        (".gitignore", "ignored.yaml\n"),
        ("apps/ignored.yaml", TEXT),
        ("apps/web/x.yaml", TEXT),
        ("apps/.hidden.json", "{\"a\": \"hunter2\"}"),
        ("apps/README.md", "hunter2\n"),
        ("apps/other.yml", TEXT),
    ];
    for (name, text) in files {
        environment.write(name, text);
    }
    environment.write("apps/done.yaml", TEXT);
    environment
        .run(&["encrypt", "-i", "apps/done.yaml"])
        .succeeds();
    let done = environment.read("apps/done.yaml");
    environment.run(&["encrypt", "-i", "."]).succeeds();
    for (name, text) in files {
        let is_encrypted = ["apps/web/x.yaml", "apps/.hidden.json"].contains(&name);
        assert_eq!(environment.read(name) != text, is_encrypted, "{name}");
    }
    assert_eq!(environment.read("apps/done.yaml"), done);
    environment
        .run(&["decrypt", "-i", "apps", "apps/web/x.yaml"])
        .succeeds();
    for (name, text) in files {
        assert_eq!(environment.read(name), text, "{name}");
    }
    fs::remove_file(environment.path("apps/web/x.yaml")).expect("the file can be removed");
    environment.run(&["decrypt", "-i", "apps/web"]).succeeds();
}

#[test]
fn a_rule_for_a_directory_covers_files_of_any_format() {
    let environment = TestEnvironment::new();
    let config = format!(
        "creation_rules:\n  - path_regex: ^config/\n    age: {}\n",
        recipient()
    );
    environment.write(".sops.yaml", config);
    let covered = [
        "config/a.yaml",
        "config/n.txt",
        "config/id.pem",
        "config/token",
    ];
    for name in covered {
        environment.write(name, TEXT);
    }
    environment.write("n.txt", TEXT);
    environment.run(&["encrypt", "-i", "."]).succeeds();
    for name in covered {
        assert_eq!(environment.decrypt(name), TEXT, "{name}");
    }
    assert_eq!(environment.read("n.txt"), TEXT);
    environment.run(&["verify"]).succeeds();
    let encrypted = covered.map(|name| environment.read(name));
    environment.run(&["encrypt", "-i", "."]).succeeds();
    assert_eq!(covered.map(|name| environment.read(name)), encrypted);
}

#[test]
fn in_a_directory_files_without_selected_values_stay_in_plaintext() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n  - path_regex: ^apps/\n    encrypted_regex: ^data$\n    age: {}\n",
            recipient()
        ),
    );
    let plain = "kind: Kustomization\nresources: [secret.yaml]\n";
    environment.write("apps/kustomization.yaml", plain);
    environment.write("apps/secret.yaml", "data: {a: hunter2}\n");
    let run = environment.run(&["encrypt", "-i", "apps"]).succeeds();
    assert_eq!(environment.read("apps/kustomization.yaml"), plain);
    assert!(!environment.read("apps/secret.yaml").contains("hunter2"));
    assert_eq!(
        run.stderr,
        "apps/secret.yaml: encrypted for age1shs52pvk…h4s60w\nThese files stay in plaintext because their rule selects no values:\n  - apps/kustomization.yaml\nFiles encrypted: 1\n"
    );
    // A named file is always processed.
    let named = ["encrypt", "-i", "apps/kustomization.yaml", "apps"];
    let run = environment.run(&named).fails_with(1);
    assert!(
        run.stderr.contains("1 of 1 files could not be encrypted"),
        "{run}"
    );
}

/// Files of a repository, and whether each has a Secret in plaintext.
const REPOSITORY: [(&str, bool, &str); 14] = [
    (
        "apps/secret.yaml",
        true,
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n",
    ),
    (
        "apps/list.json",
        true,
        r#"{"kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVyMg=="}}]}"#,
    ),
    (
        "apps/second.yaml",
        true,
        "kind: ConfigMap\ndata: {a: b}\n---\nkind: Secret\nstringData: {password: hunter2}\n",
    ),
    (
        "apps/config.yaml",
        false,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {level: debug}\n",
    ),
    (
        "apps/kustomization.yaml",
        false,
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nsecretGenerator:\n- name: a\n  literals: [password=hunter2]\n",
    ),
    (
        "apps/old/kustomization.yaml",
        false,
        "secretGenerator:\n- name: a\n  literals: [password=hunter2]\n",
    ),
    (
        "apps/patched/kustomization.yaml",
        false,
        "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\npatches:\n- patch: |\n    kind: Secret\n    stringData: {password: hunter2}\n",
    ),
    (
        "apps/patched/patch.yaml",
        false,
        "- {op: replace, path: /stringData/password, value: hunter2}\n",
    ),
    (
        "package.json",
        false,
        "{\"name\": \"a\", \"data\": {\"x\": \"y\"}}\n",
    ),
    ("values.yaml", false, "data:\n  replicas: 1\n"),
    (".env", false, "PASSWORD=hunter2\n"),
    ("settings.ini", false, "[data]\na = b\n"),
    (
        "reference.yaml",
        false,
        "kind: Secret\nstringData: {password: \"${PASSWORD}\"}\n",
    ),
    (
        "vendor/secret.yaml",
        false,
        "kind: Secret\nstringData: {password: hunter2}\n",
    ),
];

#[test]
fn a_rule_for_all_files_encrypts_only_what_lint_reports() {
    for rule in ["encrypted_regex: ^(data|stringData)$\n  ", ""] {
        let environment = TestEnvironment::new();
        environment.write(
            ".sops.yaml",
            format!(
                "creation_rules:\n- path_regex: ^own/\n  age: {0}\n- {rule}age: {0}\n",
                recipient()
            ),
        );
        environment.write(".sops-lint.yaml", "exclude: [vendor/**]\nignore: [SL010]\n");
        for (name, _, text) in REPOSITORY {
            environment.write(name, text);
        }
        environment.write("own/settings.yaml", TEXT);
        let planned = environment
            .run(&["encrypt", "-i", "--dry-run", "."])
            .succeeds();
        let demanded = REPOSITORY.iter().filter(|(_, is_demanded, _)| *is_demanded);
        let mut demanded: Vec<&str> = demanded.map(|(name, ..)| *name).collect();
        demanded.push("own/settings.yaml");
        demanded.sort_unstable();
        let lines = |line: &dyn Fn(&str) -> String| -> String {
            demanded.iter().map(|name| line(name)).collect()
        };
        assert_eq!(
            planned.stdout,
            lines(&|name| format!("./{name}: would be encrypted for {SHORT}\n"))
        );
        assert_eq!(planned.stderr, "");
        assert_eq!(environment.read("own/settings.yaml"), TEXT);
        let run = environment.run(&["encrypt", "-i", "."]).succeeds();
        let listed = lines(&|name| format!("./{name}: encrypted for age1shs52pvk…h4s60w\n"));
        assert_eq!(
            run.stderr,
            format!("{listed}Files encrypted: {}\n", demanded.len())
        );
        assert!(!environment.read("own/settings.yaml").contains("hunter2"));
        for (name, is_demanded, text) in REPOSITORY {
            let now = environment.read(name);
            assert_eq!(now != text, is_demanded, "{name}");
            assert!(!is_demanded || !now.contains("hunter2"), "{name}");
        }
        environment
            .run(&["lint", "--select", "SL010", "apps/secret.yaml"])
            .succeeds();
        // `lint --fix` encrypts the same files.
        for (name, _, text) in REPOSITORY {
            environment.write(name, text);
        }
        let fix = [
            "lint",
            "--fix",
            "--select",
            "SL010",
            "--settings",
            "/dev/null",
        ];
        environment.run(&fix);
        for (name, is_demanded, text) in REPOSITORY {
            let is_demanded = is_demanded || name.starts_with("vendor/");
            assert_eq!(environment.read(name) != text, is_demanded, "{name}");
        }
    }
}

#[test]
fn named_files_are_always_encrypted() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    for name in ["package.json", "values.yaml", ".env"] {
        let text = if name == ".env" {
            "a=b\n"
        } else {
            "{\"a\": \"b\"}\n"
        };
        environment.write(name, text);
        let planned = environment
            .run(&["encrypt", "-i", "--dry-run", name])
            .succeeds();
        assert_eq!(
            planned.stdout,
            format!("{name}: would be encrypted for {SHORT}\n")
        );
        assert_eq!(environment.read(name), text);
    }
    let run = environment
        .run(&[
            "encrypt",
            "-i",
            "--quiet",
            "package.json",
            "values.yaml",
            ".env",
        ])
        .succeeds();
    assert_eq!(run.stderr, "");
    for name in ["package.json", "values.yaml", ".env"] {
        assert!(environment.read(name).contains("ENC["), "{name}");
    }
    // A dry run belongs to in-place encryption.
    let run = environment
        .run(&["encrypt", "--dry-run", "values.yaml"])
        .fails_with(1);
    assert!(run.stderr.contains("--in-place"), "{run}");
}

#[test]
fn a_dry_run_lists_files_that_could_not_be_encrypted() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: ^in/\n  age: {}\n",
            recipient()
        ),
    );
    environment.write("in/a.yaml", TEXT);
    environment.write("in/broken.yaml", "a: [\n");
    let run = environment.run(&["encrypt", "-i", "--dry-run", "in"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(
        run.stdout.starts_with("in/a.yaml: would be encrypted"),
        "{run}"
    );
    assert!(run.stderr.contains("in/broken.yaml"), "{run}");
    assert!(
        run.stderr.contains("1 of 2 files could not be encrypted"),
        "{run}"
    );
    assert_eq!(environment.read("in/a.yaml"), TEXT);
}

#[test]
fn updatekeys_updates_the_encrypted_files_of_a_directory() {
    let environment = TestEnvironment::new();
    for name in ["in/x.yaml", "in/x.env", "in/x.bin", "in/not covered.yaml"] {
        environment.encrypt(name, "a=1: hunter2\n");
    }
    environment.write("in/plain.yaml", TEXT);
    let left = environment.read("in/not covered.yaml");
    let both = format!("{},{}", recipient(), other_recipient());
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n  - path_regex: /(x|plain)\n    age: {both}\n"),
    );
    environment.run(&["updatekeys", "--yes", "in"]).succeeds();
    for name in ["in/x.yaml", "in/x.env", "in/x.bin"] {
        assert!(
            environment.read(name).contains(&other_recipient()),
            "{name}"
        );
        assert_eq!(environment.decrypt(name), "a=1: hunter2\n");
    }
    assert_eq!(environment.read("in/plain.yaml"), TEXT);
    assert_eq!(environment.read("in/not covered.yaml"), left);
}

/// Creates a repository in which a team has its own recipients, below a configuration for everyone
/// else.
fn repository_with_a_team(environment: &TestEnvironment) {
    for (directory, recipient) in [("", recipient()), ("team/", other_recipient())] {
        environment.write(
            &format!("{directory}.sops.yaml"),
            format!(
                "creation_rules:\n  - path_regex: ^(team/)?[a-z]+\\.yaml$\n    age: {recipient}\n"
            ),
        );
    }
}

/// Which of the two test recipients a file is encrypted for.
fn recipients_of(environment: &TestEnvironment, name: &str) -> [bool; 2] {
    let text = environment.read(name);
    [recipient(), other_recipient()].map(|recipient| text.contains(&recipient))
}

const OURS: [bool; 2] = [true, false];
const THEIRS: [bool; 2] = [false, true];
const NOBODYS: [bool; 2] = [false, false];

#[test]
fn the_nearest_configuration_governs_files_found_in_a_directory() {
    let environment = TestEnvironment::new();
    repository_with_a_team(&environment);
    let names = [
        "x.yaml",
        "team/y.yaml",
        "team/Other.yaml",
        "team/deep/z.yaml",
    ];
    let write = || {
        for name in names {
            environment.write(name, TEXT);
        }
    };
    let are = |expected: [[bool; 2]; 4], run: &dyn std::fmt::Display| {
        let found = names.map(|name| recipients_of(&environment, name));
        assert_eq!(found, expected, "{run}");
    };
    let encrypt = |arguments: &[&str]| environment.run(&[&["encrypt", "-i"], arguments].concat());
    write();
    are(
        [OURS, THEIRS, NOBODYS, NOBODYS],
        &encrypt(&["."]).succeeds(),
    );
    write();
    // The path to the directory is not the path to the configuration.
    are(
        [NOBODYS, THEIRS, NOBODYS, NOBODYS],
        &encrypt(&["team/deep/../../team"]).succeeds(),
    );
    write();
    // The working directory does not matter.
    let mut command = environment.command(&["encrypt", "-i", ".."]);
    command
        .current_dir(environment.path("team/deep"))
        .env_remove("PWD");
    are(
        [NOBODYS, THEIRS, NOBODYS, NOBODYS],
        &environment.finish(command).succeeds(),
    );
    write();
    // As in `sops`, the configuration for a named file is looked up from the working directory.
    are(
        [OURS, OURS, NOBODYS, NOBODYS],
        &encrypt(&["x.yaml", "team/y.yaml"]).succeeds(),
    );
    // A named configuration governs all files.
    write();
    are(
        [OURS, OURS, NOBODYS, NOBODYS],
        &encrypt(&["--config", ".sops.yaml", "."]).succeeds(),
    );
    write();
    let mut command = environment.command(&["encrypt", "-i", "."]);
    command.env("SOPS_CONFIG", ".sops.yaml");
    are(
        [OURS, OURS, NOBODYS, NOBODYS],
        &environment.finish(command).succeeds(),
    );
}

#[test]
fn recipients_of_a_team_stay_when_the_keys_of_a_repository_are_updated() {
    let environment = TestEnvironment::new();
    repository_with_a_team(&environment);
    let both = format!("{},{}", recipient(), other_recipient());
    let names = ["x.yaml", "team/y.yaml"];
    let encrypt = || {
        for name in names {
            environment.write(name, TEXT);
            environment
                .run(&["encrypt", "-i", "--age", &both, name])
                .succeeds();
        }
    };
    let found = || names.map(|name| recipients_of(&environment, name));
    encrypt();
    environment.run(&["updatekeys", "-y", "."]).succeeds();
    assert_eq!(found(), [OURS, THEIRS]);
    encrypt();
    environment
        .run(&["updatekeys", "-y", "team/y.yaml", "x.yaml"])
        .succeeds();
    assert_eq!(found(), [OURS, OURS]);
    encrypt();
    environment
        .run(&["updatekeys", "-y", "--config", ".sops.yaml", "."])
        .succeeds();
    assert_eq!(found(), [OURS, OURS]);

    // Without a configuration above, only the team's exists, and files that it does not govern are
    // an error.
    encrypt();
    fs::remove_file(environment.path(".sops.yaml")).expect("the file can be removed");
    environment.run(&["updatekeys", "-y", "team"]).succeeds();
    assert_eq!(found(), [[true, true], THEIRS]);
    let run = environment.run(&["updatekeys", "-y", "."]).fails_with(1);
    assert!(run.stderr.contains("no `.sops.yaml` in"), "{run}");
    assert!(
        run.stderr.contains("1 of 2 files could not be updated"),
        "{run}"
    );
}

#[test]
fn an_invalid_configuration_in_a_directory_keeps_all_files_unchanged() {
    let environment = TestEnvironment::new();
    repository_with_a_team(&environment);
    environment.encrypt("encrypted.yaml", TEXT);
    environment.encrypt("team/encrypted.yaml", TEXT);
    environment.write("team/deep/x.yaml", TEXT);
    environment.write("y.yaml", TEXT);
    let names = [
        "encrypted.yaml",
        "team/encrypted.yaml",
        "team/deep/x.yaml",
        "y.yaml",
    ];
    let before = names.map(|name| environment.read(name));
    let refused = |says: &str| {
        for command in [&["encrypt", "-i", "."], &["updatekeys", "-y", "."]] {
            let run = environment.run(command).fails_with(1);
            assert_eq!(run.stderr.matches(says).count(), 1, "{run}");
            assert_eq!(names.map(|name| environment.read(name)), before, "{run}");
        }
    };
    environment.write("team/.sops.yaml", "creation_rules:\n  - aeg: x\n");
    refused("team/.sops.yaml:2:5");
    // An unreadable configuration is different from a missing one.
    fs::remove_file(environment.path("team/.sops.yaml")).expect("the file can be removed");
    fs::create_dir(environment.path("team/.sops.yaml")).expect("the directory can be created");
    refused("cannot read team/.sops.yaml");
}

#[test]
fn a_signal_leaves_each_file_old_or_new() {
    let environment = TestEnvironment::new();
    let names: Vec<String> = (100..400).map(|number| format!("{number}.yaml")).collect();
    for name in &names {
        environment.write(name, TEXT);
    }
    let recipient = recipient();
    environment
        .run(&[
            "encrypt",
            "-i",
            "--allow-plaintext",
            "--age",
            &recipient,
            ".",
        ])
        .succeeds();
    let begin = Instant::now();
    environment.run(&["rotate", "-i", "."]).succeeds();
    let whole = begin.elapsed();
    let mut ended = 0;
    for part in 1..=6 {
        let mut child = environment
            .command(&["rotate", "-i", "."])
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        thread::sleep(whole * part / 8);
        // The program may have ended before.
        let _ = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        let status = child.wait().expect("the process can be waited for");
        ended += usize::from(!status.success());
        assert_eq!(environment.names(), names);
    }
    assert!(ended > 0, "no signal came in time");
    environment.run(&["decrypt", "-i", "."]).succeeds();
    for name in &names {
        assert_eq!(environment.read(name), TEXT);
    }
}

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n";

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n";

#[test]
fn a_secret_without_a_creation_rule_is_named() {
    for rules in [
        format!(
            "creation_rules:\n- path_regex: ^Prod/\n  age: {}\n",
            recipient()
        ),
        "creation_rules: []\n".to_owned(),
        "stores: {}\n".to_owned(),
    ] {
        let environment = TestEnvironment::new();
        environment.write(".sops.yaml", &rules);
        environment.write("prod/one.yaml", SECRET);
        environment.write("prod/two.yaml", SECRET);
        environment.write("prod/web.yaml", DEPLOYMENT);
        environment.write("prod/broken.yaml", "a: [\n");
        let template = SECRET.replace("{name: a}", "{name: {{ .Values.name }}}");
        environment.write("prod/template.yaml", template);
        for arguments in [
            &["encrypt", "-i", "."][..],
            &["encrypt", "-i", "--dry-run", "."],
        ] {
            let run = environment.run(arguments).fails_with(1);
            let named = "which stay in plaintext:\n         - ./prod/one.yaml\n         - ./prod/template.yaml\n         - ./prod/two.yaml\n";
            assert_eq!(run.stderr.matches(named).count(), 1, "{run}");
            assert!(run.stderr.contains("--> .sops.yaml"), "{run}");
            assert!(
                run.stderr.contains("3 of 3 files could not be encrypted"),
                "{run}"
            );
            assert!(
                !run.stderr.contains("web.yaml") && !run.stderr.contains("broken.yaml"),
                "{run}"
            );
        }
        // Files that the lint settings exclude are skipped here too.
        environment.write(".sops-lint.yaml", "exclude: [prod/**]\n");
        environment.run(&["encrypt", "-i", "."]).succeeds();
    }
}

#[test]
fn the_other_files_are_still_encrypted() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: ^prod/\n  age: {}\n",
            recipient()
        ),
    );
    environment.write("prod/a.yaml", SECRET);
    environment.write("test/b.yaml", SECRET);
    let run = environment.run(&["encrypt", "-i", "."]).fails_with(1);
    assert!(
        run.stderr.contains("./prod/a.yaml: encrypted for age1"),
        "{run}"
    );
    assert!(
        run.stderr.contains("1 of 2 files could not be encrypted"),
        "{run}"
    );
    assert!(environment.read("prod/a.yaml").contains("ENC["));
    assert_eq!(environment.read("test/b.yaml"), SECRET);
}

#[test]
fn a_missing_configuration_is_reported_once() {
    let environment = TestEnvironment::new();
    environment.write("web.yaml", DEPLOYMENT);
    let missing = "no `.sops.yaml` in";
    let run = environment.run(&["encrypt", "-i", "."]).fails_with(1);
    assert_eq!(run.stderr.matches(missing).count(), 1, "{run}");
    assert!(!run.stderr.contains("web.yaml"), "{run}");
    for number in 0..30 {
        environment.write(&format!("{number}.yaml"), SECRET);
    }
    let run = environment.run(&["encrypt", "-i", "."]).fails_with(1);
    assert_eq!(run.stderr.matches(missing).count(), 1, "{run}");
    assert!(run.stderr.contains("  - ./29.yaml\n"), "{run}");
    assert!(run.stderr.contains("30 of 30 files"), "{run}");
    let run = environment
        .run(&["encrypt", "-i", "1.yaml", "web.yaml"])
        .fails_with(1);
    assert_eq!(run.stderr.matches(missing).count(), 1, "{run}");
    assert!(run.stderr.contains("  - web.yaml\n"), "{run}");
    // A recipient on the command line is also for Secrets, and for no other file.
    environment
        .run(&["encrypt", "-i", "--age", &recipient(), "."])
        .succeeds();
    assert!(environment.read("29.yaml").contains("ENC["));
    assert_eq!(environment.read("web.yaml"), DEPLOYMENT);
}

#[test]
fn a_configuration_with_the_wrong_extension_gets_a_warning() {
    let environment = TestEnvironment::new();
    let rule = |recipient: &str| format!("creation_rules:\n- age: {recipient}\n");
    environment.write(".sops.yaml", rule(&recipient()));
    for name in ["prod/.sops.yml", "test/.sops.yml", "test/.sops.yaml"] {
        environment.write(name, rule(&other_recipient()));
    }
    for name in [
        "prod/a.yaml",
        "prod/b.yaml",
        "prod/deep/c.yaml",
        "test/d.yaml",
    ] {
        environment.write(name, SECRET);
    }
    let warning = "warning: prod/.sops.yml: this file is ignored because the configuration must be named `.sops.yaml`; `.sops.yaml` is used instead\n";
    for arguments in [
        &["encrypt", "-i", "--dry-run", "."][..],
        &["encrypt", "-i", "."],
        &["updatekeys", "-y", "prod"],
        &["rotate", "-i", "prod"],
    ] {
        let run = environment.run(arguments).succeeds();
        assert_eq!(run.stderr.matches(warning).count(), 1, "{run}");
        assert_eq!(run.stderr.matches(".sops.yml").count(), 1, "{run}");
    }
    assert_eq!(environment.read("prod/.sops.yml"), rule(&other_recipient()));
}

#[test]
fn the_configurations_of_a_directory_are_named_if_there_are_several() {
    let environment = TestEnvironment::new();
    let rule = format!("creation_rules:\n- age: {}\n", recipient());
    environment.write(".sops.yaml", &rule);
    environment.write("apps/.sops.yaml", &rule);
    environment.write("other/.sops.yaml", &rule);
    environment.write("a.yaml", SECRET);
    environment.write("apps/b.yaml", SECRET);
    environment.run(&["encrypt", "-i", "."]).succeeds();
    let named =
        "The files are governed by several configurations:\n  - .sops.yaml\n  - apps/.sops.yaml\n";
    for command in [&["updatekeys", "-y"][..], &["rotate", "-i"]] {
        let run = environment.run(&[command, &["."]].concat()).succeeds();
        assert!(run.stderr.contains(named), "{run}");
        assert!(!run.stderr.contains("other/"), "{run}");
        let run = environment.run(&[command, &["apps"]].concat()).succeeds();
        assert!(!run.stderr.contains("Several"), "{run}");
    }
}

#[test]
fn a_question_without_an_answer_is_not_repeated() {
    let environment = TestEnvironment::new();
    for name in ["a.yaml", "b.yaml", "c.yaml"] {
        environment.encrypt(name, TEXT);
    }
    let both = format!("{},{}", recipient(), other_recipient());
    environment.write(".sops.yaml", format!("creation_rules:\n- age: {both}\n"));
    let run = environment.run(&["updatekeys", "."]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(
        run.stderr.matches("cannot read the answer").count(),
        1,
        "{run}"
    );
    assert!(
        run.stderr.contains("to skip the question, add `--yes`"),
        "{run}"
    );
}

#[test]
fn a_directory_needs_a_command_that_processes_directories() {
    const OF_DECRYPT: &str = "to see what is in it: `sops-rs status d`; to print a file: \
        `sops-rs decrypt FILE`\nhelp: to replace every encrypted file in it by its plaintext, add \
        `--in-place`";
    let environment = TestEnvironment::new();
    environment.write("d/a.yaml", TEXT);
    for (arguments, help) in [
        (
            &["encrypt", "d"][..],
            "to encrypt the files in it, add `--in-place`",
        ),
        (&["-e", "d"], "to encrypt the files in it, add `--in-place`"),
        (&["decrypt", "d"], OF_DECRYPT),
        (&["-d", "d"], OF_DECRYPT),
        (
            &["rotate", "d"],
            "to rotate the files in it, add `--in-place`",
        ),
        (&["edit", "d"], "this command takes one file"),
        (&["set", "d", "[\"a\"]", "1"], "this command takes one file"),
        (&["unset", "d", "[\"a\"]"], "this command takes one file"),
        (&["exec-env", "d", "true"], "this command takes one file"),
        (&["exec-file", "d", "true"], "this command takes one file"),
    ] {
        let mut command = environment.command(arguments);
        command.env("EDITOR", "true");
        let run = environment.finish(command).fails_with(2);
        assert_eq!(
            run.stderr,
            format!("error: d is a directory\nhelp: {help}\n")
        );
    }
}

/// A ConfigMap has the same keys as a Secret, but a rule for these keys is not meant for it.
#[test]
fn a_rule_for_all_manifests_does_not_encrypt_other_objects() {
    for path_regex in ["\\.ya?ml$", ".*", ".*.yaml", "^apps/"] {
        let environment = TestEnvironment::new();
        environment.write(
            ".sops.yaml",
            format!(
                "creation_rules:\n- path_regex: {path_regex}\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n",
                recipient()
            ),
        );
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {level: debug}\n";
        environment.write("apps/map.yaml", map);
        environment.write("apps/secret.yaml", SECRET);
        environment.run(&["encrypt", "-i", "."]).succeeds();
        assert!(environment.read("apps/secret.yaml").contains("ENC["));
        // A rule for a directory covers all files in it.
        let is_left = environment.read("apps/map.yaml") == map;
        assert_eq!(is_left, path_regex != "^apps/", "{path_regex}");
    }
}

#[test]
fn an_empty_directory_has_a_result_too() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    std::fs::create_dir(environment.path("empty")).expect("the directory is new");
    for (arguments, expected) in [
        (&["encrypt", "-i", "empty"][..], "Files encrypted: 0\n"),
        (&["decrypt", "-i", "empty"], "Files decrypted: 0\n"),
    ] {
        let run = environment.run(arguments).succeeds();
        assert_eq!(run.stderr, expected, "{arguments:?}");
    }
}
