//! `updatekeys`, `rotate` and `groups` for several files: what changes is shown first, one question
//! is asked, and a run that was interrupted continues where it ended.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_identity, other_recipient, recipient,
};

use crate::as_sops::as_sops;

const TEXT: &str = "password: correct-horse\n";
const FILES: [&str; 3] = ["apps/a.yaml", "apps/b.yaml", "apps/c.env"];

/// The other recipient as the plan shows it.
const BEN: &str = "ben (age1an299pul…a64tqx)";

/// A recipient whose private key no one in the tests has.
const STRANGER: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// The same as the plan shows it.
const STRANGER_SHORT: &str = "age1ql3z7hjy…mcac8p";

/// A directory with files that are encrypted for the user, and a rule that names another recipient
/// too, with names.
fn directory() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let keys = format!("{}\n{}\n", identity(), other_identity());
    environment.write("../home/.config/sops/age/keys.txt", keys);
    for name in FILES {
        let text = if name.ends_with(".env") {
            "PASSWORD=correct-horse\n"
        } else {
            TEXT
        };
        environment.encrypt(name, text);
    }
    environment.write("apps/plain.yaml", TEXT);
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- key_groups:\n  - age:\n    - {} # ann\n    - {} # ben\n",
            recipient(),
            other_recipient()
        ),
    );
    environment
}

fn contents(environment: &TestEnvironment) -> Vec<String> {
    FILES.iter().map(|name| environment.read(name)).collect()
}

/// How many of the files the other recipient can decrypt.
fn shared(environment: &TestEnvironment) -> usize {
    let texts = contents(environment);
    let shared = texts
        .iter()
        .filter(|text| text.contains(&other_recipient()));
    shared.count()
}

fn plan() -> String {
    format!("Keys change in 3 files\n  in apps/a.yaml, apps/b.yaml, apps/c.env:\n    +++ {BEN}\n")
}

#[test]
fn the_changes_of_all_files_are_shown_and_asked_about_once() {
    let environment = directory();
    let before = contents(&environment);
    let run = environment
        .run(&["updatekeys", "--dry-run", "apps"])
        .succeeds();
    assert_eq!(run.stdout, plan());
    assert!(!run.stderr.contains("y/n"), "{run}");
    let run = environment
        .run_with_input(&["updatekeys", "apps"], "n\n")
        .succeeds();
    assert_eq!(run.stdout, plan());
    assert!(run.stderr.contains("3 files left unchanged"), "{run}");
    assert_eq!(contents(&environment), before);
    let run = environment
        .run_with_input(&["updatekeys", "apps"], "y\n")
        .succeeds();
    assert_eq!(run.stdout, plan());
    assert_eq!(run.stderr.matches("(y/n)").count(), 1, "{run}");
    for name in FILES {
        let said = format!("{name}: keys updated");
        assert!(run.stderr.contains(&said), "{run}");
        assert!(environment.decrypt(name).contains("correct-horse"));
    }
    assert_eq!(shared(&environment), 3);
    assert_eq!(environment.read("apps/plain.yaml"), TEXT);
}

/// Files with different changes are listed separately, and files that cannot be changed are
/// counted.
#[test]
fn a_plan_counts_the_files_by_their_changes() {
    let environment = directory();
    environment
        .run(&["updatekeys", "-y", "apps/a.yaml"])
        .succeeds();
    environment.write("apps/d.yaml", TEXT);
    let both = format!("{},{STRANGER}", recipient());
    environment
        .run(&["encrypt", "-i", "--age", &both, "apps/d.yaml"])
        .succeeds();
    let broken = environment.read("apps/b.yaml") + "]: [\n";
    environment.write("apps/b.yaml", broken);
    let run = environment.run(&["updatekeys", "--dry-run", "apps"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(
        run.stdout,
        format!(
            "Keys change in 2 files; 1 is up to date; 1 cannot be changed\n  in apps/c.env:\n    +++ {BEN}\n  in apps/d.yaml:\n    +++ {BEN}\n    --- {STRANGER_SHORT}\n"
        )
    );
    assert!(
        run.stderr.contains("apps/b.yaml") && run.stderr.contains("1 of 4 files"),
        "{run}"
    );
}

/// A run that was interrupted changed some of the files. No data key is opened for them.
#[test]
fn a_second_run_changes_the_rest() {
    let environment = directory();
    environment
        .run(&["updatekeys", "-y", "apps/b.yaml"])
        .succeeds();
    let done = environment.read("apps/b.yaml");
    let run = environment.run(&["updatekeys", "-y", "apps"]).succeeds();
    assert!(
        run.stdout
            .starts_with("Keys change in 2 files; 1 is up to date\n"),
        "{run}"
    );
    assert_eq!(environment.read("apps/b.yaml"), done);
    assert_eq!(shared(&environment), 3);
    // Without the private key, nothing could be decrypted.
    std::fs::remove_dir_all(environment.home().join(".config")).expect("the key can be removed");
    let before = contents(&environment);
    let run = environment.run(&["updatekeys", "apps"]).succeeds();
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("3 files are already up to date"),
        "{run}"
    );
    assert_eq!(contents(&environment), before);
}

#[test]
fn a_run_that_was_killed_continues() {
    let environment = directory();
    let names: Vec<String> = (0..400)
        .map(|number| format!("apps/{number}.yaml"))
        .collect();
    let text = environment.read(FILES[0]);
    for name in &names {
        environment.write(name, &text);
    }
    let is_shared = |name: &String| environment.read(name).contains(&other_recipient());
    let mut child = environment
        .command(&["updatekeys", "-y", "apps"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    while child.try_wait().expect("it is ours").is_none() && !names.iter().any(is_shared) {}
    // The program may have ended before.
    let _ = child.kill();
    child.wait().expect("it can be waited for");
    assert!(names.iter().any(is_shared));
    let left = names.iter().filter(|name| !is_shared(name)).count();
    let left = left + FILES.len() - shared(&environment);
    let run = environment.run(&["updatekeys", "-y", "apps"]).succeeds();
    let done = names.len() + FILES.len() - left;
    let expected = match left {
        0 => String::new(),
        1 => format!("Keys change in 1 file; {done} "),
        _ => format!("Keys change in {left} files; {done} "),
    };
    assert!(run.stdout.starts_with(&expected), "{expected}{run}");
    assert!(names.iter().all(is_shared));
    assert_eq!(shared(&environment), FILES.len());
    environment.run(&["decrypt", "-i", "apps"]).succeeds();
    for name in &names {
        assert_eq!(environment.read(name), TEXT);
    }
}

/// Someone adds a recipient while the user reads the plan.
#[test]
fn a_file_that_changed_after_the_question_is_left_as_it_is() {
    let environment = directory();
    let mut child = environment
        .command(&["updatekeys", "apps"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stderr = child.stderr.take().expect("it is a pipe");
    let mut said = String::new();
    let mut byte = [0];
    while !said.ends_with("(y/n): ") {
        assert_eq!(stderr.read(&mut byte).expect("it can be read"), 1, "{said}");
        said.push(char::from(byte[0]));
    }
    let rotate = ["rotate", "-i", "-y", "--add-age", STRANGER, "apps/a.yaml"];
    environment.run(&rotate).succeeds();
    let changed = environment.read("apps/a.yaml");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    stdin.write_all(b"y\n").expect("it can be written");
    stderr
        .read_to_string(&mut said)
        .expect("the messages are text");
    let status = child.wait().expect("it can be waited for");
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("1 of 3 files could not be updated"), "{said}");
    assert!(said.contains("run the command again"), "{said}");
    assert_eq!(environment.read("apps/a.yaml"), changed);
    assert!(environment.read("apps/b.yaml").contains(&other_recipient()));
}

#[test]
fn a_rotation_shows_how_recipients_change() {
    let environment = directory();
    environment.run(&["updatekeys", "-y", "apps"]).succeeds();
    let before = contents(&environment);
    let other = other_recipient();
    let remove = ["--rm-age", &other, "apps"];
    let run = environment
        .run(&[&["rotate", "-i", "--dry-run"], &remove[..]].concat())
        .succeeds();
    let shown = format!(
        "New data keys for 3 files\n  in apps/a.yaml, apps/b.yaml, apps/c.env:\n    --- {BEN}\n"
    );
    assert_eq!(run.stdout, shown);
    assert_eq!(contents(&environment), before);
    let run = environment
        .run(&[&["rotate", "-i"], &remove[..]].concat())
        .succeeds();
    assert_eq!(run.stdout, shown);
    assert_eq!(shared(&environment), 0);
    // Without a change of recipients there is nothing to show.
    let run = environment.run(&["rotate", "-i", "apps"]).succeeds();
    assert_eq!(run.stdout, "");
    let run = environment
        .run(&["rotate", "-i", "--dry-run", "apps"])
        .succeeds();
    assert_eq!(run.stdout, "New data keys for 3 files\n");
    environment
        .run(&["rotate", "-i", "--dry-run", "apps/a.yaml"])
        .fails_with(8);
}

fn groups(environment: &TestEnvironment, words: &[&str]) -> Run {
    environment.run(&[&["groups"], words, &["--in-place", "--file", "apps"]].concat())
}

#[test]
fn a_key_group_is_added_to_all_files_once() {
    let environment = directory();
    let before = contents(&environment);
    let other = other_recipient();
    let add = ["add", "--age", &other];
    let shown = format!(
        "Key groups change in 3 files\n  in apps/a.yaml, apps/b.yaml, apps/c.env:\n    +++ Group 2: {BEN}\n"
    );
    let run = groups(&environment, &[&add[..], &["--dry-run"]].concat()).succeeds();
    assert_eq!(run.stdout, shown);
    // No one answers.
    let run = groups(&environment, &add);
    assert_eq!((run.code, &*run.stdout), (Some(1), &*shown), "{run}");
    assert!(run.stderr.contains("add `--yes`"), "{run}");
    assert_eq!(contents(&environment), before);
    let run = groups(&environment, &[&add[..], &["-y"]].concat()).succeeds();
    assert_eq!(run.stdout, shown);
    let after = contents(&environment);
    assert!(
        after.iter().all(|text| text.contains("key_groups")),
        "{after:?}"
    );
    let run = groups(&environment, &[&add[..], &["-y"]].concat()).succeeds();
    assert!(
        run.stderr.contains("already have the key group: 3"),
        "{run}"
    );
    assert_eq!(contents(&environment), after);
    let delete = [
        "delete",
        "1",
        "-y",
        "--shamir-secret-sharing-threshold",
        "1",
    ];
    let run = groups(&environment, &delete).succeeds();
    let deleted = format!("    --- Group 2: {BEN}\n");
    assert!(run.stdout.contains(&deleted), "{run}");
    assert_eq!(shared(&environment), 0);
    for name in FILES {
        assert!(environment.decrypt(name).contains("correct-horse"));
    }
}

/// After the group is deleted from a file, its index is that of the next group.
#[test]
fn different_key_groups_are_not_deleted_together() {
    let environment = directory();
    let other = other_recipient();
    let both = format!("{},{other}", recipient());
    let threshold = ["--shamir-secret-sharing-threshold", "2"];
    for group in [&*other, &both, STRANGER] {
        let add = ["add", "-y", "--age", group];
        groups(&environment, &[&add[..], &threshold].concat()).succeeds();
    }
    let delete = |files: &[&str]| {
        let words = ["groups", "delete", "1", "-y", "-i"];
        environment.run(&[&words[..], &threshold, files].concat())
    };
    delete(&["--file", "apps/a.yaml"]).succeeds();
    let before = contents(&environment);
    let run = delete(&["--file", "apps"]).fails_with(1);
    assert!(
        run.stderr
            .contains("the files have different key groups at this index"),
        "{run}"
    );
    assert_eq!(contents(&environment), before);
    let rest = ["--file", "apps/b.yaml", "--file", "apps/c.env"];
    delete(&rest).succeeds();
    for (name, text) in FILES.iter().zip(contents(&environment)) {
        assert_eq!(text.matches(&recipient()).count(), 2, "{name}: {text}");
    }
    environment
        .run(&[&["groups", "delete", "1"], &rest[..]].concat())
        .fails_with(8);
}

#[test]
fn removing_recipients_advises_a_rotation() {
    const ADVICE: &str = "warning: the removed recipients still have";
    let environment = directory();
    let run = environment.run(&["updatekeys", "-y", "apps"]).succeeds();
    assert!(!run.stderr.contains(ADVICE), "{run}");
    let only_ann = format!("creation_rules:\n- age: {}\n", recipient());
    environment.write(".sops.yaml", only_ann);
    let run = environment
        .run(&["updatekeys", "-y", "apps/a.yaml"])
        .succeeds();
    let advice = format!("{ADVICE} the data key of 1 file");
    assert!(run.stderr.contains(&advice), "{run}");
    assert!(
        run.stderr.contains("`sops-rs rotate -i apps/a.yaml`"),
        "{run}"
    );
    let run = environment.run(&["updatekeys", "-y", "apps"]).succeeds();
    let advice = format!("{ADVICE} the data keys of 2 files");
    assert_eq!(run.stderr.matches(&advice).count(), 1, "{run}");
    assert!(run.stderr.contains("`sops-rs rotate -i apps`"), "{run}");
    // `sops` prints nothing, and neither does the program under its name.
    environment.write("b/a.yaml", TEXT);
    let everyone = [recipient(), other_recipient()].join(",");
    environment
        .run(&["encrypt", "-i", "--age", &everyone, "b/a.yaml"])
        .succeeds();
    let run = as_sops(&environment, &["updatekeys", "-y", "b/a.yaml"]).succeeds();
    assert!(!run.stderr.contains("rotate"), "{run}");
}
