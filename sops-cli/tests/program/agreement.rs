//! Recipients that no one agreed to: added to a file's metadata or to `.sops.yaml` by someone
//! without a key.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use sops_test_support::environment::{Run, TestEnvironment, other_recipient, program, recipient};

const TEXT: &str = "a: hunter2\n";
const NAME: &str = "x.yaml";

/// How a recipient gets into the metadata.
#[derive(Clone, Copy, PartialEq)]
enum Enc {
    /// The encrypted data key of another file, which looks valid.
    OfAnotherFile,
    Garbage,
}

/// The lines of a file's metadata that add another recipient.
fn entry(environment: &TestEnvironment, enc: Enc) -> String {
    if enc == Enc::Garbage {
        return format!(
            "        - enc: garbage\n          recipient: {}\n",
            other_recipient()
        );
    }
    environment.write("theirs.yaml", TEXT);
    let second = other_recipient();
    let encrypt = [
        "--config",
        "/dev/null",
        "encrypt",
        "-i",
        "--age",
        &second,
        "theirs.yaml",
    ];
    environment.run(&encrypt).succeeds();
    let text = environment.read("theirs.yaml");
    fs::remove_file(environment.path("theirs.yaml")).expect("the file can be removed");
    let (_, list) = text
        .split_once("    age:\n")
        .expect("the rule has recipients");
    let end = list.find("\n    lastmodified").expect("the list ends");
    format!("{}\n", &list[..end])
}

/// Writes a file that is encrypted for the test key, whatever the configuration.
fn fresh(environment: &TestEnvironment, name: &str) {
    environment.encrypt_with(name, TEXT, &["--config", "/dev/null"]);
}

/// Writes an encrypted file, and adds a recipient to its metadata without a key.
fn plant(environment: &TestEnvironment, name: &str, enc: Enc) -> String {
    fresh(environment, name);
    let planted = entry(environment, enc);
    let text = environment
        .read(name)
        .replacen("    age:\n", &format!("    age:\n{planted}"), 1);
    assert!(text.contains(&other_recipient()));
    environment.write(name, &text);
    text
}

/// Writes a rule that names only the recipient of the test key.
fn rule_for_us(environment: &TestEnvironment) {
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
}

/// The commands that encrypt a data key for the recipients of a file.
fn commands() -> Vec<Vec<String>> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    vec![
        words("rotate -i x.yaml"),
        words("-r -i x.yaml"),
        words("--rotate --in-place x.yaml"),
        words("rotate x.yaml"),
        words("rotate -i ."),
        words(&format!("groups add -i -f x.yaml --age {}", recipient())),
    ]
}

fn run(environment: &TestEnvironment, words: &[String], more: &[&str]) -> Run {
    let words = words.iter().map(String::as_str);
    let words: Vec<&str> = words.chain(more.iter().copied()).collect();
    environment.run(&words)
}

#[test]
fn a_recipient_that_the_rule_does_not_name_gets_no_data_key_silently() {
    let environment = TestEnvironment::new();
    let second = other_recipient();
    rule_for_us(&environment);
    for words in commands() {
        let planted = plant(&environment, NAME, Enc::OfAnotherFile);
        let refused = run(&environment, &words, &[]);
        assert_eq!(refused.code, Some(1), "{refused}");
        assert_eq!(refused.stdout, "", "{refused}");
        for part in [
            &*second,
            "does not name these recipients",
            "--yes",
            "updatekeys",
            NAME,
        ] {
            assert!(refused.stderr.contains(part), "{part}: {refused}");
        }
        assert!(!refused.stderr.contains(&recipient()), "{refused}");
        assert_eq!(environment.read(NAME), planted);
        let agreed = run(&environment, &words, &["--yes"]).succeeds();
        assert!(agreed.stderr.contains(&second), "{agreed}");
    }
    // Recipients that `updatekeys` removes no longer need an agreement.
    plant(&environment, NAME, Enc::OfAnotherFile);
    let updated = environment.run(&["updatekeys", "-y", NAME]).succeeds();
    assert!(
        updated.stdout.contains(&format!("--- {second}")),
        "{updated}"
    );
    let rotated = environment.run(&["rotate", "-i", NAME]).succeeds();
    assert_eq!(rotated.stderr, "x.yaml: encrypted with a new data key\n");
    assert_eq!(environment.decrypt(NAME), TEXT);
}

#[test]
fn a_recipient_named_by_a_flag_or_the_rule_needs_no_approval() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    rule_for_us(&environment);
    environment.encrypt(NAME, TEXT);
    let quiet = |arguments: &[&str]| {
        let run = environment.run(arguments).succeeds();
        assert!(!run.stderr.contains("creation rule"), "{run}");
    };
    quiet(&["rotate", "-i", "--add-age", &second, NAME]);
    // The next call does not name the recipient.
    environment.run(&["rotate", "-i", NAME]).fails_with(1);
    quiet(&["rotate", "-i", "--rm-age", &second, NAME]);
    quiet(&["groups", "add", "-i", "-f", NAME, "--age", &first]);
    // A key in more groups than in the rule has an additional vote.
    let twice = environment.run(&["rotate", "-i", NAME]).fails_with(1);
    assert!(
        twice.stderr.contains("(in 2 key groups instead of 1)"),
        "{twice}"
    );
    quiet(&[
        "groups",
        "delete",
        "-i",
        "-f",
        NAME,
        "1",
        "--shamir-secret-sharing-threshold",
        "1",
    ]);
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {first},{second}\n"),
    );
    plant(&environment, NAME, Enc::OfAnotherFile);
    quiet(&["rotate", "-i", NAME]);
}

#[test]
fn deleting_a_group_gives_no_data_key_to_strangers() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    let group = format!("{{age: [{first}]}}");
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- key_groups: [{group}, {group}]\n"),
    );
    environment.write(NAME, TEXT);
    environment.run(&["encrypt", "-i", NAME]).succeeds();
    let add = ["groups", "add", "-i", "-f", NAME, "--age", &second];
    let add = [&add[..], &["--shamir-secret-sharing-threshold", "2"]].concat();
    environment.run(&add).succeeds();
    let before = environment.read(NAME);
    let delete = |index: &str, more: &[&str]| {
        environment.run(&[&["groups", "delete", "-i", "-f", NAME, index], more].concat())
    };
    let run = delete("0", &[]).fails_with(1);
    assert!(run.stderr.contains(&second), "{run}");
    assert_eq!(environment.read(NAME), before);
    // The stranger's group is removed.
    delete("2", &[]).succeeds();
    assert!(!environment.read(NAME).contains(&second));
    assert_eq!(environment.decrypt(NAME), TEXT);
}

#[test]
fn other_families_of_keys_are_compared_too() {
    let environment = TestEnvironment::new();
    rule_for_us(&environment);
    let entries = [
        (
            "kms",
            "        - arn: arn:aws:kms:eu-west-1:1:key/planted\n          aws_profile: \"\"\n",
            "kms arn:aws:kms:eu-west-1:1:key/planted",
        ),
        (
            "pgp",
            "        - fp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21\n",
            "pgp 85D77543B3D624B63CEA9E6DBC17301B491B3F21",
        ),
        (
            "gcp_kms",
            "        - resource_id: projects/p/locations/l/keyRings/r/cryptoKeys/k\n",
            "gcp_kms projects/p/locations/l/keyRings/r/cryptoKeys/k",
        ),
    ];
    for (list, fields, shown) in entries {
        environment.encrypt(NAME, TEXT);
        let enc = match list {
            "pgp" => {
                "|\n            -----BEGIN PGP MESSAGE-----\n\n            hF4D\n            -----END PGP MESSAGE-----\n"
            }
            _ => "eA==\n",
        };
        let list = format!(
            "    {list}:\n{fields}          created_at: \"2026-01-01T00:00:00Z\"\n          enc: {enc}"
        );
        let text = environment.read(NAME);
        let planted = text.replacen("    lastmodified:", &format!("{list}    lastmodified:"), 1);
        environment.write(NAME, &planted);
        for words in commands() {
            let run = run(&environment, &words, &[]);
            assert_eq!(run.code, Some(1), "{run}");
            assert!(run.stderr.contains(shown), "{run}");
            assert_eq!(environment.read(NAME), planted);
        }
    }
}

#[test]
fn a_damaged_data_key_is_an_error_in_any_case() {
    let environment = TestEnvironment::new();
    let second = other_recipient();
    let both = format!("{},{second}", recipient());
    // The result is the same whether the rule names the recipient or not, and without a rule.
    for config in [
        format!("creation_rules:\n- age: {}\n", recipient()),
        format!("creation_rules:\n- age: {both}\n"),
        "stores: {}\n".to_owned(),
    ] {
        environment.write(".sops.yaml", &config);
        let mut calls = commands();
        if config.contains("age") {
            calls.extend([
                vec!["updatekeys".to_owned(), NAME.to_owned()],
                ["lint", "--fix", "--select", "SL011,SL012", "."]
                    .map(str::to_owned)
                    .into(),
            ]);
        }
        for words in calls {
            let planted = plant(&environment, NAME, Enc::Garbage);
            let run = run(&environment, &words, &["--yes"]);
            assert!(run.code == Some(1), "{run}");
            let says = run.to_string().contains("is not an armored age file");
            assert!(says && run.to_string().contains(&second), "{run}");
            assert_eq!(environment.read(NAME), planted);
        }
    }
    // The message says what to do instead.
    rule_for_us(&environment);
    plant(&environment, NAME, Enc::Garbage);
    environment
        .run(&["rotate", "-i", "--rm-age", &second, NAME])
        .succeeds();
    assert_eq!(environment.decrypt(NAME), TEXT);
    let text = plant(&environment, NAME, Enc::Garbage);
    environment
        .run(&[
            "rotate",
            "-i",
            "--rm-age",
            &second,
            "--add-age",
            &second,
            NAME,
        ])
        .succeeds();
    assert!(environment.read(NAME).contains(&second) && text.contains("garbage"));
}

#[test]
fn there_is_no_question_about_a_file_that_cannot_be_decrypted() {
    let environment = TestEnvironment::new();
    environment.write("x.yaml", TEXT);
    let second = other_recipient();
    environment
        .run(&["encrypt", "-i", "--age", &second, NAME])
        .succeeds();
    rule_for_us(&environment);
    for words in commands() {
        let run = run(&environment, &words, &[]);
        let is_directory = words.contains(&".".to_owned());
        let code = if is_directory { 1 } else { 128 };
        assert_eq!(run.code, Some(code), "{run}");
    }
}

/// Anyone who can write a file can add a recipient without a key, in each format.
#[test]
fn files_of_every_format_are_judged() {
    let environment = TestEnvironment::new();
    rule_for_us(&environment);
    let (first, second) = (recipient(), other_recipient());
    let both = format!("{first},{second}");
    for (name, text) in [
        ("x.json", "{\"a\": \"hunter2\"}\n"),
        ("x.env", "a=hunter2\n"),
        ("x.ini", "[a]\nb = hunter2\n"),
        ("x.bin", "hunter2"),
    ] {
        environment.write(name, text);
        environment
            .run(&["encrypt", "-i", "--age", &both, name])
            .succeeds();
        let before = environment.read(name);
        let run = environment.run(&["rotate", "-i", name]).fails_with(1);
        assert!(run.stderr.contains(&second), "{run}");
        assert!(!run.stderr.contains(&first), "{run}");
        assert_eq!(environment.read(name), before);
    }
}

#[test]
fn rotate_without_a_rule_only_warns() {
    for config in [
        None,
        Some("creation_rules:\n- path_regex: elsewhere\n  age: age1x\n".to_owned()),
        Some("creation_rules:\n- encrypted_regex: ^data$\n".to_owned()),
    ] {
        let environment = TestEnvironment::new();
        if let Some(config) = config {
            environment.write(".sops.yaml", config);
        }
        plant(&environment, NAME, Enc::OfAnotherFile);
        let run = environment.run(&["rotate", "-i", NAME]).succeeds();
        assert!(run.stderr.starts_with("warning: "), "{run}");
        assert!(run.stderr.contains(&other_recipient()), "{run}");
        // The key of this computer is not a stranger's.
        assert!(!run.stderr.contains(&recipient()), "{run}");
        fresh(&environment, NAME);
        let run = environment.run(&["rotate", "-i", NAME]).succeeds();
        assert_eq!(run.stderr, "x.yaml: encrypted with a new data key\n");
    }
}

#[test]
fn an_unreadable_configuration_approves_no_recipient() {
    let environment = TestEnvironment::new();
    let planted = plant(&environment, NAME, Enc::OfAnotherFile);
    environment.write(".sops.yaml", "creation_rules:\n- aeg: x\n");
    environment.run(&["rotate", "-i", NAME]).fails_with(1);
    assert_eq!(environment.read(NAME), planted);
    let run = environment.run(&["rotate", "-i", "-y", NAME]).succeeds();
    assert!(run.stderr.contains(&other_recipient()), "{run}");
}

#[test]
fn called_as_sops_it_warns_and_continues() {
    let environment = TestEnvironment::new();
    rule_for_us(&environment);
    let sops = environment.path("../home/sops");
    symlink(program(), &sops).expect("the link can be created");
    for words in commands() {
        plant(&environment, NAME, Enc::OfAnotherFile);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let run = environment
            .finish(environment.command_of(&sops, &words))
            .succeeds();
        assert!(run.stderr.contains("warning: "), "{run}");
        assert!(run.stderr.contains(&other_recipient()), "{run}");
    }
    // This is so even if the configuration cannot be used.
    environment.write(".sops.yaml", "creation_rules: 1\n");
    plant(&environment, NAME, Enc::OfAnotherFile);
    environment
        .finish(environment.command_of(&sops, &["rotate", "-i", NAME]))
        .succeeds();
}

#[test]
fn the_nearest_rule_above_a_file_names_its_recipients() {
    let environment = TestEnvironment::new();
    let (first, second) = (recipient(), other_recipient());
    rule_for_us(&environment);
    environment.write(
        "team/.sops.yaml",
        format!("creation_rules:\n- age: {first},{second}\n"),
    );
    let both = format!("{first},{second}");
    for name in ["team/x.yaml", NAME] {
        environment.write(name, TEXT);
        environment
            .run(&["encrypt", "-i", "--age", &both, name])
            .succeeds();
    }
    environment.run(&["rotate", "-i", "team/x.yaml"]).succeeds();
    environment.run(&["rotate", "-i", NAME]).fails_with(1);
    // A named configuration governs all files.
    environment
        .run(&["rotate", "-i", "--config", ".sops.yaml", "team/x.yaml"])
        .fails_with(1);
}

#[test]
fn of_many_files_each_set_of_recipients_is_named_once() {
    let environment = TestEnvironment::new();
    rule_for_us(&environment);
    let names: Vec<String> = (0..15)
        .map(|number| format!("in/{number:02}.yaml"))
        .collect();
    for name in &names {
        plant(&environment, name, Enc::OfAnotherFile);
    }
    environment.encrypt("in/good.yaml", TEXT);
    let before = environment.read("in/good.yaml");
    let run = environment.run(&["rotate", "-i", "in"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(run.stderr.matches(&other_recipient()).count(), 1, "{run}");
    assert!(run.stderr.contains("and 5 more files"), "{run}");
    assert!(run.stderr.contains("files left unchanged: 15"), "{run}");
    assert_ne!(
        environment.read("in/good.yaml"),
        before,
        "the others are rotated"
    );
    let run = environment.run(&["rotate", "-i", "--yes", "in"]).succeeds();
    assert_eq!(run.stderr.matches(&other_recipient()).count(), 1, "{run}");
    assert!(run.stderr.contains("Files rotated: 16"), "{run}");
}

/// Runs the program on a terminal for its questions. Returns the exit code and the terminal output.
fn on_a_terminal(
    environment: &TestEnvironment,
    arguments: &[&str],
    answer: &str,
) -> (Option<i32>, String) {
    let ours =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal can be opened");
    grantpt(&ours).expect("the terminal can be prepared");
    unlockpt(&ours).expect("the terminal can be prepared");
    let name = ptsname(&ours, Vec::new()).expect("the terminal has a name");
    let theirs = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())
        .expect("the terminal can be opened");
    let mut ours = File::from(ours);
    ours.write_all(answer.as_bytes())
        .expect("the terminal is open");
    let mut command = environment.command(arguments);
    let mut child = command
        .stdin(theirs)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut text = String::new();
    let mut stderr = child.stderr.take().expect("the stream is a pipe");
    stderr
        .read_to_string(&mut text)
        .expect("the output is text");
    (
        child.wait().expect("the process can be waited for").code(),
        text,
    )
}

#[test]
fn on_a_terminal_there_is_one_question() {
    let environment = TestEnvironment::new();
    rule_for_us(&environment);
    let question = "Encrypt for them anyway? (y/n): ";
    for words in commands() {
        let planted = plant(&environment, NAME, Enc::OfAnotherFile);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (code, text) = on_a_terminal(&environment, &words, "n\n");
        assert_eq!(code, Some(1), "{text}");
        assert_eq!(text.matches(question).count(), 1, "{text}");
        let named = text.find(&other_recipient());
        assert!(named.is_some() && named < text.find(question), "{text}");
        assert_eq!(environment.read(NAME), planted);
        let (code, text) = on_a_terminal(&environment, &words, "y\n");
        assert_eq!(code, Some(0), "{text}");
        let is_written = words.contains(&"-i") || words.contains(&"--in-place");
        assert_eq!(environment.read(NAME) != planted, is_written, "{text}");
    }
}

/// A repository in which a pull request added a recipient to `.sops.yaml`.
fn with_a_new_recipient(environment: &TestEnvironment) -> [String; 2] {
    let names = ["a.yaml", "b.yaml"];
    for name in names {
        environment.encrypt(name, TEXT);
    }
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- age: {},{}\n",
            recipient(),
            other_recipient()
        ),
    );
    names.map(|name| environment.read(name))
}

#[test]
fn fixes_name_added_keys_and_need_approval() {
    let environment = TestEnvironment::new();
    let before = with_a_new_recipient(&environment);
    let comes = format!("+++ {}", other_recipient());
    let fix = ["lint", "--fix", "--select", "SL012"];
    let diff = environment.run(&["lint", "--diff", "--select", "SL012"]);
    assert_eq!(diff.stdout.matches(&comes).count(), 2, "{diff}");
    let files = || ["a.yaml", "b.yaml"].map(|name| environment.read(name));
    let refused = environment.run(&fix);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert_eq!(refused.stderr.matches(&comes).count(), 1, "{refused}");
    assert!(refused.stderr.contains("a.yaml, b.yaml"), "{refused}");
    assert!(refused.stderr.contains("lint --fix --yes"), "{refused}");
    assert_eq!(files(), before);
    let (code, text) = on_a_terminal(&environment, &fix, "n\n");
    assert_eq!(
        (code, text.matches("(y/n)").count()),
        (Some(1), 1),
        "{text}"
    );
    assert!(text.contains(&comes), "{text}");
    assert_eq!(files(), before);
    let (code, text) = on_a_terminal(&environment, &fix, "y\n");
    assert_eq!(code, Some(0), "{text}");
    let after = files();
    assert!(after.iter().all(|text| text.contains(&other_recipient())));

    // A recipient that is only removed is listed, without a question.
    rule_for_us(&environment);
    let gone = environment.run(&fix).succeeds();
    let goes = format!("--- {}", other_recipient());
    assert_eq!(gone.stderr.matches(&goes).count(), 1, "{gone}");
    assert!(
        files()
            .iter()
            .all(|text| !text.contains(&other_recipient()))
    );

    with_a_new_recipient(&environment);
    let agreed = environment.run(&[&fix[..], &["--yes"]].concat()).succeeds();
    assert_eq!(agreed.stderr.matches(&comes).count(), 1, "{agreed}");
    assert!(files().iter().all(|text| text.contains(&other_recipient())));
}

#[test]
fn needing_fewer_groups_to_decrypt_requires_approval() {
    let environment = TestEnvironment::new();
    let ours = recipient();
    let rule = |threshold: usize| {
        let group = format!("{{age: [{ours}]}}");
        format!(
            "creation_rules:\n- shamir_threshold: {threshold}\n  key_groups: [{group}, {group}, {group}]\n"
        )
    };
    environment.write(".sops.yaml", rule(3));
    environment.write(NAME, TEXT);
    environment.run(&["encrypt", "-i", NAME]).succeeds();
    let before = environment.read(NAME);
    environment.write(".sops.yaml", rule(2));
    let fix = ["lint", "--fix", "--select", "SL012"];
    let refused = environment.run(&fix);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused.stderr.contains("--- shamir_threshold: 3"),
        "{refused}"
    );
    assert_eq!(environment.read(NAME), before);
    environment.run(&[&fix[..], &["-y"]].concat()).succeeds();
    assert!(environment.read(NAME).contains("shamir_threshold: 2"));
    // A higher threshold needs no agreement.
    environment.write(".sops.yaml", rule(3));
    environment.run(&fix).succeeds();
    assert!(environment.read(NAME).contains("shamir_threshold: 3"));
    assert_eq!(environment.decrypt(NAME), TEXT);
}

#[test]
fn a_threshold_that_does_not_fit_the_groups_is_refused_first() {
    let environment = TestEnvironment::new();
    let ours = recipient();
    let rule = |threshold: usize| {
        let group = format!("{{age: [{ours}]}}");
        format!(
            "creation_rules:\n- shamir_threshold: {threshold}\n  key_groups: [{group}, {group}]\n"
        )
    };
    environment.write(".sops.yaml", rule(2));
    environment.write(NAME, TEXT);
    environment.run(&["encrypt", "-i", NAME]).succeeds();
    environment.write("plain.yaml", TEXT);
    let before = environment.read(NAME);
    for threshold in [1, 3] {
        environment.write(".sops.yaml", rule(threshold));
        for arguments in [
            &["encrypt", "plain.yaml"][..],
            &["config", "check"],
            &["updatekeys", "-y", NAME],
            &["updatekeys", "-y", "."],
        ] {
            let run = environment.run(arguments).fails_with(1);
            let says = "creation_rules[0].shamir_threshold: ";
            assert!(run.stderr.contains(says), "{arguments:?}: {run}");
        }
        // `sops` ignores the threshold of the rule.
        let mut command = environment.command(&["updatekeys", "-y", NAME]);
        command.arg0("sops");
        environment.finish(command).succeeds();
        assert_eq!(environment.read(NAME), before);
    }
    environment.write(".sops.yaml", rule(2));
    let second = other_recipient();
    let add = ["groups", "add", "-i", "-f", NAME, "--age", &second];
    let threshold = ["--shamir-secret-sharing-threshold", "1"];
    let run = environment
        .run(&[&add[..], &threshold].concat())
        .fails_with(1);
    let says = "error: several key groups need a threshold of 2 or more";
    assert!(run.stderr.starts_with(says), "{run}");
    assert_eq!(environment.read(NAME), before);
}

#[test]
fn a_refusal_is_the_only_message() {
    let environment = TestEnvironment::new();
    rule_for_us(&environment);
    plant(&environment, NAME, Enc::OfAnotherFile);
    let second = other_recipient();
    // With this group alone, the user could not decrypt the file any more, but the reason for the
    // error is the planted recipient.
    let add = ["groups", "add", "-i", "-f", NAME, "--age", &second];
    let run = environment.run(&add);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(!run.stderr.contains("warning"), "{run}");

    // No one answers, so the error begins on a line of its own.
    let run = environment.run(&["updatekeys", NAME]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("(y/n): \nerror: "), "{run}");
}

#[test]
fn key_groups_that_need_fewer_keys_need_approval() {
    let environment = TestEnvironment::new();
    let ours = recipient();
    let group = format!("{{age: [{ours}]}}");
    let three = format!("key_groups: [{group}, {group}, {group}]");
    let rule = |rest: &str| {
        environment.write(".sops.yaml", format!("creation_rules:\n- {rest}\n"));
    };
    let rotate = ["rotate", "-i", NAME];
    let delete = ["groups", "delete", "-i", "-f", NAME, "0"];
    let add = [
        "groups",
        "add",
        "-i",
        "-f",
        NAME,
        "--age",
        &ours,
        "--shamir-secret-sharing-threshold",
        "2",
    ];
    let directory = ["rotate", "-i", "."];
    for (file, governing, command, message) in [
        (
            format!("shamir_threshold: 2\n  {three}"),
            format!("shamir_threshold: 3\n  {three}"),
            &rotate[..],
            "2 of 3 key groups can decrypt the file, but the creation rule requires 3 of 3",
        ),
        (
            format!("age: {ours}"),
            three.clone(),
            &rotate,
            "1 of 1 key groups can decrypt the file, but the creation rule requires 3 of 3",
        ),
        (
            format!("age: {ours}"),
            three.clone(),
            &directory,
            "1 of 1 key groups can decrypt the file",
        ),
        (
            format!("shamir_threshold: 3\n  {three}"),
            format!("shamir_threshold: 3\n  {three}"),
            &delete,
            "2 of 2 key groups can decrypt the file",
        ),
        (
            format!("key_groups: [{group}, {group}]"),
            format!("shamir_threshold: 3\n  {three}"),
            &add,
            "2 of 3 key groups can decrypt the file",
        ),
    ] {
        rule(&file);
        environment.write(NAME, TEXT);
        environment.run(&["encrypt", "-i", NAME]).succeeds();
        let before = environment.read(NAME);
        if command == delete {
            // The other groups of the file stay the same, whatever key decrypts them.
            let threshold = ["--shamir-secret-sharing-threshold", "2"];
            let run = environment.run(&[command, &threshold].concat());
            assert!(run.code == Some(1) && run.stderr.contains(message), "{run}");
            assert_eq!(environment.read(NAME), before);
            environment
                .run(&[command, &threshold, &["--yes"]].concat())
                .succeeds();
            continue;
        }
        rule(&governing);
        let run = environment.run(command);
        assert!(run.code == Some(1) && run.stderr.contains(message), "{run}");
        assert_eq!(environment.read(NAME), before);
        let run = environment.run(&[command, &["--yes"]].concat()).succeeds();
        assert!(run.stderr.contains(message), "{run}");
        assert_ne!(environment.read(NAME), before);
    }
    // Groups that match the rule need no agreement, nor does a threshold that the rule does not
    // state.
    for (file, governing) in [
        (
            format!("shamir_threshold: 3\n  {three}"),
            format!("shamir_threshold: 2\n  {three}"),
        ),
        (format!("shamir_threshold: 2\n  {three}"), three.clone()),
    ] {
        rule(&file);
        environment.write(NAME, TEXT);
        environment.run(&["encrypt", "-i", NAME]).succeeds();
        rule(&governing);
        let run = environment.run(&rotate).succeeds();
        assert_eq!(
            run.stderr, "x.yaml: encrypted with a new data key\n",
            "{run}"
        );
    }
}

#[test]
fn a_fix_that_encrypts_names_the_recipients() {
    let environment = TestEnvironment::new();
    rule_for_us(&environment);
    environment.write("s.yaml", "kind: Secret\nstringData: {password: hunter2}\n");
    let says = format!("s.yaml: would be encrypted for {}\n", recipient());
    let diff = environment.run(&["lint", "--diff"]);
    assert_eq!(diff.stdout, says, "{diff}");
    let fixed = environment.run(&["lint", "--fix"]);
    let says = format!("s.yaml: encrypted for {}\n", recipient());
    assert!(fixed.stderr.contains(&says), "{fixed}");
}

#[test]
fn updatekeys_gives_a_file_the_threshold_that_the_rule_states() {
    let environment = TestEnvironment::new();
    let group = format!("{{age: [{}]}}", recipient());
    let rule = |threshold: &str| {
        environment.write(
            ".sops.yaml",
            format!("creation_rules:\n- {threshold}key_groups: [{group}, {group}, {group}]\n"),
        );
    };
    rule("shamir_threshold: 2\n  ");
    environment.write(NAME, TEXT);
    environment.run(&["encrypt", "-i", NAME]).succeeds();
    let has = |threshold: usize| {
        environment
            .read(NAME)
            .contains(&format!("shamir_threshold: {threshold}\n"))
    };
    let update = ["updatekeys", "-y", NAME];
    let lint = || environment.run(&["lint", "--select", "SL012", NAME]);
    rule("shamir_threshold: 3\n  ");
    let found = lint();
    assert!(
        found
            .stdout
            .contains("2 of 3 key groups can decrypt the file"),
        "{found}"
    );
    let run = environment.run(&update).succeeds();
    let says = "+++ shamir_threshold: 3\n--- shamir_threshold: 2\n";
    assert!(run.stdout.contains(says) && has(3), "{run}");
    lint().succeeds();
    rule("shamir_threshold: 2\n  ");
    environment.run(&update).succeeds();
    assert!(has(2));
    assert_eq!(environment.decrypt(NAME), TEXT);
    // A rule without a threshold keeps the threshold of the file, and lint says what to do.
    rule("");
    let run = environment.run(&update).succeeds();
    assert!(run.stderr.contains("already up to date") && has(2), "{run}");
    let found = lint();
    assert_eq!(found.code, Some(1), "{found}");
    assert!(
        found.stdout.contains("write `shamir_threshold: 2`"),
        "{found}"
    );
    let fixed = environment.run(&["lint", "--fix", "--yes", "--select", "SL012", NAME]);
    assert!(fixed.code == Some(1) && has(2), "{fixed}");
}
